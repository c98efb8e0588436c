/**
 * The order of the field of the points' coordinates.
 *
 * @example
 * ```ts
 * import { FIELD_ORDER } from "assay/protocol/bn254";
 *
 * console.log(FIELD_ORDER.toString(2).length); // 254
 * ```
 */
export const FIELD_ORDER = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;

/**
 * The order of the groups: scalars, and so a proof's public inputs, are below it.
 *
 * @example
 * ```ts
 * import { FIELD_ORDER, GROUP_ORDER } from "assay/protocol/bn254";
 *
 * console.log(GROUP_ORDER < FIELD_ORDER); // true
 * ```
 */
export const GROUP_ORDER = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;

/**
 * A point of the first group.
 *
 * @example
 * ```ts
 * import type { G1Point } from "assay/protocol/bn254";
 *
 * const generator: G1Point = { x: 1n, y: 2n };
 * console.log(generator.y); // 2n
 * ```
 */
export type G1Point = { x: bigint; y: bigint };

/**
 * A point of the second group. Each coordinate is `imaginary * i + real`; contracts take the imaginary part first.
 *
 * @example
 * ```ts
 * import { G2_GENERATOR, type G2Point } from "assay/protocol/bn254";
 *
 * const gamma: G2Point = G2_GENERATOR;
 * console.log(Object.keys(gamma).join(" ")); // xImaginary xReal yImaginary yReal
 * ```
 */
export type G2Point = { xImaginary: bigint; xReal: bigint; yImaginary: bigint; yReal: bigint };

/**
 * The generator of the second group (EIP-197), which every key's gamma has to be.
 *
 * @example
 * ```ts
 * import { checkG2, G2_GENERATOR } from "assay/protocol/bn254";
 *
 * console.log(checkG2(G2_GENERATOR, "gamma") === G2_GENERATOR); // true
 * ```
 */
export const G2_GENERATOR: G2Point = {
  xImaginary: 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2n,
  xReal: 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6edn,
  yImaginary: 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975bn,
  yReal: 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daan,
};

// The twist is y² = x³ + B over Fp²: B = 3 / (i + 9).
const B_REAL = 0x2b149d40ceb8aaae81be18991be06ac3b5b4c5e559dbefa33267e6dc24a138e5n;
const B_IMAGINARY = 0x009713b03af0fed4cd2cafadeed8fdf4a74fa084e52d1852e4a2bd0685c315d2n;

/**
 * Returns the point if it is on the curve, not at infinity and in canonical form.
 *
 * @example
 * ```ts
 * import { checkG1 } from "assay/protocol/bn254";
 *
 * console.log(checkG1({ x: 1n, y: 2n }, "alpha").x); // 1n
 * ```
 *
 * @throws {@link BadPointError} otherwise.
 */
export function checkG1(point: G1Point, name: string): G1Point {
  const { x, y } = point;
  if (!isCoordinate(x) || !isCoordinate(y)) throw new BadPointError(name, "a coordinate is out of range");
  // Infinity is written (0, 0), which does not satisfy the equation.
  if (mod(y * y - x * x * x - 3n) !== 0n) throw new BadPointError(name, "it is not on the curve");
  return point;
}

/**
 * Returns the point if it is on the twist, not at infinity and in canonical form. Whether it is in the right subgroup
 * takes a pairing, and is left to the contract that publishes it.
 *
 * @example
 * ```ts
 * import { checkG2, G2_GENERATOR } from "assay/protocol/bn254";
 *
 * console.log(checkG2(G2_GENERATOR, "delta") === G2_GENERATOR); // true
 * ```
 *
 * @throws {@link BadPointError} otherwise.
 */
export function checkG2(point: G2Point, name: string): G2Point {
  const { xImaginary, xReal, yImaginary, yReal } = point;
  if (![xImaginary, xReal, yImaginary, yReal].every(isCoordinate)) {
    throw new BadPointError(name, "a coordinate is out of range");
  }
  // (a + b i)² = a² - b² + 2ab i, and (a + b i)³ = a³ - 3ab² + (3a²b - b³) i.
  const real = yReal ** 2n - yImaginary ** 2n - (xReal ** 3n - 3n * xReal * xImaginary ** 2n) - B_REAL;
  const imaginary = 2n * yReal * yImaginary - (3n * xReal ** 2n * xImaginary - xImaginary ** 3n) - B_IMAGINARY;
  if (mod(real) !== 0n || mod(imaginary) !== 0n) throw new BadPointError(name, "it is not on the twist");
  return point;
}

function isCoordinate(value: bigint): boolean {
  return value >= 0n && value < FIELD_ORDER;
}

function mod(value: bigint): bigint {
  return value % FIELD_ORDER;
}

/**
 * Thrown when a key or a proof holds something that is no point of the curve.
 *
 * @example
 * ```ts
 * import { BadPointError, checkG1 } from "assay/protocol/bn254";
 *
 * try {
 *   checkG1({ x: 1n, y: 3n }, "alpha");
 * } catch (error) {
 *   console.log(error instanceof BadPointError && error.point); // alpha
 * }
 * ```
 */
export class BadPointError extends Error {
  override readonly name = "BadPointError";
  readonly point: string;
  readonly reason: string;

  constructor(point: string, reason: string) {
    super(`${point} is not a point of BN254: ${reason}. The file it came from is damaged or of another curve.`);
    this.point = point;
    this.reason = reason;
  }
}
