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

/** Doubles are exact below 2^53. */
export const WIDEST = 53;

/** How many bits a field takes. */
export function widthOf(codec: FieldCodec): number {
  return bitLength(stepsOf(codec));
}

/** The integer that stands for a value, given as a decimal text or as a number that was written as one. */
export function encode(codec: FieldCodec, value: string | number): number {
  const { name } = codec;
  if (typeof value !== "string" && typeof value !== "number") throw new FieldTypeError(name, value);
  let exact: Rational;
  try {
    exact = rationalFrom(String(value));
  } catch (cause) {
    throw new FieldTypeError(name, value, { cause });
  }
  const steps = divide(subtract(exact, fractionFrom(codec.min)), fractionFrom(codec.step));
  const isInside = steps.numerator >= 0n && steps.numerator <= stepsOf(codec) * steps.denominator;
  if (!isInside) throw new FieldRangeError(codec, value);
  if (steps.denominator !== 1n) throw new FieldStepError(codec, value);
  return Number(steps.numerator);
}

/** The value that an integer stands for. */
export function decode(codec: FieldCodec, steps: number): Rational {
  return add(
    fractionFrom(codec.min),
    multiply(fractionFrom(codec.step), { numerator: BigInt(steps), denominator: 1n }),
  );
}

/** The nearest double to what an integer stands for: what a program that parses the decimal gets. */
export function decodeNumber(codec: FieldCodec, steps: number): number {
  return toNumber(decode(codec, steps));
}

/** The integer nearest to a number, within the field: for calibration data alone, which need not be on the steps. */
export function encodeNearest(codec: FieldCodec, value: number): number {
  const steps = Math.round((value - toNumber(fractionFrom(codec.min))) / toNumber(fractionFrom(codec.step)));
  return Math.min(Math.max(steps, 0), Number(stepsOf(codec)));
}

function stepsOf(codec: FieldCodec): bigint {
  const { numerator, denominator } = divide(
    subtract(fractionFrom(codec.max), fractionFrom(codec.min)),
    fractionFrom(codec.step),
  );
  if (denominator !== 1n || numerator < 1n) throw new BadCodecError(codec);
  const width = bitLength(numerator);
  if (width > WIDEST) throw new WideFieldError(codec, width);
  return numerator;
}

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
