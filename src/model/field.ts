/** Arithmetic of the field that circuits are over. */
import { bytesToBigInt } from "viem";

import { GROUP_ORDER } from "../protocol/bn254.ts";

const HALF = GROUP_ORDER >> 1n;

/** The number in [0, GROUP_ORDER) that a number is equal to in the field. */
export function reduce(value: bigint): bigint {
  const rest = value % GROUP_ORDER;
  return rest < 0n ? rest + GROUP_ORDER : rest;
}

/** The number nearest to zero that a number is equal to in the field. */
export function centre(value: bigint): bigint {
  const rest = reduce(value);
  return rest > HALF ? rest - GROUP_ORDER : rest;
}

/** `1 / value`, of a number that is not zero in the field. */
export function inverse(value: bigint): bigint {
  let [low, high] = [reduce(value), GROUP_ORDER];
  let [x, y] = [1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high - quotient * low, low];
    [x, y] = [y - quotient * x, x];
  }
  return reduce(x);
}

export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = reduce(base);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % GROUP_ORDER;
    square = (square * square) % GROUP_ORDER;
  }
  return result;
}

/** `GROUP_ORDER - 1 = ODD * 2^TWOS`, and a number that is not a square. */
const TWOS = 28;
const ODD = (GROUP_ORDER - 1n) >> BigInt(TWOS);
const NON_SQUARE = 5n;

/** A square root in the field, if there is one (Tonelli and Shanks). */
export function squareRoot(value: bigint): bigint | undefined {
  const square = reduce(value);
  if (square === 0n) return 0n;
  if (power(square, HALF) !== 1n) return undefined;
  let root = power(square, (ODD + 1n) / 2n);
  let rest = power(square, ODD);
  let factor = power(NON_SQUARE, ODD);
  let order = TWOS;
  while (rest !== 1n) {
    let exponent = 0;
    for (let each = rest; each !== 1n; each = (each * each) % GROUP_ORDER) exponent++;
    const step = power(factor, 1n << BigInt(order - exponent - 1));
    root = (root * step) % GROUP_ORDER;
    factor = (step * step) % GROUP_ORDER;
    rest = (rest * factor) % GROUP_ORDER;
    order = exponent;
  }
  return root;
}

/** A number that nobody can guess, as likely as any other but for one part in 2^130. */
export function randomScalar(): bigint {
  return bytesToBigInt(crypto.getRandomValues(new Uint8Array(48))) % GROUP_ORDER;
}
