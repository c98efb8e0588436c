/**
 * The most bits that one field element is packed with: two below the group order's 254, so that no value wraps.
 *
 * @example
 * ```ts
 * import { GROUP_ORDER } from "assay/protocol/bn254";
 * import { MAX_BITS } from "assay/protocol/packing";
 *
 * console.log(2n ** BigInt(MAX_BITS) < GROUP_ORDER); // true
 * ```
 */
export const MAX_BITS = 252;

/**
 * One field of an output or an input. A signed value v of w bits is stored in offset binary, as `v + 2^(w-1)`: that
 * costs a circuit nothing, and keeps the order of values.
 *
 * @example
 * ```ts
 * import type { Field } from "assay/protocol/packing";
 *
 * const score: Field = { bits: 16, encoding: "offset" };
 * const approved: Field = { bits: 1, encoding: "plain" };
 * console.log(score.bits + approved.bits); // 17
 * ```
 */
export type Field = {
  bits: number;
  /** `plain` holds 0 to 2^bits - 1, `offset` holds -2^(bits-1) to 2^(bits-1) - 1. */
  encoding: "plain" | "offset";
};

/**
 * Packs values into one field element, the first one in the lowest bits.
 *
 * @example
 * ```ts
 * import { numberToHex } from "viem";
 * import { pack } from "assay/protocol/packing";
 *
 * const packed = pack([{ bits: 8, encoding: "plain" }, { bits: 8, encoding: "offset" }], [5n, -1n]);
 * console.log(numberToHex(packed)); // 0x7f05
 * ```
 *
 * @throws {@link BadLayoutError} when the fields cannot be packed into one element.
 * @throws {@link CountMismatchError} when there is not one value for each field.
 * @throws {@link OutOfRangeError} when a value does not fit its field.
 */
export function pack(fields: readonly Field[], values: readonly bigint[]): bigint {
  checkLayout(fields);
  if (values.length > fields.length) throw new CountMismatchError(fields.length, values.length);
  let packed = 0n;
  let shift = 0n;
  for (const [index, field] of fields.entries()) {
    const value = values[index];
    if (value === undefined) throw new CountMismatchError(fields.length, index);
    const stored = value + offsetOf(field);
    // Not zero for what is negative either: the shift keeps the sign.
    if (stored >> BigInt(field.bits) !== 0n) throw new OutOfRangeError(index, field, value);
    packed |= stored << shift;
    shift += BigInt(field.bits);
  }
  return packed;
}

/**
 * Takes a field element apart again.
 *
 * @example
 * ```ts
 * import { unpack } from "assay/protocol/packing";
 *
 * const values = unpack([{ bits: 8, encoding: "plain" }, { bits: 8, encoding: "offset" }], 0x7f05n);
 * console.log(values); // [ 5n, -1n ]
 * ```
 *
 * @throws {@link BadLayoutError} when the fields cannot have been packed into one element.
 * @throws {@link StrayBitsError} when the element has bits that belong to no field.
 */
export function unpack(fields: readonly Field[], packed: bigint): bigint[] {
  const total = checkLayout(fields);
  if (packed >> BigInt(total) !== 0n) throw new StrayBitsError(packed, total);
  let rest = packed;
  return fields.map((field) => {
    const value = BigInt.asUintN(field.bits, rest) - offsetOf(field);
    rest >>= BigInt(field.bits);
    return value;
  });
}

function checkLayout(fields: readonly Field[]): number {
  let total = 0;
  for (const [index, { bits }] of fields.entries()) {
    if (!Number.isInteger(bits) || bits < 1) throw new BadLayoutError(index, bits);
    total += bits;
    if (total > MAX_BITS) throw new BadLayoutError(index, total);
  }
  return total;
}

function offsetOf({ bits, encoding }: Field): bigint {
  return encoding === "offset" ? 1n << BigInt(bits - 1) : 0n;
}

/**
 * Thrown when fields cannot share one element: a width that is no positive integer, or too many bits in all.
 *
 * @example
 * ```ts
 * import { BadLayoutError, pack } from "assay/protocol/packing";
 *
 * try {
 *   pack([{ bits: 253, encoding: "plain" }], [0n]);
 * } catch (error) {
 *   console.log(error instanceof BadLayoutError && error.bits); // 253
 * }
 * ```
 */
export class BadLayoutError extends Error {
  override readonly name = "BadLayoutError";
  /** The first field that does not fit. */
  readonly index: number;
  /** Its own width if that makes no sense, else how many bits there are up to its end. */
  readonly bits: number;

  constructor(index: number, bits: number) {
    super(
      `Fields need widths of whole bits and ${MAX_BITS} bits at most in all, got ${bits} at field ${index}. Narrow ` +
        "the fields, or spread them over several elements.",
    );
    this.index = index;
    this.bits = bits;
  }
}

/**
 * Thrown when there are more or fewer values than fields.
 *
 * @example
 * ```ts
 * import { CountMismatchError, pack } from "assay/protocol/packing";
 *
 * try {
 *   pack([{ bits: 8, encoding: "plain" }], [1n, 2n]);
 * } catch (error) {
 *   console.log(error instanceof CountMismatchError && error.values); // 2
 * }
 * ```
 */
export class CountMismatchError extends Error {
  override readonly name = "CountMismatchError";
  readonly fields: number;
  readonly values: number;

  constructor(fields: number, values: number) {
    super(`Each field takes one value, got ${values} values for ${fields} fields. Give them in the fields' order.`);
    this.fields = fields;
    this.values = values;
  }
}

/**
 * Thrown when a value does not fit its field. It is never clamped: the answer would be another one.
 *
 * @example
 * ```ts
 * import { OutOfRangeError, pack } from "assay/protocol/packing";
 *
 * try {
 *   pack([{ bits: 8, encoding: "offset" }], [128n]);
 * } catch (error) {
 *   console.log(error instanceof OutOfRangeError && error.value); // 128n
 * }
 * ```
 */
export class OutOfRangeError extends Error {
  override readonly name = "OutOfRangeError";
  readonly index: number;
  readonly field: Field;
  readonly value: bigint;

  constructor(index: number, field: Field, value: bigint) {
    const lowest = -offsetOf(field);
    const highest = lowest + (1n << BigInt(field.bits)) - 1n;
    super(`Field ${index} holds ${lowest} to ${highest} (${field.bits} bits, ${field.encoding}), got ${value}.`);
    this.index = index;
    this.field = field;
    this.value = value;
  }
}

/**
 * Thrown when an element has bits beyond its fields: it was packed with another layout.
 *
 * @example
 * ```ts
 * import { StrayBitsError, unpack } from "assay/protocol/packing";
 *
 * try {
 *   unpack([{ bits: 8, encoding: "plain" }], 256n);
 * } catch (error) {
 *   console.log(error instanceof StrayBitsError && error.bits); // 8
 * }
 * ```
 */
export class StrayBitsError extends Error {
  override readonly name = "StrayBitsError";
  readonly packed: bigint;
  readonly bits: number;

  constructor(packed: bigint, bits: number) {
    super(`The fields take ${bits} bits, but ${packed} has others. Take the layout that it was packed with.`);
    this.packed = packed;
    this.bits = bits;
  }
}
