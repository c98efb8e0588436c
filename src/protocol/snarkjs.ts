import { concatHex, numberToHex, type Hex } from "viem";

import { checkG1, checkG2, GROUP_ORDER, type G1Point, type G2Point } from "./bn254.ts";
import { describe } from "./describe.ts";
import type { VerificationKey } from "./model.ts";

/** Of every model: input, output, context. */
const PUBLIC_INPUTS = 3;

/**
 * Reads the verification key that snarkjs exports.
 *
 * @example
 * ```ts
 * import { keyFromSnarkjs } from "assay/protocol/snarkjs";
 *
 * const g1 = ["1", "2", "1"];
 * const g2 = [
 *   ["10857046999023057135944570762232829481370756359578518086990519993285655852781",
 *    "11559732032986387107991004021392285783925812861821192530917403151452391805634"],
 *   ["8495653923123431417604973247489272438418190587263600148770280649306958101930",
 *    "4082367875863433681332203403145435568316851327593401208105741076214120093531"],
 *   ["1", "0"],
 * ];
 * const key = keyFromSnarkjs({
 *   protocol: "groth16", curve: "bn128", nPublic: 3,
 *   vk_alpha_1: g1, vk_beta_2: g2, vk_gamma_2: g2, vk_delta_2: g2, IC: [g1, g1, g1, g1],
 * });
 * console.log(key.alpha.y); // 2n
 * ```
 *
 * @throws {@link MalformedSnarkjsError} when it is not one, or is for another number of public inputs.
 * @throws {@link BadPointError} when a point is not on the curve.
 */
export function keyFromSnarkjs(json: unknown): VerificationKey {
  const key = groth16(json);
  if (key["nPublic"] !== PUBLIC_INPUTS) {
    throw new MalformedSnarkjsError("nPublic", `${PUBLIC_INPUTS} (input, output, context)`, key["nPublic"]);
  }
  const ic = list(key["IC"], "IC", PUBLIC_INPUTS + 1);
  return {
    alpha: g1(key["vk_alpha_1"], "vk_alpha_1"),
    beta: g2(key["vk_beta_2"], "vk_beta_2"),
    gamma: g2(key["vk_gamma_2"], "vk_gamma_2"),
    delta: g2(key["vk_delta_2"], "vk_delta_2"),
    ic: [g1(ic[0], "IC[0]"), g1(ic[1], "IC[1]"), g1(ic[2], "IC[2]"), g1(ic[3], "IC[3]")],
  };
}

/**
 * Turns a proof of snarkjs into the 256 bytes that the Groth16 verifier reads. Several are concatenated.
 *
 * @example
 * ```ts
 * import { size } from "viem";
 * import { proofFromSnarkjs } from "assay/protocol/snarkjs";
 *
 * const proof = proofFromSnarkjs({
 *   protocol: "groth16",
 *   curve: "bn128",
 *   pi_a: ["1", "2", "1"],
 *   pi_b: [
 *     ["10857046999023057135944570762232829481370756359578518086990519993285655852781",
 *      "11559732032986387107991004021392285783925812861821192530917403151452391805634"],
 *     ["8495653923123431417604973247489272438418190587263600148770280649306958101930",
 *      "4082367875863433681332203403145435568316851327593401208105741076214120093531"],
 *     ["1", "0"],
 *   ],
 *   pi_c: ["1", "2", "1"],
 * });
 * console.log(size(proof)); // 256
 * ```
 *
 * @throws {@link MalformedSnarkjsError} when it is not one.
 * @throws {@link BadPointError} when a point is not on the curve.
 */
export function proofFromSnarkjs(json: unknown): Hex {
  const proof = groth16(json);
  const a = g1(proof["pi_a"], "pi_a");
  const b = g2(proof["pi_b"], "pi_b");
  const c = g1(proof["pi_c"], "pi_c");
  const words = [a.x, a.y, b.xImaginary, b.xReal, b.yImaginary, b.yReal, c.x, c.y];
  return concatHex(words.map((word) => numberToHex(word, { size: 32 })));
}

/**
 * Reads the public signals of snarkjs as the words of a claim.
 *
 * @example
 * ```ts
 * import { publicSignalsFromSnarkjs } from "assay/protocol/snarkjs";
 *
 * const { output } = publicSignalsFromSnarkjs(["1", "2", "3"]);
 * console.log(BigInt(output)); // 2n
 * ```
 *
 * @throws {@link MalformedSnarkjsError} when there are not three, or one is not in the field.
 */
export function publicSignalsFromSnarkjs(json: unknown): { input: Hex; output: Hex; context: Hex } {
  const signals = list(json, "publicSignals", PUBLIC_INPUTS);
  const word = (index: number): Hex => {
    const field = `publicSignals[${index}]`;
    const value = integer(signals[index], field);
    if (value >= GROUP_ORDER) throw new MalformedSnarkjsError(field, "a number below the group order", value);
    return numberToHex(value, { size: 32 });
  };
  return { input: word(0), output: word(1), context: word(2) };
}

function groth16(json: unknown): Record<string, unknown> {
  if (typeof json !== "object" || json === null) throw new MalformedSnarkjsError("file", "an object", json);
  const file: Record<string, unknown> = { ...json };
  if (file["protocol"] !== "groth16") throw new MalformedSnarkjsError("protocol", `"groth16"`, file["protocol"]);
  if (file["curve"] !== "bn128") throw new MalformedSnarkjsError("curve", `"bn128"`, file["curve"]);
  return file;
}

/** A point as snarkjs writes it: projective, but always with a last coordinate of one, save at infinity. */
function g1(json: unknown, field: string): G1Point {
  const [x, y, z] = list(json, field, 3);
  if (integer(z, field) !== 1n) throw new MalformedSnarkjsError(field, "a point that is not at infinity", json);
  return checkG1({ x: integer(x, field), y: integer(y, field) }, field);
}

/** snarkjs puts the real part first, contracts the imaginary one. */
function g2(json: unknown, field: string): G2Point {
  const [x, y, z] = list(json, field, 3).map((coordinate) => pair(coordinate, field));
  if (!x || !y || z?.real !== 1n || z.imaginary !== 0n) {
    throw new MalformedSnarkjsError(field, "a point that is not at infinity", json);
  }
  return checkG2({ xImaginary: x.imaginary, xReal: x.real, yImaginary: y.imaginary, yReal: y.real }, field);
}

function pair(json: unknown, field: string): { real: bigint; imaginary: bigint } {
  const [real, imaginary] = list(json, field, 2);
  return { real: integer(real, field), imaginary: integer(imaginary, field) };
}

function list(json: unknown, field: string, length: number): readonly unknown[] {
  if (!Array.isArray(json) || json.length !== length) {
    throw new MalformedSnarkjsError(field, `a list of ${length}`, json);
  }
  return json;
}

function integer(json: unknown, field: string): bigint {
  // Nothing else: BigInt() also takes the empty string, spaces and hex.
  if (typeof json !== "string" || !/^\d{1,78}$/.test(json)) {
    throw new MalformedSnarkjsError(field, "decimal digits in a string", json);
  }
  return BigInt(json);
}

/**
 * Thrown when a key, a proof or public signals do not have the form that snarkjs gives them for a model.
 *
 * @example
 * ```ts
 * import { MalformedSnarkjsError, publicSignalsFromSnarkjs } from "assay/protocol/snarkjs";
 *
 * try {
 *   publicSignalsFromSnarkjs(["1", "2"]);
 * } catch (error) {
 *   console.log(error instanceof MalformedSnarkjsError && error.expected); // a list of 3
 * }
 * ```
 */
export class MalformedSnarkjsError extends Error {
  override readonly name = "MalformedSnarkjsError";
  readonly field: string;
  readonly expected: string;
  readonly given: unknown;

  constructor(field: string, expected: string, given: unknown) {
    super(`${field} must be ${expected}, got ${describe(given)}. Give a Groth16 file of snarkjs for a model on BN254.`);
    this.field = field;
    this.expected = expected;
    this.given = given;
  }
}
