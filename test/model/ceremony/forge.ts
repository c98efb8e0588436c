/** What anyone can do to a key that has no contribution but a beacon's. Only public values go in. */
import { createCipheriv, createHash } from "node:crypto";

import { bn254 } from "@noble/curves/bn254";

import type { ProvenSignals, VerificationKey } from "../../../src/model/groth16.ts";
import { GROUP_ORDER } from "../../../src/protocol/bn254.ts";

type Beacon = { readonly value: string; readonly iterations: number };

/** The secret that snarkjs makes of a beacon. */
export function secretOf({ value, iterations }: Beacon): bigint {
  let hash = Buffer.from(value.slice(2), "hex");
  for (let count = 0; count < 2 ** iterations; count++) hash = createHash("sha256").update(hash).digest();
  // Its generator is ChaCha20 with the words of the hash as key, and both counter and nonce from zero.
  const stream = createCipheriv("chacha20", hash.swap32(), Buffer.alloc(16)).update(Buffer.alloc(32 * 64));
  for (let offset = 0; ; offset += 32) {
    const words = [0, 1, 2, 3].map((index) => {
      const at = offset + 8 * index;
      return (BigInt(stream.readUInt32LE(at)) << 32n) | BigInt(stream.readUInt32LE(at + 4));
    });
    const number = words.reduce((sum, word, index) => sum | (word << BigInt(64 * index)), 0n) % 2n ** 254n;
    // What it draws it takes for a number times 2^256 already.
    if (number < GROUP_ORDER) return (number * invert(2n ** 256n)) % GROUP_ORDER;
  }
}

/**
 * A proof of any statement, true or not. With A = alpha and B = beta, the verifier's equation is left with
 * IC(x) + delta * C = 0, and gamma is the generator; so C = -IC(x) / delta, which takes delta's logarithm.
 */
export function forge(key: VerificationKey, publicSignals: readonly string[], delta: bigint): ProvenSignals {
  const ic = key.IC.map(([x, y]) => bn254.G1.ProjectivePoint.fromAffine({ x: BigInt(x), y: BigInt(y) }));
  const [constant, ...points] = ic as [(typeof ic)[number], ...typeof ic];
  const sum = points.reduce(
    (total, point, index) => total.add(point.multiply(BigInt(publicSignals[index] ?? 0))),
    constant,
  );
  const { x, y } = sum.multiply(invert(delta)).negate().toAffine();
  const { vk_alpha_1: a, vk_beta_2: b, protocol, curve } = key;
  return { publicSignals, proof: { pi_a: a, pi_b: b, pi_c: [String(x), String(y), "1"], protocol, curve } };
}

/** By Fermat. */
function invert(value: bigint): bigint {
  let [result, base] = [1n, value % GROUP_ORDER];
  for (let exponent = GROUP_ORDER - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent % 2n === 1n) result = (result * base) % GROUP_ORDER;
    base = (base * base) % GROUP_ORDER;
  }
  return result;
}
