/**
 * Groth16 by snarkjs: the one file that imports it. What proves takes bytes in memory, so a warm prover reads no file;
 * what makes keys takes paths, for keys may be larger than memory.
 */
import { readFileSync } from "node:fs";

import { curves, groth16, r1cs as r1csFile, wtns, zKey } from "snarkjs";

/** A proof, in the form that snarkjs writes. */
export type Groth16Proof = {
  pi_a: [string, string, string];
  pi_b: [[string, string], [string, string], [string, string]];
  pi_c: [string, string, string];
  protocol: string;
  curve: string;
};

/** A verification key, in the form that snarkjs writes. */
export type VerificationKey = {
  protocol: string;
  curve: string;
  nPublic: number;
  vk_alpha_1: [string, string, string];
  vk_beta_2: [[string, string], [string, string], [string, string]];
  vk_gamma_2: [[string, string], [string, string], [string, string]];
  vk_delta_2: [[string, string], [string, string], [string, string]];
  IC: [string, string, string][];
};

/** A proof with the public signals that it is about. */
export type ProvenSignals = { readonly proof: Groth16Proof; readonly publicSignals: readonly string[] };

/** Which snarkjs: part of what decides a proving key. */
export const { version: SNARKJS_VERSION } = JSON.parse(
  readFileSync(new URL("./package.json", import.meta.resolve("snarkjs")), "utf8"),
) as { version: string };

/** Told what a long step is at, in words for a progress line. */
export type OnProgress = (words: string) => void;

/**
 * Makes the key of a circuit before anyone contributed to it. Whoever has only this key can forge: contribute first.
 *
 * @param r1cs The compiled constraints.
 * @param phase1 Path of a prepared phase 1 that is large enough.
 * @param key Where the key goes; by default nowhere, which tells whether it can be made.
 */
export async function newProvingKey(
  r1cs: string | Uint8Array,
  phase1: string,
  key?: string,
  onProgress?: OnProgress,
): Promise<void> {
  const log = new Log(onProgress);
  const result = await zKey.newZKey(r1cs, phase1, key ?? { type: "mem" }, log);
  if (result === -1) throw new SetupFailedError(log.reason ?? "the phase 1 is too small or not prepared");
}

/**
 * Adds a contribution to a key: as long as one contributor forgot its secret, nobody can forge.
 *
 * @param text Anything, mixed with fresh randomness of the system.
 */
export async function contribute(
  from: string,
  key: string,
  name: string,
  text: string,
  onProgress?: OnProgress,
): Promise<void> {
  const fresh = Buffer.from(crypto.getRandomValues(new Uint8Array(64))).toString("hex");
  await zKey.contribute(from, key, name, `${fresh}${text}`, new Log(onProgress));
}

/**
 * Closes a key with a public beacon: nobody, the last contributor included, could choose the key that comes out.
 *
 * @param value 32 bytes in hex that nobody knew before the last contribution.
 * @param iterations How often it is hashed, as a power of two.
 */
export async function applyBeacon(
  from: string,
  key: string,
  name: string,
  { value, iterations }: { readonly value: string; readonly iterations: number },
  onProgress?: OnProgress,
): Promise<void> {
  const log = new Log(onProgress);
  const result = await zKey.beacon(from, key, name, value.replace(/^0x/, ""), iterations, log);
  if (result === false) throw new SetupFailedError(log.reason ?? "the beacon is malformed");
}

/** Refuses a key that is not of these constraints and this phase 1, or that has a contribution that is not sound. */
export async function checkKey(
  key: string | Uint8Array,
  r1cs: string | Uint8Array,
  phase1: string,
  onProgress?: OnProgress,
): Promise<void> {
  const log = new Log(onProgress);
  let isSound: boolean;
  try {
    isSound = await zKey.verifyFromR1cs(r1cs, phase1, key, log);
  } catch (cause) {
    // A file that cannot be read says nothing of the key.
    if (cause instanceof Error && "code" in cause) throw cause;
    // Points off the curve, or sections that are not there.
    throw new KeyRefusedError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  if (!isSound) throw new KeyRefusedError(log.reason ?? "a contribution in it is not sound");
}

/** Whether a key belongs to these constraints and this phase 1, and every contribution in it is sound. */
export async function isKeyOf(key: Uint8Array, r1cs: Uint8Array, phase1: string): Promise<boolean> {
  try {
    await checkKey(key, r1cs, phase1);
    return true;
  } catch (error) {
    if (error instanceof KeyRefusedError) return false;
    throw error;
  }
}

/** The public half of a key. */
export function verificationKeyOf(provingKey: string | Uint8Array): Promise<VerificationKey> {
  return zKey.exportVerificationKey(provingKey) as Promise<VerificationKey>;
}

/** How many constraints a compiled circuit has. */
export async function constraintCountOf(r1cs: Uint8Array): Promise<number> {
  return (await r1csFile.info(r1cs)).nConstraints;
}

/** Whether a witness satisfies every constraint. */
export function satisfies(witness: Uint8Array, r1cs: Uint8Array): Promise<boolean> {
  // Without a logger it fails on the very constraint that does not hold.
  return wtns.check(r1cs, witness, { info() {}, warn() {} });
}

/** Proves what a witness shows. */
export function prove(provingKey: Uint8Array, witness: Uint8Array): Promise<ProvenSignals> {
  return groth16.prove(provingKey, witness) as Promise<ProvenSignals>;
}

/** Whether a proof holds. */
export function isProof(key: VerificationKey, { proof, publicSignals }: ProvenSignals): Promise<boolean> {
  return groth16.verify(key, [...publicSignals], proof);
}

/**
 * Has snarkjs prove in the thread that calls it. As many processes of one thread as there are cores make a fifth more
 * proofs than one process with as many threads, since nothing is copied from thread to thread. Call it before any proof.
 */
export async function proveInOneThread(): Promise<void> {
  // Where snarkjs keeps the curve that it uses.
  (globalThis as { curve_bn128?: object }).curve_bn128 = await curves.getCurveFromName("bn128", { singleThread: true });
}

/** Ends the threads that proving started; without it a process does not end by itself. The next call starts new ones. */
export async function stopThreads(): Promise<void> {
  // What snarkjs itself keeps; to ask it for the curve would start what is to end.
  await (globalThis as { curve_bn128?: { terminate(): Promise<void> } | null }).curve_bn128?.terminate();
}

/** What snarkjs says on the way. */
class Log {
  /** The last error, in its words. */
  reason: string | undefined;
  readonly #onProgress: OnProgress | undefined;

  constructor(onProgress: OnProgress | undefined) {
    this.#onProgress = onProgress;
  }

  debug(line: string): void {
    this.#onProgress?.(line.trim());
  }

  info(line: string): void {
    // Hashes come in several lines.
    if (!line.includes("\n")) this.#onProgress?.(line.trim());
  }

  warn(line: string): void {
    this.info(line);
  }

  error(line: string): void {
    this.reason = line.replace(/^INVALID:\s*/, "").trim();
  }
}

/** A proving key could not be made. */
export class SetupFailedError extends Error {
  override readonly name = "SetupFailedError";
  readonly reason: string;

  constructor(reason: string) {
    super(`No proving key was made: ${reason}.`);
    this.reason = reason;
  }
}

/** A proving key is not of its circuit and phase 1, or was tampered with. */
export class KeyRefusedError extends Error {
  override readonly name = "KeyRefusedError";
  readonly reason: string;

  constructor(reason: string, options?: ErrorOptions) {
    super(`The proving key does not verify against circuit and phase 1: ${reason}. Do not use it.`, options);
    this.reason = reason;
  }
}
