/** Between what people write, decimals with units, and the integers that a circuit takes. Nothing is rounded or clamped. */
import { describe } from "../protocol/describe.ts";
import { bitLength } from "./integers.ts";
import {
  add,
  divide,
  fractionFrom,
  multiply,
  rationalFrom,
  readable,
  subtract,
  toNumber,
  type Rational,
} from "./rational.ts";

/** A field of a model's input: it takes `min`, `min + step`, and so on up to `max`. */
export type FieldCodec = {
  readonly name: string;
  readonly unit?: string;
  /** Decimals such as 0.1, or fractions such as 1/3, so that they are exact. */
  readonly min: string;
  readonly max: string;
  readonly step: string;
};

const MOST_CHARACTERS = 100;

/** Doubles are exact below 2^53. */
export const WIDEST = 53;

/** How many bits a field takes. */
export function widthOf(codec: FieldCodec): number {
  return bitLength(rangeOf(codec).most);
}

/**
 * The integer that stands for a value, given as a decimal text or as a number that was written as one.
 *
 * @param name What complaints call the field.
 */
export function encode(codec: FieldCodec, value: string | number, name = codec.name): number {
  const { min, step, most, isWhole } = rangeOf(codec);
  // The way of most pixels and counts, without fractions.
  if (isWhole && typeof value === "number" && Number.isSafeInteger(value)) {
    const steps = (value - Number(min.numerator)) / Number(step.numerator);
    if (Number.isInteger(steps) && steps >= 0 && steps <= Number(most)) return steps;
  }
  if (typeof value !== "string" && typeof value !== "number") throw new FieldTypeError(name, value);
  // Exact arithmetic on very long texts takes seconds, and no value of a field needs as many digits.
  if (typeof value === "string" && value.length > MOST_CHARACTERS) throw new FieldTypeError(name, value);
  let exact: Rational;
  try {
    exact = rationalFrom(String(value));
  } catch (cause) {
    throw new FieldTypeError(name, value, { cause });
  }
  const steps = divide(subtract(exact, min), step);
  const isInside = steps.numerator >= 0n && steps.numerator <= most * steps.denominator;
  if (!isInside) throw new FieldRangeError({ ...codec, name }, value);
  if (steps.denominator !== 1n) throw new FieldStepError({ ...codec, name }, value);
  return Number(steps.numerator);
}

/** The value that an integer stands for. */
export function decode(codec: FieldCodec, steps: number): Rational {
  const { min, step } = rangeOf(codec);
  return add(min, multiply(step, { numerator: BigInt(steps), denominator: 1n }));
}

/** The nearest double to what an integer stands for: what a program that parses the decimal gets. */
export function decodeNumber(codec: FieldCodec, steps: number): number {
  return toNumber(decode(codec, steps));
}

/** The integer nearest to a number, within the field: for calibration data alone, which need not be on the steps. */
export function encodeNearest(codec: FieldCodec, value: number): number {
  const { least, each, most } = rangeOf(codec);
  return Math.min(Math.max(Math.round((value - least) / each), 0), Number(most));
}

/** A field's range in fractions, worked out once. */
type Range = {
  readonly min: Rational;
  readonly step: Rational;
  /** How many steps it has. */
  readonly most: bigint;
  /** Whether it starts and steps by integers that doubles hold, as its end then does. */
  readonly isWhole: boolean;
  /** The nearest doubles to least value and step. */
  readonly least: number;
  readonly each: number;
};

const ranges = new WeakMap<FieldCodec, Range>();

function rangeOf(codec: FieldCodec): Range {
  const known = ranges.get(codec);
  if (known !== undefined) return known;
  const [min, max, step] = [codec.min, codec.max, codec.step].map(fractionFrom) as [Rational, Rational, Rational];
  const { numerator: most, denominator } = step.numerator === 0n ? NO_STEPS : divide(subtract(max, min), step);
  if (denominator !== 1n || most < 1n) throw new BadCodecError(codec);
  const width = bitLength(most);
  if (width > WIDEST) throw new WideFieldError(codec, width);
  const isWhole = [min, max, step].every(
    (each) => each.denominator === 1n && Number.isSafeInteger(Number(each.numerator)),
  );
  const range = { min, step, most, isWhole, least: toNumber(min), each: toNumber(step) };
  ranges.set(codec, range);
  return range;
}

const NO_STEPS: Rational = { numerator: 0n, denominator: 1n };

/** A field's range is empty, or no whole number of steps. */
export class BadCodecError extends Error {
  override readonly name = "BadCodecError";

  constructor({ name, min, max, step }: FieldCodec) {
    super(`Field ${name} goes from ${min} to ${max} by ${step}, which is no whole number of steps. Move an end.`);
  }
}

/** A field has more steps than a double counts. */
export class WideFieldError extends Error {
  override readonly name = "WideFieldError";

  constructor({ name }: FieldCodec, width: number) {
    super(
      `Field ${name} takes ${width} bits, and at most ${WIDEST} are counted exactly. Use larger steps, or two fields.`,
    );
  }
}

/** A value is not a number. */
export class FieldTypeError extends Error {
  override readonly name = "FieldTypeError";
  readonly field: string;

  constructor(field: string, value: unknown, options?: ErrorOptions) {
    super(`Field ${field} takes a decimal number, got ${describe(value)}.`, options);
    this.field = field;
  }
}

/** A value is below or above what a field takes. */
export class FieldRangeError extends Error {
  override readonly name = "FieldRangeError";
  readonly field: string;

  constructor({ name, min, max, unit }: FieldCodec, value: string | number) {
    super(
      `Field ${name} takes ${readable(min)} to ${readable(max)}${unit === undefined ? "" : ` ${unit}`}, got ${value}. It is never clamped.`,
    );
    this.field = name;
  }
}

/** A value lies between two steps of its field. */
export class FieldStepError extends Error {
  override readonly name = "FieldStepError";
  readonly field: string;

  constructor({ name, min, step, unit }: FieldCodec, value: string | number) {
    super(
      `Field ${name} goes in steps of ${readable(step)}${unit === undefined ? "" : ` ${unit}`} from ${readable(min)}, got ${value}. Round it ` +
        "yourself, if that is what you mean.",
    );
    this.field = name;
  }
}
