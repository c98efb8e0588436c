/** A receipt as its agent keeps it: what was asked, what was answered, and all that it takes to hold somebody to it. */
import { readFile } from "node:fs/promises";

import { z } from "zod";

import { evidenceSchema, evidenceToWire } from "../../client/evidence.ts";
import { canonicalJson } from "../../protocol/canonical-json.ts";
import { parseManifest, type Manifest } from "../../model/manifest/manifest.ts";
import { idOf } from "../../protocol/request.ts";
import { addressSchema, wordSchema } from "../../protocol/wire.ts";

const KIND = "assay-receipt";
const VERSION = 1;

const manifestSchema = z.json().transform((json, context): Manifest => {
  try {
    return parseManifest(canonicalJson(json));
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
    return z.NEVER;
  }
});

/** Where a receipt stands under a root that its provider committed to. */
export const inclusionSchema = z.strictObject({ root: wordSchema, path: z.array(wordSchema).max(64) });

const receiptFileSchema = z.strictObject({
  kind: z.literal(KIND),
  version: z.literal(VERSION),
  chainId: z.int().positive(),
  escrow: addressSchema,
  commitmentLog: addressSchema,
  evidence: evidenceSchema,
  /** What was asked: as it was given, and as the integers that the model takes. Who has the file knows it. */
  input: z.json(),
  fields: z.array(z.int().nonnegative()),
  salt: wordSchema,
  /** What the answer means; null where its gateway said something else than it signed. */
  value: z.union([z.string(), z.number(), z.array(z.number())]).nullable(),
  /** Of the model: with its key on chain it makes up the model's id. */
  manifest: manifestSchema,
  inclusion: inclusionSchema.nullable(),
});

export type ReceiptFile = Omit<z.output<typeof receiptFileSchema>, "kind" | "version">;

/** Reads a receipt. Whether it is worth anything is for `verifyFile` to say, but it is of one request. */
export async function readReceipt(file: string): Promise<ReceiptFile> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    const isSyntax = cause instanceof SyntaxError;
    throw new BadReceiptError(file, isSyntax ? "it is no JSON" : "it cannot be read", { cause });
  }
  const { success, data, error } = receiptFileSchema.safeParse(json);
  if (!success) throw new BadReceiptError(file, z.prettifyError(error).split("\n", 2).join(" "));
  const { kind: _kind, version: _version, ...receipt } = data;
  const { evidence, chainId, escrow } = receipt;
  if (idOf(evidence.request, { chainId, escrow }) !== evidence.id) {
    throw new BadReceiptError(file, "its id is not that of its request on its chain and escrow");
  }
  return receipt;
}

export function formatReceipt({ evidence, ...rest }: ReceiptFile): string {
  const file = { kind: KIND, version: VERSION, ...rest, evidence: evidenceToWire(evidence) };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** A file is no receipt, or none that hangs together. */
export class BadReceiptError extends Error {
  override readonly name = "BadReceiptError";
  readonly file: string;

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file} is no receipt of "assay ask --out": ${reason}. Name another file.`, options);
    this.file = file;
  }
}
