/** What an operation is in gadgets, for one number. Every width comes from the number's interval. */
import { bitLength, larger, signedBits } from "../integers.ts";
import { enforced, quotient, type Interval } from "../program/intervals.ts";
import { halfOf, type Lookup, type Maximum, type PrivateDense, type Relu } from "../program/program.ts";
import { rowsTogether } from "../program/secrets.ts";
import {
  combine,
  constantOf,
  isConstant,
  minus,
  plus,
  wireOf,
  ZERO,
  type Expression,
  type Wire,
} from "./expression.ts";
import type { Circuit } from "./gadgets.ts";

/** An expression, and the interval that it is in. */
export type Value = { readonly expression: Expression; readonly interval: Interval; readonly cut?: Cut };

/** The bits of `expression + offset`, from the lowest on, where a gadget has them already. */
export type Cut = { readonly offset: bigint; readonly bits: readonly Expression[] };

/** The quotient is what the bits from the shift on say, moved by the multiple that made the value positive. */
export function rescale(value: Value, shift: number, circuit: Circuit): Expression {
  const { expression, interval } = value;
  if (shift === 0) return expression;
  const { lo, hi } = quotient(interval, shift);
  if (lo === hi) return constantOf(lo);
  const known = bitsKnown(value, shift);
  if (known !== undefined) return quotientOf(known, shift);
  const moved = plus(expression, halfOf(shift) - (lo << BigInt(shift)));
  const bits = bitsFor(interval.hi + halfOf(shift) - (lo << BigInt(shift)));
  const high = circuit.bits(moved, bits);
  return combine(lo, weigh(high.slice(shift - 1).map(wireOf)));
}

export function relu(
  value: Value,
  shift: number,
  { numerator, bits: finer }: Relu["slope"],
  circuit: Circuit,
): Expression {
  const { lo, hi } = quotient(value.interval, shift);
  const [below, above] = [BigInt(numerator), 1n << BigInt(finer)];
  if (lo >= 0n) return combine(0n, [[above, rescale(value, shift, circuit)]]);
  if (hi <= 0n) return combine(0n, [[below, below === 0n ? ZERO : rescale(value, shift, circuit)]]);
  const rounded = plus(value.expression, halfOf(shift));
  const known = bitsKnown(value, shift);
  if (known !== undefined) {
    const whole = shift === 0 ? rounded : quotientOf(known, shift);
    const positive = wireOf(circuit.product(known.at(-1) as Expression, whole));
    return combine(0n, [
      [below, whole],
      [above - below, positive],
    ]);
  }
  const bits = signedBitsFor(value.interval.lo + halfOf(shift), value.interval.hi + halfOf(shift));
  const { high, out } = circuit.relu(rounded, bits, shift);
  const positive = wireOf(out);
  if (below === 0n) return combine(0n, [[above, positive]]);
  // Below zero the quotient itself is needed, sign and all: floor rounds towards the lower, as two's complement does.
  const top = 1n << BigInt(bits - 1 - shift);
  const whole = shift === 0 ? rounded : combine(-top, weigh(high.slice(shift - 1).map(wireOf)));
  return combine(0n, [
    [below, whole],
    [above - below, positive],
  ]);
}

/** The bits of a number and half of 2^shift in offset binary, if they are known. */
function bitsKnown({ cut }: Value, shift: number): readonly Expression[] | undefined {
  if (cut === undefined || shift > cut.bits.length - 2) return undefined;
  return cut.offset === halfOf(shift) + (1n << BigInt(cut.bits.length - 1)) ? cut.bits : undefined;
}

/** What bits in offset binary are worth after a shift. */
function quotientOf(bits: readonly Expression[], shift: number): Expression {
  return combine(-(1n << BigInt(bits.length - 1 - shift)), weigh(bits.slice(shift)));
}

/**
 * Sums with private weights, packed: one product for a column and as many rows as share an element, then one gadget that
 * cuts all these rows' sums to bits, which whatever comes next can use.
 */
export function privateSums(
  operation: PrivateDense,
  size: number,
  columns: readonly Value[],
  packed: readonly Wire[],
  circuit: Circuit,
): Value[] {
  const { bits } = operation;
  const interval = enforced(operation);
  const together = rowsTogether(operation);
  const values: Value[] = [];
  const taken = packed[Symbol.iterator]();
  const next = (): Expression => wireOf(taken.next().value as Wire);
  while (values.length < size) {
    const rows = Math.min(together, size - values.length);
    let offset = 0n;
    for (let row = 0; row < rows; row++) offset -= interval.lo << BigInt(bits * row);
    const bias = next();
    const products = columns.map(({ expression }) => {
      const weights = next();
      // Nothing else would mention the weights of what is always zero, and a public wire must not be free.
      if (isConstant(expression) && expression.constant === 0n) circuit.product(weights, weights);
      return multiply(expression, weights, circuit);
    });
    const sum = combine(
      offset,
      [bias, ...products].map((each) => [1n, each] as const),
    );
    const high = circuit.bits(sum, bits * rows).map(wireOf);
    const lowest = combine(0n, [[1n, sum], ...weigh(high).map(([weight, bit]) => [-2n * weight, bit] as const)]);
    const all = [lowest, ...high];
    for (let row = 0; row < rows; row++) {
      const own = all.slice(bits * row, bits * (row + 1));
      values.push({ expression: combine(interval.lo, weigh(own)), interval, cut: { offset: -interval.lo, bits: own } });
    }
  }
  return values;
}

export function multiply(left: Expression, right: Expression, circuit: Circuit): Expression {
  if (isConstant(left)) return combine(0n, [[left.constant, right]]);
  if (isConstant(right)) return combine(0n, [[right.constant, left]]);
  return wireOf(circuit.product(left, right));
}

/** `max(a, b) = a + relu(b - a)`, from the first to the last. */
export function largest(
  values: readonly Value[],
  { indices, length }: Maximum,
  group: number,
  circuit: Circuit,
): Value {
  const run = indices.slice(group * length, (group + 1) * length).filter((index) => index >= 0);
  return run.map((index) => values[index] as Value).reduce((best, next) => maximum(best, next, circuit));
}

function maximum(a: Value, b: Value, circuit: Circuit): Value {
  const difference = differenceOf(b, a);
  const gain = relu(difference, 0, { numerator: 0, bits: 0 }, circuit);
  return {
    expression: combine(0n, [
      [1n, a.expression],
      [1n, gain],
    ]),
    interval: { lo: larger(a.interval.lo, b.interval.lo), hi: larger(a.interval.hi, b.interval.hi) },
  };
}

/** Of the same number twice it is zero, whatever the number's interval. */
function differenceOf(a: Value, b: Value): Value {
  const expression = minus(a.expression, b.expression);
  const { constant } = expression;
  if (isConstant(expression)) return { expression, interval: { lo: constant, hi: constant } };
  return { expression, interval: { lo: a.interval.lo - b.interval.hi, hi: a.interval.hi - b.interval.lo } };
}

/** Only a strictly larger value takes the place of an earlier one, so that a tie goes to the lowest index. */
export function firstLargest(values: readonly Value[], circuit: Circuit): Expression {
  let best = values[0] as Value;
  let index = ZERO;
  for (const [at, next] of values.entries()) {
    const { expression: difference, interval } = differenceOf(next, best);
    const { lo, hi } = interval;
    if (at === 0 || hi <= 0n) continue;
    if (lo > 0n) {
      [best, index] = [next, constantOf(BigInt(at))];
      continue;
    }
    const bits = signedBitsFor(lo - 1n, hi - 1n);
    const isLarger = wireOf(circuit.bits(plus(difference, (1n << BigInt(bits - 1)) - 1n), bits).at(-1) as number);
    index = choose(isLarger, constantOf(BigInt(at)), index, circuit);
    if (at === values.length - 1) break;
    best = {
      expression: choose(isLarger, next.expression, best.expression, circuit),
      interval: { lo: larger(best.interval.lo, next.interval.lo), hi: larger(best.interval.hi, next.interval.hi) },
    };
  }
  return index;
}

/** `otherwise + bit * (chosen - otherwise)`. */
export function choose(bit: Expression, chosen: Expression, otherwise: Expression, circuit: Circuit): Expression {
  return combine(0n, [
    [1n, otherwise],
    [1n, multiply(bit, minus(chosen, otherwise), circuit)],
  ]);
}

/** A straight line for each bin: its slope times the value, and its intercept, are picked by the bins' wires. */
export function look({ expression, interval }: Value, lookup: Lookup, circuit: Circuit): Expression {
  const inside = lookup.thresholds
    .map(BigInt)
    .filter((threshold) => threshold > interval.lo && threshold <= interval.hi);
  const first = lookup.thresholds.filter((threshold) => BigInt(threshold) <= interval.lo).length;
  const pick = (table: readonly number[], bins: readonly Expression[]): Expression => {
    const lowest = BigInt(table[first] ?? 0);
    return combine(
      lowest,
      bins.map((bin, at) => [BigInt(table[first + at + 1] ?? 0) - lowest, bin] as const),
    );
  };
  if (isConstant(expression)) {
    const slope = pick(lookup.slopes, []).constant;
    return constantOf(slope * expression.constant + pick(lookup.intercepts, []).constant);
  }
  const bins = inside.length === 0 ? [] : circuit.oneHot(expression, interval.lo, inside, interval.hi).map(wireOf);
  const slope = pick(lookup.slopes, bins);
  return combine(0n, [
    [1n, pick(lookup.intercepts, bins)],
    [1n, multiply(slope, expression, circuit)],
  ]);
}

/** `Σ 2^i * expressions[i]`, as parts of a sum. */
function weigh(expressions: readonly Expression[]): [bigint, Expression][] {
  return expressions.map((expression, i) => [1n << BigInt(i), expression]);
}

/** The least width of at least two that holds 0 to `most`. */
function bitsFor(most: bigint): number {
  return Math.max(2, bitLength(most));
}

/** The least width of at least two whose two's complement holds `lo` to `hi`. */
function signedBitsFor(lo: bigint, hi: bigint): number {
  return Math.max(2, signedBits(lo, hi));
}
