/** What a built model consists of. */
import type { VerificationKey } from "../groth16.ts";

export const FILES = {
  manifest: "manifest.json",
  program: "program.json",
  certificate: "certificate.json",
  source: "circuit.circom",
  circuit: "circuit.r1cs",
  /** Computes witnesses. */
  witness: "circuit.wasm",
  key: "proving-key.zkey",
  verificationKey: "verification-key.json",
  transcript: "transcript.json",
  /** For people to read; nothing relies on these two. */
  report: "report.json",
  page: "report.html",
  /** With private weights only: a proof for everyone, and the weights, for nobody. */
  weightsProof: "weights-proof.json",
  weights: "weights.json",
} as const;

/** Reads a verification key, whose points are looked at later. */
export function parseKey(text: string): VerificationKey {
  try {
    return JSON.parse(text) as VerificationKey;
  } catch (cause) {
    throw new UnreadableKeyError({ cause });
  }
}

/** A verification key is no JSON. */
export class UnreadableKeyError extends Error {
  override readonly name = "UnreadableKeyError";

  constructor(options?: ErrorOptions) {
    super(`${FILES.verificationKey} is no JSON. Ask for the model's files again.`, options);
  }
}

/** A built model lacks a file, or is none. */
export class MissingFileError extends Error {
  override readonly name = "MissingFileError";
  readonly folder: string;
  readonly file: string;

  constructor(folder: string, file: string, options?: ErrorOptions) {
    super(
      `There is no ${file} in ${folder}. Give a folder that "assay model build" made, with all its files.`,
      options,
    );
    this.folder = folder;
    this.file = file;
  }
}

/** A file of a built model is not the one that its manifest names. */
export class WrongFileError extends Error {
  override readonly name = "WrongFileError";
  readonly file: string;

  constructor(file: string, found: string, expected: string) {
    super(
      `${file} has the SHA-256 ${found}, and the manifest says ${expected}. One of them was changed: ask for the model's ` +
        "files again.",
    );
    this.file = file;
  }
}
