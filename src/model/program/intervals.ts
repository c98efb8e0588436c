/**
 * Interval arithmetic over a program. Everything starts from what the circuit enforces on the input, its bit widths, so
 * the intervals hold for every input that has a witness, not only for those that a model was meant for.
 */
import { rowOf } from "./linear-rows.ts";
import {
  halfOf,
  inputsOf,
  isLeaf,
  type LinearOperation,
  type Lookup,
  type Operation,
  type PrivateDense,
  type Program,
  type Relu,
  type Step,
  type TreeNode,
} from "./program.ts";

/** All integers from `lo` to `hi`. */
export type Interval = { readonly lo: bigint; readonly hi: bigint };

/** For each tensor by name, the interval of each of its numbers. */
export type Intervals = ReadonlyMap<string, readonly Interval[]>;

/** Derives the interval of every number of a program. */
export function intervalsOf({ input, steps }: Program): Intervals {
  const intervals = new Map<string, readonly Interval[]>([["input", inputIntervals(input.widths)]]);
  for (const step of steps) intervals.set(step.id, intervalsAfter(step, intervals));
  return intervals;
}

/** The intervals of fields of these widths. */
export function inputIntervals(widths: readonly number[]): Interval[] {
  return widths.map((width) => ({ lo: 0n, hi: (1n << BigInt(width)) - 1n }));
}

/** The intervals of one step's numbers, given those of the steps before. */
export function intervalsAfter({ size, operation }: Step, intervals: Intervals): Interval[] {
  const inputs = inputsOf(operation).map((name) => intervals.get(name) ?? []);
  const derive = derivation(operation, inputs);
  return Array.from({ length: size }, (_, index) => derive(index));
}

type Derivation = (index: number) => Interval;

function derivation(operation: Operation, inputs: readonly (readonly Interval[])[]): Derivation {
  const at = (index: number, source = 0): Interval => inputs[source]?.[index] ?? { lo: 0n, hi: 0n };
  switch (operation.kind) {
    case "rescale":
      return (index) => quotient(at(index), operation.shifts[index] ?? 0);
    case "relu":
      return (index) => rectified(quotient(at(index), operation.shifts[index] ?? 0), operation.slope);
    case "privateDense":
      return () => enforced(operation);
    case "product": {
      if (operation.left === operation.right) return (index) => square(at(index));
      return (index) => product(at(index, 0), at(index, 1));
    }
    case "max": {
      const { indices, length } = operation;
      return (index) => {
        const run = indices.slice(index * length, (index + 1) * length).filter((each) => each >= 0);
        return { lo: greatest(run.map((each) => at(each).lo)), hi: greatest(run.map((each) => at(each).hi)) };
      };
    }
    case "argmax":
      return () => ({ lo: 0n, hi: BigInt(operation.length - 1) });
    case "lookup":
      return (index) => looked(operation, at(index));
    case "trees": {
      const totals = operation.base.map((base) => ({ lo: base, hi: base }));
      for (const tree of operation.trees) addTree(tree, totals);
      return (index) => totals[index] ?? { lo: 0n, hi: 0n };
    }
    default:
      return (index) => linear(operation, index, inputs);
  }
}

/** All that a circuit knows of sums with private weights. */
export function enforced({ bits, shift }: PrivateDense): Interval {
  const [end, half] = [1n << BigInt(bits - 1), halfOf(shift)];
  return { lo: -end - half, hi: end - 1n - half };
}

/** What a linear operation's number can be. */
export function linear(operation: LinearOperation, index: number, inputs: readonly (readonly Interval[])[]): Interval {
  const { bias, terms } = rowOf(
    operation,
    index,
    inputs.map((each) => each.length),
  );
  let [lo, hi] = [bias, bias];
  for (const { source, index: from, weight } of terms) {
    const interval = inputs[source]?.[from] ?? { lo: 0n, hi: 0n };
    const factor = BigInt(weight);
    lo += factor * (weight > 0 ? interval.lo : interval.hi);
    hi += factor * (weight > 0 ? interval.hi : interval.lo);
  }
  return { lo, hi };
}

/** Of what a shift leaves; `>>` rounds down, for negative numbers too. */
export function quotient({ lo, hi }: Interval, shift: number): Interval {
  const half = halfOf(shift);
  return { lo: (lo + half) >> BigInt(shift), hi: (hi + half) >> BigInt(shift) };
}

function rectified({ lo, hi }: Interval, { numerator, bits }: Relu["slope"]): Interval {
  const bend = (value: bigint): bigint => (value < 0n ? value * BigInt(numerator) : value << BigInt(bits));
  // A negative slope turns the lower part around, so that its end may be the highest.
  const ends = [bend(lo), bend(hi), ...(lo < 0n && hi > 0n ? [0n] : [])];
  return { lo: least(ends), hi: greatest(ends) };
}

function square({ lo, hi }: Interval): Interval {
  const ends = [lo * lo, hi * hi];
  return { lo: lo <= 0n && hi >= 0n ? 0n : least(ends), hi: greatest(ends) };
}

function product(left: Interval, right: Interval): Interval {
  const corners = [left.lo * right.lo, left.lo * right.hi, left.hi * right.lo, left.hi * right.hi];
  return { lo: least(corners), hi: greatest(corners) };
}

/** A straight line has its extremes at its ends: those of every bin that the interval meets. */
function looked({ thresholds, slopes, intercepts }: Lookup, { lo, hi }: Interval): Interval {
  const ends = slopes.flatMap((slope, bin) => {
    const below = thresholds[bin - 1];
    const above = thresholds[bin];
    const from = below === undefined || BigInt(below) < lo ? lo : BigInt(below);
    const to = above === undefined || BigInt(above) > hi ? hi : BigInt(above) - 1n;
    if (from > to) return [];
    return [from, to].map((end) => end * BigInt(slope) + BigInt(intercepts[bin] ?? 0));
  });
  return { lo: least(ends), hi: greatest(ends) };
}

function addTree(tree: TreeNode, totals: Interval[]): void {
  const reach = totals.map((): Interval[] => []);
  const visit = (node: TreeNode): void => {
    if (!isLeaf(node)) {
      visit(node.below);
      visit(node.above);
      return;
    }
    for (const [target, seen] of reach.entries()) {
      const at = node.targets.indexOf(target);
      const value = BigInt(node.weights[at] ?? 0);
      seen.push({ lo: value, hi: value });
    }
  };
  visit(tree);
  for (const [target, seen] of reach.entries()) {
    const total = totals[target] ?? { lo: 0n, hi: 0n };
    totals[target] = {
      lo: total.lo + least(seen.map(({ lo }) => lo)),
      hi: total.hi + greatest(seen.map(({ hi }) => hi)),
    };
  }
}

function least(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a < b ? a : b));
}

function greatest(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a > b ? a : b));
}
