import { encodeAbiParameters, keccak256, type Hex } from "viem";

import type { G1Point, G2Point } from "./bn254.ts";

/**
 * A Groth16 verification key of a model: one computation on one phase 1. `ic` is the constant point, then one for each
 * public input.
 *
 * @example
 * ```ts
 * import { G2_GENERATOR } from "assay/protocol/bn254";
 * import type { VerificationKey } from "assay/protocol/model";
 *
 * const point = { x: 1n, y: 2n };
 * const key: VerificationKey = {
 *   alpha: point, beta: G2_GENERATOR, gamma: G2_GENERATOR, delta: G2_GENERATOR, ic: [point, point, point, point],
 * };
 * console.log(key.ic.length); // 4
 * ```
 */
export type VerificationKey = {
  alpha: G1Point;
  beta: G2Point;
  gamma: G2Point;
  delta: G2Point;
  ic: readonly [G1Point, G1Point, G1Point, G1Point];
};

const G1 = {
  type: "tuple",
  components: [
    { name: "x", type: "uint256" },
    { name: "y", type: "uint256" },
  ],
} as const;
const G2 = {
  type: "tuple",
  components: [
    { name: "xImaginary", type: "uint256" },
    { name: "xReal", type: "uint256" },
    { name: "yImaginary", type: "uint256" },
    { name: "yReal", type: "uint256" },
  ],
} as const;
const KEY = [G1, G2, G2, G2, { ...G1, type: "tuple[4]" }] as const;
const ID = [{ type: "bytes32" }, { type: "bytes32" }] as const;

/**
 * A model's id. It fixes the computation, by the key, and what the fields mean, by the hash of the manifest.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { G2_GENERATOR } from "assay/protocol/bn254";
 * import { modelOf } from "assay/protocol/model";
 *
 * const point = { x: 1n, y: 2n };
 * const key = {
 *   alpha: point, beta: G2_GENERATOR, gamma: G2_GENERATOR, delta: G2_GENERATOR, ic: [point, point, point, point],
 * } as const;
 * console.log(modelOf(key, zeroHash) === modelOf(key, `0x${"01".repeat(32)}`)); // false
 * ```
 */
export function modelOf({ alpha, beta, gamma, delta, ic }: VerificationKey, manifestHash: Hex): Hex {
  const keyHash = keccak256(encodeAbiParameters(KEY, [alpha, beta, gamma, delta, ic]));
  return keccak256(encodeAbiParameters(ID, [keyHash, manifestHash]));
}
