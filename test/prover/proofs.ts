/** Proofs in the two forms that they have. */
import { hexToBigInt, slice, type Hex } from "viem";

import type { Groth16Proof } from "../../src/model/groth16.ts";

/** The 256 bytes of a proof as snarkjs writes it. */
export function snarkjsProofOf(proof: Hex): Groth16Proof {
  const word = (index: number): string => hexToBigInt(slice(proof, 32 * index, 32 * index + 32)).toString();
  return {
    protocol: "groth16",
    curve: "bn128",
    pi_a: [word(0), word(1), "1"],
    // Contracts put the imaginary part first.
    pi_b: [
      [word(3), word(2)],
      [word(5), word(4)],
      ["1", "0"],
    ],
    pi_c: [word(6), word(7), "1"],
  };
}
