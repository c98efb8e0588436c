/** Keys and proofs as contracts have them, in the form that snarkjs checks: real parts first, decimal digits, a last one. */
import { hexToBigInt, sliceHex, type Hex } from "viem";

import { isProof, type Groth16Proof, type VerificationKey as SnarkjsKey } from "../../model/groth16.ts";
import { checkG1, checkG2, type G1Point, type G2Point } from "../../protocol/bn254.ts";
import { publicInputsOf, type Claim } from "../../protocol/claim.ts";
import type { VerificationKey } from "../../protocol/model.ts";

/** Of one claim, in bytes. */
export const PROOF_BYTES = 256;

/** Whether a proof of 256 bytes shows a claim under a key, by this machine's own arithmetic. */
export async function isProven(key: VerificationKey, claim: Claim, proof: Hex): Promise<boolean> {
  const publicSignals = publicInputsOf(claim).map(String);
  return isProof(keyToSnarkjs(key), { proof: proofToSnarkjs(proof), publicSignals });
}

/** snarkjs would take a coordinate for what is left of it by the field's order, which contracts refuse. */
function proofToSnarkjs(proof: Hex): Groth16Proof {
  const word = (index: number): bigint => hexToBigInt(sliceHex(proof, 32 * index, 32 * (index + 1)));
  const b = { xImaginary: word(2), xReal: word(3), yImaginary: word(4), yReal: word(5) };
  return {
    pi_a: g1(checkG1({ x: word(0), y: word(1) }, "the proof's A")),
    pi_b: g2(checkG2(b, "the proof's B")),
    pi_c: g1(checkG1({ x: word(6), y: word(7) }, "the proof's C")),
    protocol: "groth16",
    curve: "bn128",
  };
}

function keyToSnarkjs({ alpha, beta, gamma, delta, ic }: VerificationKey): SnarkjsKey {
  return {
    protocol: "groth16",
    curve: "bn128",
    nPublic: ic.length - 1,
    vk_alpha_1: g1(alpha),
    vk_beta_2: g2(beta),
    vk_gamma_2: g2(gamma),
    vk_delta_2: g2(delta),
    IC: ic.map(g1),
  };
}

function g1({ x, y }: G1Point): [string, string, string] {
  return [x.toString(), y.toString(), "1"];
}

function g2(point: G2Point): SnarkjsKey["vk_beta_2"] {
  return [
    [point.xReal.toString(), point.xImaginary.toString()],
    [point.yReal.toString(), point.yImaginary.toString()],
    ["1", "0"],
  ];
}
