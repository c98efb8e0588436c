/** Which integers each variable can be, by all that its constraints say of it, whatever the inputs are. */
import { GROUP_ORDER } from "../../protocol/bn254.ts";
import { centre, inverse } from "../field.ts";
import type { Linear, Variable } from "./linear.ts";
import { groupsOf, type Group } from "./one-hot.ts";
import type { Interval, Product, System } from "./system.ts";

export type Bounds = {
  readonly of: ReadonlyMap<Variable, Interval>;
  /** Bits of which at most one is set, and the group that a bit belongs to. */
  readonly groups: readonly Group[];
  readonly groupOf: ReadonlyMap<Variable, Group>;
};

/** The statements that each variable is in. */
export type Occurrences = { readonly equations: readonly number[][]; readonly products: readonly number[][] };

export function occurrencesOf({ variables, equations, products }: System): Occurrences {
  const inEquations = Array.from({ length: variables }, (): number[] => []);
  const inProducts = Array.from({ length: variables }, (): number[] => []);
  for (const [index, equation] of equations.entries()) {
    for (const variable of equation.variables) inEquations[variable]?.push(index);
  }
  for (const [index, { left, right }] of products.entries()) {
    for (const variable of new Set([...left.variables, ...right.variables])) inProducts[variable]?.push(index);
  }
  return { equations: inEquations, products: inProducts };
}

/** Follows bounds from bits through sums and products, until nothing new comes out. */
export function boundsOf(system: System, occurrences: Occurrences): Bounds {
  const groups = groupsOf(system);
  const groupOf = new Map(groups.flatMap((group) => group.members.map((member) => [member, group] as const)));
  const of = new Map(system.bounds);
  const bounds = { of, groups, groupOf };
  const unbounded = system.equations.map(({ variables }) => variables.filter((variable) => !of.has(variable)).length);
  const pending = system.equations.flatMap((_, index) => ((unbounded[index] ?? 0) <= 1 ? [index] : []));
  const multiplied = system.products.map((_, index) => index);

  const learn = (variable: Variable, interval: Interval): void => {
    const known = of.get(variable);
    of.set(variable, known === undefined ? interval : narrower(known, interval));
    if (known !== undefined) return;
    for (const index of occurrences.equations[variable] ?? []) {
      unbounded[index] = (unbounded[index] ?? 0) - 1;
      if ((unbounded[index] ?? 0) <= 1) pending.push(index);
    }
    multiplied.push(...(occurrences.products[variable] ?? []));
  };
  while (pending.length > 0 || multiplied.length > 0) {
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      const equation = system.equations[index] as Linear;
      const target = targetOf(equation, of);
      const interval = target === undefined ? undefined : solvedRange(equation, target, bounds);
      if (target !== undefined && interval !== undefined) learn(equation.variables[target] as Variable, interval);
    }
    const product = system.products[multiplied.pop() ?? -1];
    const out = product?.out.variables[0];
    if (product === undefined || out === undefined || of.has(out)) continue;
    const interval = productRange(product, bounds);
    if (interval !== undefined) learn(out, interval);
  }
  return bounds;
}

/** The range of a sum as an integer, if all of its variables have bounds; members of a group are not set together. */
export function rangeOf(
  { constant, variables, coefficients }: Linear,
  { of, groupOf }: Bounds,
  skipped?: Variable,
): Interval | undefined {
  let [lo, hi] = [constant, constant];
  const grouped = new Map<Group, Interval>();
  for (const [i, variable] of variables.entries()) {
    if (variable === skipped) continue;
    const bound = of.get(variable);
    if (bound === undefined) return undefined;
    const coefficient = coefficients[i] ?? 0n;
    const [one, other] = [coefficient * bound.lo, coefficient * bound.hi];
    const [least, most] = [smaller(one, other), larger(one, other)];
    const group = groupOf.get(variable);
    if (group === undefined) {
      lo += least;
      hi += most;
      continue;
    }
    const sum = grouped.get(group) ?? { lo: 0n, hi: 0n };
    grouped.set(group, {
      lo: smaller(least, sum.lo),
      hi: larger(most, sum.hi),
    });
  }
  for (const sum of grouped.values()) {
    lo += sum.lo;
    hi += sum.hi;
  }
  return { lo, hi };
}

/** The place of the only variable without bounds, or of the only one that is more than a bit. */
function targetOf({ variables }: Linear, of: ReadonlyMap<Variable, Interval>): number | undefined {
  let [unbounded, wide] = [-1, -1];
  let wides = 0;
  for (const [i, variable] of variables.entries()) {
    const bound = of.get(variable);
    if (bound === undefined) unbounded = i;
    else if (bound.hi - bound.lo > 1n) {
      wide = i;
      wides++;
    }
  }
  if (unbounded >= 0) return unbounded;
  return wides === 1 ? wide : undefined;
}

function solvedRange(equation: Linear, target: number, bounds: Bounds): Interval | undefined {
  const factor = equation.coefficients[target] ?? 1n;
  const divisor = factor === 1n || factor === -1n ? -factor : -inverse(factor);
  const divided = {
    constant: centre(equation.constant * divisor),
    variables: equation.variables,
    coefficients: equation.coefficients.map((coefficient) => centre(coefficient * divisor)),
  };
  return ifNarrow(rangeOf(divided, bounds, equation.variables[target]));
}

function productRange({ left, right, out }: Product, bounds: Bounds): Interval | undefined {
  const [one, other] = [rangeOf(left, bounds), rangeOf(right, bounds)];
  const [factor] = out.coefficients;
  if (one === undefined || other === undefined || (factor !== 1n && factor !== -1n)) return undefined;
  const corners = [one.lo * other.lo, one.lo * other.hi, one.hi * other.lo, one.hi * other.hi].map((c) => c * factor);
  return ifNarrow({ lo: corners.reduce(smaller), hi: corners.reduce(larger) });
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** A bound as wide as the field says nothing. */
function ifNarrow(interval: Interval | undefined): Interval | undefined {
  return interval === undefined || interval.hi - interval.lo >= GROUP_ORDER - 1n ? undefined : interval;
}

function narrower(known: Interval, found: Interval): Interval {
  const [lo, hi] = [larger(known.lo, found.lo), smaller(known.hi, found.hi)];
  const [from, to] = [smaller(known.lo, found.lo), larger(known.hi, found.hi)];
  // Only where both are within one turn of the field do equal values have to be equal integers.
  if (to - from < GROUP_ORDER && lo <= hi) return { lo, hi };
  return found.hi - found.lo < known.hi - known.lo ? found : known;
}
