/**
 * Groth16 by snarkjs: the one file that imports it. Files are bytes in memory, so a warm prover reads none.
 */
import { readFileSync } from "node:fs";

import { curves, groth16, r1cs as r1csFile, wtns, zKey } from "snarkjs";
import type { Groth16Proof, VerificationKey } from "snarkjs";

export type { Groth16Proof, VerificationKey };

/** A proof with the public signals that it is about. */
export type ProvenSignals = { readonly proof: Groth16Proof; readonly publicSignals: readonly string[] };

/** A circuit's inputs by name; numbers go as bigint or decimal strings. */
export type CircuitInputs = Record<string, bigint | string | readonly (bigint | string)[]>;

/** Which snarkjs: part of what decides a proving key. */
export const { version: SNARKJS_VERSION } = JSON.parse(
  readFileSync(new URL("./package.json", import.meta.resolve("snarkjs")), "utf8"),
) as { version: string };

type MemoryFile = { type: "mem"; data?: Uint8Array };

/**
 * The key of a circuit before anyone contributed to it. Whoever has only this key can forge: contribute first.
 *
 * @param r1cs The compiled constraints.
 * @param phase1 Path of a prepared phase 1 that is large enough.
 */
export async function newProvingKey(r1cs: Uint8Array, phase1: string): Promise<Uint8Array> {
  const key: MemoryFile = { type: "mem" };
  const result = await zKey.newZKey(r1cs, phase1, key);
  if (result === -1 || key.data === undefined) throw new SetupFailedError("the phase 1 is too small or not prepared");
  return key.data;
}

/** Adds a contribution to a key: as long as one contributor forgot its secret, nobody can forge. */
export async function contribute(provingKey: Uint8Array, name: string): Promise<Uint8Array> {
  const to: MemoryFile = { type: "mem" };
  const entropy = Buffer.from(crypto.getRandomValues(new Uint8Array(64))).toString("hex");
  await zKey.contribute(provingKey, to, name, entropy);
  if (to.data === undefined) throw new SetupFailedError(`the contribution of ${name} wrote no key`);
  return to.data;
}

/** Whether a key belongs to these constraints and this phase 1, and every contribution in it is sound. */
export function isKeyOf(provingKey: Uint8Array, r1cs: Uint8Array, phase1: string): Promise<boolean> {
  return zKey.verifyFromR1cs(r1cs, phase1, provingKey);
}

/** The public half of a key. */
export function verificationKeyOf(provingKey: Uint8Array): Promise<VerificationKey> {
  return zKey.exportVerificationKey(provingKey);
}

/** How many constraints a compiled circuit has. */
export async function constraintCountOf(r1cs: Uint8Array): Promise<number> {
  return (await r1csFile.info(r1cs)).nConstraints;
}

/** Every wire's value for these inputs. Throws where the circuit has no witness for them. */
export async function witnessOf(wasm: Uint8Array, inputs: CircuitInputs): Promise<Uint8Array> {
  const witness: MemoryFile = { type: "mem" };
  try {
    await wtns.calculate(inputs, wasm, witness);
  } catch (cause) {
    throw new NoWitnessError(cause);
  }
  if (witness.data === undefined) throw new NoWitnessError("the calculator wrote nothing");
  return witness.data;
}

/** The public signals of a circuit among the first wires of its witness: what it says before anything is proven. */
export async function publicSignalsOf(witness: Uint8Array, count: number): Promise<string[]> {
  // The first wire is the constant one.
  return (await wtns.exportJson(witness)).slice(1, 1 + count).map(String);
}

/** Whether a witness satisfies every constraint. */
export function satisfies(witness: Uint8Array, r1cs: Uint8Array): Promise<boolean> {
  // Without a logger it fails on the very constraint that does not hold.
  return wtns.check(r1cs, witness, { info() {}, warn() {} });
}

/** Proves what a witness shows. */
export function prove(provingKey: Uint8Array, witness: Uint8Array): Promise<ProvenSignals> {
  return groth16.prove(provingKey, witness);
}

/** Whether a proof holds. */
export function isProof(key: VerificationKey, { proof, publicSignals }: ProvenSignals): Promise<boolean> {
  return groth16.verify(key, [...publicSignals], proof);
}

/** Ends the threads that proving started; without it a process does not end by itself. The next call starts new ones. */
export async function stopThreads(): Promise<void> {
  const curve = await curves.getCurveFromName("bn128");
  await curve.terminate();
}

/** A proving key could not be made. */
export class SetupFailedError extends Error {
  override readonly name = "SetupFailedError";
  constructor(reason: string) {
    super(`No proving key was made: ${reason}.`);
  }
}

/** A circuit has no witness for the inputs given. */
export class NoWitnessError extends Error {
  override readonly name = "NoWitnessError";
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message.trim() : String(cause);
    super(`The circuit has no witness for these inputs: ${reason}`, { cause });
  }
}
