/** Exact fractions: a model's fields are decimals, and no decimal may be rounded on its way into a circuit. */
import { bitLength } from "./integers.ts";

export type Rational = { readonly numerator: bigint; readonly denominator: bigint };

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/** Reads a decimal such as `-12.50` or `3e-4`. */
export function rationalFrom(text: string): Rational {
  const match = DECIMAL.exec(text.trim());
  if (match === null) throw new NotADecimalError(text);
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const digits = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  const power = Number(exponent) - fraction.length;
  const scale = 10n ** BigInt(Math.abs(power));
  return power < 0 ? reduce(digits, scale) : reduce(digits * scale, 1n);
}

/** Reads a decimal, or a fraction such as `1/255`. */
export function fractionFrom(text: string): Rational {
  const [numerator = "", denominator] = text.split("/");
  if (denominator === undefined) return rationalFrom(text);
  const [above, below] = [rationalFrom(numerator), rationalFrom(denominator)];
  if (above.denominator !== 1n || below.denominator !== 1n || below.numerator === 0n) throw new NotADecimalError(text);
  return divide(above, below);
}

/** Writes a fraction in lowest terms, such as `-1/3` or `12`. */
export function formatFraction({ numerator, denominator }: Rational): string {
  return denominator === 1n ? numerator.toString() : `${numerator}/${denominator}`;
}

/** A decimal or a fraction as people write it: `12.7` for `127/10`, `1/3` for itself. */
export function readable(text: string): string {
  const { numerator, denominator } = fractionFrom(text);
  let digits = 0;
  let power = 1n;
  // As many digits as there are twos or fives in it; a denominator with anything else has no end.
  while (power % denominator !== 0n && digits < bitLength(denominator)) {
    digits += 1;
    power *= 10n;
  }
  if (power % denominator !== 0n) return formatFraction({ numerator, denominator });
  const scaled = (numerator < 0n ? -numerator : numerator) * (power / denominator);
  const padded = scaled.toString().padStart(digits + 1, "0");
  const whole = padded.slice(0, padded.length - digits);
  return `${numerator < 0n ? "-" : ""}${whole}${digits === 0 ? "" : `.${padded.slice(-digits)}`}`;
}

/** The fraction that a double is. */
export function rationalOf(value: number): Rational {
  if (!Number.isFinite(value)) throw new NotADecimalError(String(value));
  let denominator = 1n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  return reduce(BigInt(scaled), denominator);
}

export function add(a: Rational, b: Rational): Rational {
  return reduce(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

export function subtract(a: Rational, b: Rational): Rational {
  return add(a, { numerator: -b.numerator, denominator: b.denominator });
}

export function multiply(a: Rational, b: Rational): Rational {
  return reduce(a.numerator * b.numerator, a.denominator * b.denominator);
}

export function divide(a: Rational, b: Rational): Rational {
  return reduce(a.numerator * b.denominator, a.denominator * b.numerator);
}

/** The double nearest to a fraction whose parts may be beyond all doubles. */
export function toNumber({ numerator, denominator }: Rational): number {
  // Enough bits of the quotient for a double and one to round by.
  const extra = BigInt(Math.max(0, 64 + bitsOf(denominator) - bitsOf(numerator)));
  const quotient = (numerator << extra) / denominator;
  // In two steps, since no double is as small as the least one's inverse is large.
  const half = Math.floor(Number(extra) / 2);
  return Number(quotient) / 2 ** half / 2 ** (Number(extra) - half);
}

function bitsOf(value: bigint): number {
  return bitLength(value < 0n ? -value : value);
}

function reduce(numerator: bigint, denominator: bigint): Rational {
  const sign = denominator < 0n ? -1n : 1n;
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator * sign];
  while (b !== 0n) [a, b] = [b, a % b];
  return { numerator: (numerator * sign) / a, denominator: (denominator * sign) / a };
}

/** A text is no decimal number. */
export class NotADecimalError extends Error {
  override readonly name = "NotADecimalError";
  readonly given: string;

  constructor(given: string) {
    super(`A number is written as a decimal such as 12.5 or -3e-4, got "${given}".`);
    this.given = given;
  }
}
