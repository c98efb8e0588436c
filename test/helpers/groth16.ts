import { bn254 } from "@noble/curves/bn254";

import { GROUP_ORDER } from "../../src/protocol/bn254.ts";
import type { Random } from "./random.ts";

/**
 * A verification key whose secrets are known, so that proofs of anything can be made without a circuit, in the form of
 * snarkjs's files. What makes such a key worthless is what makes it a quick test of the encoding of keys and proofs.
 */
export type OpenKey = {
  verificationKey: ReturnType<typeof verificationKeyOf>;
  prove: (publicInputs: readonly [bigint, bigint, bigint], random: Random, a?: bigint) => ReturnType<typeof proofOf>;
};

/** The part of a key that all models of one phase 1 share. */
export type Phase1 = { alpha: bigint; beta: bigint };

/** Never zero, which makes no point, and never an edge: a key with equal points is refused. */
export function randomScalar(random: Random): bigint {
  return (BigInt(random.bytes32()) % (GROUP_ORDER - 1n)) + 1n;
}

export function randomPhase1(random: Random): Phase1 {
  return { alpha: randomScalar(random), beta: randomScalar(random) };
}

export function randomKey({ alpha, beta }: Phase1, random: Random): OpenKey {
  const delta = randomScalar(random);
  const ic = [randomScalar(random), randomScalar(random), randomScalar(random), randomScalar(random)];
  return {
    verificationKey: verificationKeyOf({ alpha, beta }, delta, ic),
    prove(publicInputs, source, a = randomScalar(source)) {
      const b = randomScalar(source);
      const inputs = ic.reduce((sum, scalar, index) => sum + scalar * (publicInputs[index - 1] ?? 1n), 0n);
      const c = (a * b - alpha * beta - inputs) * bn254.fields.Fr.inv(delta);
      return proofOf(a, b, c);
    },
  };
}

/** `scalar` times the first group's generator, as snarkjs writes it. */
export function g1(scalar: bigint): [string, string, string] {
  const { x, y } = bn254.G1.ProjectivePoint.BASE.multiplyUnsafe(bn254.fields.Fr.create(scalar)).toAffine();
  return [x.toString(), y.toString(), "1"];
}

/** `scalar` times the second group's generator, as snarkjs writes it: the real part first. */
export function g2(scalar: bigint): [[string, string], [string, string], [string, string]] {
  const { x, y } = bn254.G2.ProjectivePoint.BASE.multiplyUnsafe(bn254.fields.Fr.create(scalar)).toAffine();
  return [
    [x.c0.toString(), x.c1.toString()],
    [y.c0.toString(), y.c1.toString()],
    ["1", "0"],
  ];
}

function verificationKeyOf({ alpha, beta }: Phase1, delta: bigint, ic: readonly bigint[]) {
  return {
    protocol: "groth16",
    curve: "bn128",
    nPublic: 3,
    vk_alpha_1: g1(alpha),
    vk_beta_2: g2(beta),
    vk_gamma_2: g2(1n),
    vk_delta_2: g2(delta),
    IC: ic.map(g1),
  };
}

function proofOf(a: bigint, b: bigint, c: bigint) {
  return { protocol: "groth16", curve: "bn128", pi_a: g1(a), pi_b: g2(b), pi_c: g1(c) };
}
