/** Inputs and outputs as a manifest has them committed to: all that it takes to check an answer without the program. */
import { hexToBigInt, numberToHex, type Hex } from "viem";

import { commitInput, commitOutput, revealInput } from "../../protocol/commitment.ts";
import { pack, unpack } from "../../protocol/packing.ts";
import { widthOf } from "../codec.ts";
import { divide, fractionFrom, rationalOf, type Rational } from "../rational.ts";
import { codecsOf } from "../source.ts";
import type { Manifest } from "./manifest.ts";
import { meaningOf, type Meaning } from "./meaning.ts";

/** Commits to the integers of an input; the salt of a public one is zero. */
export function inputCommitmentOf(manifest: Manifest): (fields: readonly number[], salt: bigint) => Hex {
  const widths = codecsOf(manifest).map(widthOf);
  const isHidden = manifest.input.visibility === "hidden";
  return (fields, salt) => {
    const values = fields.map(BigInt);
    return word(isHidden ? commitInput(widths, values, salt) : revealInput(widths, values));
  };
}

/** Whether an output is the one that means this; a hidden one under the salt of its input. */
export function isOutputOf(manifest: Manifest, output: Hex, value: Meaning, salt: bigint): boolean {
  const { visibility, fields } = manifest.output;
  const committed = hexToBigInt(output);
  if (visibility === "public") return isSame(meaningOf(manifest, unpack(fields, committed)), value);
  return candidatesOf(manifest, value).some((numbers) => {
    return isSame(meaningOf(manifest, numbers), value) && commitOutput(pack(fields, numbers), salt) === committed;
  });
}

/** The integers that may be meant: of a label those that have it, of numbers the nearest ones. */
function candidatesOf({ output }: Manifest, value: Meaning): bigint[][] {
  const { kind, labels = [], fields } = output;
  if (kind === "label") {
    if (typeof value === "number") return Number.isSafeInteger(value) ? [[BigInt(value)]] : [];
    return labels.flatMap((label, index) => (label === value ? [[BigInt(index)]] : []));
  }
  const values = typeof value === "number" ? [value] : value;
  if (typeof values === "string" || values.length !== fields.length) return [];
  return [values.map((each, index) => nearest(divide(rationalOf(each), fractionFrom(fields[index]?.scale ?? "1"))))];
}

function nearest({ numerator, denominator }: Rational): bigint {
  const [twice, whole] = [2n * numerator + denominator, 2n * denominator];
  // Down, also below zero, where the division alone goes up.
  return twice / whole - (twice < 0n && twice % whole !== 0n ? 1n : 0n);
}

function isSame(a: Meaning, b: Meaning): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function word(value: bigint): Hex {
  return numberToHex(value, { size: 32 });
}
