/** Attestation documents of AWS Nitro enclaves, by AWS's own rules for them and stricter ones where those leave room. */
import { bytesToHex, type Hex } from "viem";
import { z } from "zod";

import { readCbor } from "./cbor.ts";
import { MOST_PAYLOAD, readCoseSign1, requireSignedBy } from "./cose.ts";
import type { Anchors, Attested } from "./evidence.ts";
import { isRealRoot, REAL_ROOTS } from "./roots.ts";
import { checkChain } from "./x509/chain.ts";

/** Five in those that AWS makes. */
const MOST_CERTIFICATES = 8;
const REGISTERS = 32;
const REGISTER_SIZES = new Set([32, 48, 64]);

const bytes = (least: number, most: number) =>
  z
    .instanceof(Uint8Array)
    .refine(({ length }) => length >= least && length <= most, `must have between ${least} and ${most} bytes`);

/** Absent, or null as the platform writes it. */
const optional = (least: number, most: number) => bytes(least, most).nullish();

const certificateSchema = bytes(1, 1_024);

const registersSchema = z
  .map(
    z
      .int()
      .min(0)
      .max(REGISTERS - 1),
    z.instanceof(Uint8Array).refine(({ length }) => REGISTER_SIZES.has(length), "must be as long as a digest"),
  )
  .refine(({ size }) => size > 0, "must have a register");

const documentSchema = z.strictObject({
  module_id: z.string().min(1).max(256),
  digest: z.literal("SHA384"),
  /** Milliseconds of Unix time. */
  timestamp: z.int().positive(),
  pcrs: registersSchema,
  certificate: certificateSchema,
  /** From the root to the one that signed the certificate. */
  cabundle: z
    .array(certificateSchema)
    .min(1)
    .max(MOST_CERTIFICATES - 1),
  public_key: optional(1, 1_024),
  user_data: optional(0, 512),
  nonce: optional(0, 512),
});

type Document = z.output<typeof documentSchema>;

/** Verifies a document up to a root that is pinned; what code it names, and what it is bound to, is the caller's to judge. */
export async function verifyNitro(document: Uint8Array, { simulatedRoots = [], now }: Anchors): Promise<Attested> {
  const envelope = readCoseSign1(document);
  const said = readDocument(envelope.payload);
  const { leaf, root } = await checkChain({
    chain: [said.certificate, ...said.cabundle.toReversed()],
    roots: [REAL_ROOTS.nitro, ...simulatedRoots],
    curve: "P-384",
    now,
    mostCertificates: MOST_CERTIFICATES,
    leaf: "signer",
  });
  await requireSignedBy(envelope, leaf.key);
  const madeAt = Math.floor(said.timestamp / 1_000);
  if (!(leaf.notBefore <= madeAt && madeAt <= now)) throw new NitroDocumentError("time");
  const measurement = { platform: "nitro", root, registers: registersOf(said) } as const;
  return {
    measurement,
    isSimulated: !isRealRoot(measurement),
    bound: { kind: "fields", userData: hexOf(said.user_data), nonce: hexOf(said.nonce) },
    madeAt,
    tcb: undefined,
  };
}

function readDocument(payload: Uint8Array): Document {
  const map = readCbor(payload, MOST_PAYLOAD);
  if (!(map instanceof Map)) throw new NitroDocumentError("fields");
  const read = documentSchema.safeParse(Object.fromEntries(map));
  if (!read.success) throw new NitroDocumentError("fields", { cause: read.error });
  return read.data;
}

/** PCR0 to 2: the image, its kernel, its application. */
function registersOf({ pcrs }: Document) {
  return { pcr0: registerOf(pcrs, 0), pcr1: registerOf(pcrs, 1), pcr2: registerOf(pcrs, 2) };
}

function registerOf(pcrs: Document["pcrs"], index: number): Hex {
  const register = pcrs.get(index);
  // The digest is SHA-384.
  if (register?.length !== 48) throw new NitroDocumentError("registers");
  // Of an enclave in debug mode, whose memory its host can read, these are zero, and others are not.
  if (register.every((byte) => byte === 0)) throw new NitroDocumentError("debug");
  return bytesToHex(register);
}

function hexOf(value: Uint8Array | null | undefined): Hex | undefined {
  return value === null || value === undefined ? undefined : bytesToHex(value);
}

const REASONS = {
  fields: "it does not have the fields that AWS documents",
  time: "it says that it was made in the future, or before its certificate",
  registers: "one of the registers 0 to 2 is missing or is no SHA-384",
  debug: "its enclave runs in debug mode, where its host reads and writes its memory",
} as const;

export type NitroRule = keyof typeof REASONS;

/** A document of a Nitro enclave is not to be believed. */
export class NitroDocumentError extends Error {
  override readonly name = "NitroDocumentError";
  readonly because: NitroRule;

  constructor(because: NitroRule, options?: ErrorOptions) {
    super(`The Nitro document is refused: ${REASONS[because]}. Do not send its enclave anything.`, options);
    this.because = because;
  }
}
