/**
 * A Schnorr proof that whoever made a key's constant point knows the private weights in it. Without it, `IC0'` could be any point: one
 * that rewrites the constants of the circuit, and so proves what no weights could.
 */
import { concatHex, keccak256, numberToHex, stringToHex } from "viem";

import { checkG1, GROUP_ORDER, type G1Point } from "../../protocol/bn254.ts";
import { randomScalar, reduce } from "../field.ts";
import type { VerificationKey } from "../groth16.ts";
import { combinePoints, constantOf, weightPoints } from "./absorb.ts";

/** The constant point of a model's key, and a proof of what it is made of. */
export type WeightsProof = {
  readonly constant: G1Point;
  readonly commitment: G1Point;
  readonly responses: readonly bigint[];
};

const TAG = stringToHex("assay.weights", { size: 32 });

/**
 * Puts numbers into a key, and proves that they are known.
 *
 * @param key The shape's key.
 * @param values The packed weights, then a blinding number that nobody can guess.
 */
export function proveWeights(key: VerificationKey, values: readonly bigint[]): WeightsProof {
  const points = weightPoints(key);
  if (points.length !== values.length) {
    throw new WeightsProofError(`it has ${points.length} points for ${values.length} numbers`);
  }
  const constant = combinePoints([constantOf(key), ...points], [1n, ...values]);
  const nonces = values.map(() => randomScalar());
  const commitment = combinePoints(points, nonces);
  const challenge = challengeOf(key, constant, commitment);
  return {
    constant,
    commitment,
    responses: nonces.map((nonce, index) => reduce(nonce + challenge * (values[index] ?? 0n))),
  };
}

/** Refuses a constant point that nobody showed to be made of weights. */
export function checkWeights(key: VerificationKey, { constant, commitment, responses }: WeightsProof): void {
  const points = weightPoints(key);
  if (points.length === 0) throw new WeightsProofError("its circuit takes no weights");
  if (responses.length !== points.length) {
    throw new WeightsProofError(`it has ${responses.length} responses for ${points.length} points`);
  }
  checkG1(constant, "the constant point");
  checkG1(commitment, "the commitment");
  const challenge = challengeOf(key, constant, commitment);
  // Σ s_k IC_k = T + c (IC0' - IC0), all on one side.
  const difference = combinePoints(
    [...points, commitment, constant, constantOf(key)],
    [...responses, -1n, -challenge, challenge],
  );
  if (difference.x !== 0n || difference.y !== 0n) throw new WeightsProofError("its equation does not hold");
}

/** Of all that the proof is about, so that it fits nothing else. */
function challengeOf(key: VerificationKey, constant: G1Point, commitment: G1Point): bigint {
  const coordinates = [key.vk_alpha_1, ...key.vk_beta_2, ...key.vk_gamma_2, ...key.vk_delta_2, ...key.IC].flat();
  const points = [constant, commitment].flatMap(({ x, y }) => [x, y]);
  const words = [BigInt(key.IC.length), ...coordinates.map(BigInt), ...points];
  const digest = keccak256(concatHex([TAG, ...words.map((word) => numberToHex(word, { size: 32 }))]));
  return BigInt(digest) % GROUP_ORDER;
}

/** Nobody has shown that a key's constant point is made of weights. */
export class WeightsProofError extends Error {
  override readonly name = "WeightsProofError";

  constructor(reason: string) {
    super(
      `The proof that the key's private weights are known does not hold: ${reason}. Its publisher may have put anything ` +
        "into the key: do not use this model.",
    );
  }
}
