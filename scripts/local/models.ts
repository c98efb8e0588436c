/** Two small models to try the protocol with: a credit score, and an approval by that score. */
import { fileURLToPath } from "node:url";

import type { Hex } from "viem";

import { build } from "../../src/model/build.ts";
import { prove } from "../../src/model/groth16.ts";
import { witnessOf } from "../../src/model/witness.ts";
import { publicSignalsOf } from "../../src/model/witness-file.ts";
import { modelOf } from "../../src/protocol/model.ts";
import type { VerificationKey } from "../../src/protocol/model.ts";
import { keyFromSnarkjs, proofFromSnarkjs, publicSignalsFromSnarkjs } from "../../src/protocol/snarkjs.ts";

/** What is asked of a sample model: an applicant's four fields, 0 to 255 each, hidden by a salt. */
export type Applicant = { readonly fields: readonly bigint[]; readonly salt: bigint };

/** A model that can answer, and prove its answers. */
export type SampleModel = {
  readonly id: Hex;
  readonly key: VerificationKey;
  readonly manifestHash: Hex;
  /** The answer, at once: the input's commitment and the packed output. */
  readonly answer: (applicant: Applicant) => Promise<{ input: Hex; output: Hex }>;
  /** The proof of that answer in one context, in its time. */
  readonly prove: (applicant: Applicant, context: Hex) => Promise<Hex>;
};

export type SampleName = "credit-score" | "credit-approval";

/** Where a sample's circuit is. */
export function samplePath(name: SampleName): string {
  return fileURLToPath(new URL(`../../circuits/samples/${name}.circom`, import.meta.url));
}

// A sample has no manifest; this stands for one.
const NO_MANIFEST: Hex = `0x${"00".repeat(31)}01`;

/**
 * Builds a sample model, or finds it built.
 *
 * @param contributor Two names make two keys, and so two models, of one circuit.
 */
export async function sampleModel(
  name: SampleName,
  contributor = "development",
  onStep: (step: string) => void = () => {},
): Promise<SampleModel> {
  const circuit = await build(samplePath(name), { contributor, onStep: (step) => onStep(`${step} ${name}`) });
  const key = keyFromSnarkjs(circuit.verificationKey);
  const run = (applicant: Applicant, context: bigint) => witnessOf(circuit.wasm, { ...applicant, context });
  return {
    id: modelOf(key, NO_MANIFEST),
    key,
    manifestHash: NO_MANIFEST,
    async answer(applicant) {
      const { input, output } = publicSignalsFromSnarkjs(publicSignalsOf(await run(applicant, 0n), 3).map(String));
      return { input, output };
    },
    async prove(applicant, context) {
      const { proof } = await prove(circuit.provingKey, await run(applicant, BigInt(context)));
      return proofFromSnarkjs(proof);
    },
  };
}
