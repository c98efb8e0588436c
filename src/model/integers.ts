/** How large integers are. */

/** How many bits a number from zero on takes; none for zero, and none for what is below. */
export function bitLength(value: bigint): number {
  return value <= 0n ? 0 : value.toString(2).length;
}

/** How many bits of two's complement hold everything from `lo` to `hi`. */
export function signedBits(lo: bigint, hi: bigint): number {
  return bitLength(larger(hi, -lo - 1n)) + 1;
}

export function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
