import * as poseidons from "poseidon-lite";

import { GROUP_ORDER } from "./bn254.ts";
import { MAX_BITS } from "./packing.ts";

/** "assay.in" in ASCII. */
const TAG_IN = 0x61737361792e696en;
/** "assay.out" in ASCII. */
const TAG_OUT = 0x61737361792e6f7574n;

/** The most elements that one hash takes. */
const MOST = 16;

/**
 * Packs an input's fields into field elements: one after the other from the lowest bit on; a field that would pass bit
 * 252 starts the next element.
 *
 * @example
 * ```ts
 * import { elementsOf } from "assay/protocol/commitment";
 *
 * console.log(elementsOf([8, 8], [5n, 1n])); // [ 261n ]
 * ```
 *
 * @throws {@link InputMismatchError} when there is not one value for each width.
 * @throws {@link InputOverflowError} when a value does not fit its width.
 */
export function elementsOf(widths: readonly number[], values: readonly bigint[]): bigint[] {
  if (widths.length !== values.length) throw new InputMismatchError(widths.length, values.length);
  const elements = [0n];
  let used = 0;
  for (const [index, width] of widths.entries()) {
    const value = values[index] ?? 0n;
    if (value < 0n || value >> BigInt(width) !== 0n) throw new InputOverflowError(index, width, value);
    if (used + width > MAX_BITS) {
      elements.push(0n);
      used = 0;
    }
    elements.push((elements.pop() ?? 0n) | (value << BigInt(used)));
    used += width;
  }
  return elements;
}

/**
 * The commitment to an input that stays hidden. Whoever knows the salt can guess the input: draw it uniformly below
 * `GROUP_ORDER`, once, and keep it.
 *
 * @example
 * ```ts
 * import { commitInput } from "assay/protocol/commitment";
 *
 * const commitment = commitInput([8, 8], [5n, 1n], 123456789n);
 * console.log(commitment === commitInput([8, 8], [5n, 1n], 123456790n)); // false
 * ```
 *
 * @throws {@link SaltRangeError} when the salt is no field element.
 */
export function commitInput(widths: readonly number[], values: readonly bigint[], salt: bigint): bigint {
  checkSalt(salt);
  return chain(elementsOf(widths, values), salt);
}

/**
 * The commitment to an input that is public: its packed value where one element holds it, else a hash without a salt.
 *
 * @example
 * ```ts
 * import { revealInput } from "assay/protocol/commitment";
 *
 * console.log(revealInput([8, 8], [5n, 1n])); // 261n
 * ```
 */
export function revealInput(widths: readonly number[], values: readonly bigint[]): bigint {
  const elements = elementsOf(widths, values);
  const [only = 0n] = elements;
  return elements.length === 1 ? only : chain(elements, 0n);
}

/**
 * The commitment to an output that stays hidden, with the salt of its input: a salt of its own would give one answer many
 * commitments.
 *
 * @example
 * ```ts
 * import { commitOutput } from "assay/protocol/commitment";
 *
 * console.log(commitOutput(7n, 123456789n) === commitOutput(8n, 123456789n)); // false
 * ```
 *
 * @throws {@link SaltRangeError} when the salt is no field element.
 */
export function commitOutput(packed: bigint, salt: bigint): bigint {
  checkSalt(salt);
  return hash([TAG_OUT, salt, packed]);
}

/** The first hash takes the tag, the salt and 14 elements, each other one the hash before it and 15. */
function chain(elements: readonly bigint[], salt: bigint): bigint {
  let current = hash([TAG_IN, salt, ...elements.slice(0, MOST - 2)]);
  for (let at = MOST - 2; at < elements.length; at += MOST - 1) {
    current = hash([current, ...elements.slice(at, at + MOST - 1)]);
  }
  return current;
}

function hash(elements: bigint[]): bigint {
  const name = `poseidon${elements.length}` as keyof typeof poseidons;
  return poseidons[name](elements);
}

function checkSalt(salt: bigint): void {
  if (salt < 0n || salt >= GROUP_ORDER) throw new SaltRangeError(salt);
}

/**
 * Thrown when there are more or fewer values than a model has fields.
 *
 * @example
 * ```ts
 * import { InputMismatchError, revealInput } from "assay/protocol/commitment";
 *
 * try {
 *   revealInput([8, 8], [5n]);
 * } catch (error) {
 *   console.log(error instanceof InputMismatchError && error.values); // 1
 * }
 * ```
 */
export class InputMismatchError extends Error {
  override readonly name = "InputMismatchError";
  readonly fields: number;
  readonly values: number;

  constructor(fields: number, values: number) {
    super(`The model takes ${fields} fields, got ${values} values. Give one for each, in the fields' order.`);
    this.fields = fields;
    this.values = values;
  }
}

/**
 * Thrown when a value does not fit its field. It is never clamped: the answer would be another one.
 *
 * @example
 * ```ts
 * import { InputOverflowError, revealInput } from "assay/protocol/commitment";
 *
 * try {
 *   revealInput([8], [256n]);
 * } catch (error) {
 *   console.log(error instanceof InputOverflowError && error.index); // 0
 * }
 * ```
 */
export class InputOverflowError extends Error {
  override readonly name = "InputOverflowError";
  readonly index: number;
  readonly value: bigint;

  constructor(index: number, width: number, value: bigint) {
    super(`Field ${index} takes 0 to ${2n ** BigInt(width) - 1n}, got ${value}.`);
    this.index = index;
    this.value = value;
  }
}

/**
 * Thrown when a salt is no element of the field: modulo the field's size it would be another one.
 *
 * @example
 * ```ts
 * import { GROUP_ORDER } from "assay/protocol/bn254";
 * import { SaltRangeError, commitOutput } from "assay/protocol/commitment";
 *
 * try {
 *   commitOutput(1n, GROUP_ORDER);
 * } catch (error) {
 *   console.log(error instanceof SaltRangeError); // true
 * }
 * ```
 */
export class SaltRangeError extends Error {
  override readonly name = "SaltRangeError";

  constructor(salt: bigint) {
    super(`A salt is from 0 to ${GROUP_ORDER - 1n}, got ${salt}. Draw it uniformly from there.`);
  }
}
