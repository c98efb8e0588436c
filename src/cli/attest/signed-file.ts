/** What one attester signed, as a file: for others to check and sign as well, and for anybody to submit. */
import { readFile, writeFile } from "node:fs/promises";

import { z } from "zod";

import { evidenceSchema, type Evidence } from "../../enclave/evidence.ts";
import { toCompactHex, type Signature } from "../../protocol/signature.ts";
import { addressSchema, signatureSchema, wordSchema } from "../../protocol/wire.ts";
import type { Act } from "./act.ts";
import type { AttestPlace } from "./place.ts";

const MOST_EXPIRY = 2 ** 40 - 1;

const enrolmentSchema = z.strictObject({
  key: addressSchema,
  measurement: wordSchema,
  platform: z.int().min(1).max(255),
  attestation: wordSchema,
  expiry: z.int().positive().max(MOST_EXPIRY),
});

const common = { chainId: z.int().positive(), verifier: addressSchema, signature: signatureSchema };

const fileSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("enrolment"),
    ...common,
    enrolment: enrolmentSchema,
    /** What was checked: documents differ with each block, and all attesters of one enrolment have to check the same. */
    evidence: evidenceSchema,
  }),
  z.strictObject({ kind: z.literal("key-revocation"), ...common, key: addressSchema }),
  z.strictObject({ kind: z.literal("measurement-revocation"), ...common, measurement: wordSchema }),
]);

export type SignedAct = {
  readonly file: string;
  readonly act: Act;
  readonly signature: Signature;
  /** Of an enrolment. */
  readonly evidence: Evidence | undefined;
};

/** Reads what was signed for this verifier; by whom is for `gatherQuorum` to find out. */
export async function readSigned(file: string, { chainId, verifier }: AttestPlace): Promise<SignedAct> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    const isSyntax = cause instanceof SyntaxError;
    throw new BadSignedFileError(file, isSyntax ? "it is not JSON" : "it cannot be read", { cause });
  }
  const read = fileSchema.safeParse(json);
  if (!read.success) throw new BadSignedFileError(file, z.prettifyError(read.error).split("\n", 2).join(" "));
  const signed = read.data;
  if (signed.chainId !== chainId) {
    throw new BadSignedFileError(file, `it is for the chain ${signed.chainId}, not ${chainId}`);
  }
  if (signed.verifier !== verifier) {
    throw new BadSignedFileError(file, `it is for the verifier ${signed.verifier}, not ${verifier}`);
  }
  const evidence = signed.kind === "enrolment" ? signed.evidence : undefined;
  return { file, act: actIn(signed), signature: signed.signature, evidence };
}

/** Writes it to a file that is not there yet. */
export async function writeSigned(
  { file, act, signature, evidence }: SignedAct,
  { chainId, verifier }: AttestPlace,
): Promise<void> {
  const content = { ...act, chainId, verifier, signature: toCompactHex(signature), evidence };
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`, { flag: "wx" }).catch((cause: unknown) => {
    throw (cause as NodeJS.ErrnoException).code === "EEXIST" ? new SignedFileExistsError(file, { cause }) : cause;
  });
}

function actIn(signed: z.output<typeof fileSchema>): Act {
  switch (signed.kind) {
    case "enrolment":
      return { kind: signed.kind, enrolment: signed.enrolment };
    case "key-revocation":
      return { kind: signed.kind, key: signed.key };
    case "measurement-revocation":
      return { kind: signed.kind, measurement: signed.measurement };
  }
}

/** A file is there already. */
export class SignedFileExistsError extends Error {
  override readonly name = "SignedFileExistsError";

  constructor(file: string, options?: ErrorOptions) {
    super(`${file} is there already, and is not overwritten. Name another.`, options);
  }
}

/** A file has nothing that an attester signed for this verifier. */
export class BadSignedFileError extends Error {
  override readonly name = "BadSignedFileError";

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file} is no attester's signature for this verifier: ${reason}. Ask the attester for another.`, options);
  }
}
