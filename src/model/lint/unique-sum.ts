/** Which bounded variables a sum of them determines. */
import { GROUP_ORDER } from "../../protocol/bn254.ts";
import { centre, inverse } from "../field.ts";
import type { Variable } from "./linear.ts";
import type { Interval } from "./system.ts";

/** A variable whose value is not known yet, in a sum whose value is. */
export type Term = { readonly variable: Variable; readonly coefficient: bigint; readonly bound: Interval };

/**
 * The variables that are the same in any two solutions. With d the difference of two solutions, `Σ coefficient * d = 0`:
 * 1. Divided so that it cannot reach the field's size, this holds for integers too.
 * 2. A term that is larger than all others together has d = 0.
 * 3. So has one that is smaller than what divides all others.
 */
export function determinedBySum(terms: readonly Term[]): Variable[] {
  for (const divisor of divisorsOf(terms)) {
    const factor = divisor === 1n ? 1n : inverse(divisor);
    const scaled = terms.map(({ variable, coefficient, bound }) => {
      const size = magnitude(centre(coefficient * factor));
      return { variable, size, most: size * (bound.hi - bound.lo) };
    });
    const total = scaled.reduce((sum, { most }) => sum + most, 0n);
    if (total < GROUP_ORDER) {
      const found = peel(
        scaled.sort((one, other) => compare(one.size, other.size)),
        total,
      );
      if (found.length > 0) return found;
    }
  }
  return [];
}

type Scaled = { readonly variable: Variable; readonly size: bigint; readonly most: bigint };

/** Takes terms away, from the largest on and from the smallest on, as long as they are determined. */
function peel(terms: readonly Scaled[], total: bigint): Variable[] {
  const found: Variable[] = [];
  let rest = total;
  let end = terms.length;
  for (; end > 0; end--) {
    const { variable, size, most } = terms[end - 1] as Scaled;
    if (size <= rest - most) break;
    rest -= most;
    found.push(variable);
  }
  const divisors: bigint[] = [];
  let divisor = 0n;
  for (let i = end - 1; i > 0; i--) {
    divisor = gcd(divisor, terms[i]?.size ?? 0n);
    divisors[i - 1] = divisor;
  }
  for (let i = 0; i < end - 1; i++) {
    const { variable, most } = terms[i] as Scaled;
    if (most >= (divisors[i] ?? 0n)) break;
    found.push(variable);
  }
  return found;
}

/** The sum as it is, and divided by some coefficients: bits may have been multiplied by whatever stood before their sum. */
function divisorsOf(terms: readonly Term[]): bigint[] {
  const coefficients = terms.map(({ coefficient }) => coefficient);
  const smallest = coefficients.reduce((least, each) => (magnitude(each) < magnitude(least) ? each : least));
  return [...new Set([1n, smallest, coefficients[0] ?? 1n, coefficients.at(-1) ?? 1n])];
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function compare(one: bigint, other: bigint): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function gcd(one: bigint, other: bigint): bigint {
  return other === 0n ? one : gcd(other, one % other);
}
