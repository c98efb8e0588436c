/**
 * The executor: answers with a program's exact integers, fast. Tensors whose sums stay below 2^53 are doubles, which are
 * exact there; all others are BigInts.
 */
import { type Interval, type Intervals, intervalsOf } from "./intervals.ts";
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
  type Rescale,
  type TreeNode,
} from "./program.ts";
import { opened } from "./secrets.ts";

/** The numbers of a tensor: doubles where all are below 2^53, else BigInts. */
export type Tensor = Float64Array | readonly bigint[];

/** Computes every tensor of a program from its input. */
export type Executor = (input: readonly number[]) => ReadonlyMap<string, Tensor>;

/** Prepares a program: what can be worked out once is. */
export function executorOf(program: Program, intervals: Intervals = intervalsOf(program)): Executor {
  const sizes = new Map([
    ["input", program.input.widths.length],
    ...program.steps.map(({ id, size }) => [id, size] as const),
  ]);
  const prepared = program.steps.map(({ id, size, operation }) => {
    const names = inputsOf(operation);
    const ranges = names.map((name) => intervals.get(name) ?? []);
    const compute = prepare(
      operation.kind === "privateDense" ? opened(id, operation, size, ranges[0] ?? []) : operation,
      size,
      names.map((name) => sizes.get(name) ?? 0),
      ranges,
      intervals.get(id) ?? [],
    );
    return { id, names, compute };
  });
  return (input) => {
    checkInput(program, input);
    const tensors = new Map<string, Tensor>([["input", Float64Array.from(input)]]);
    for (const { id, names, compute } of prepared) {
      tensors.set(id, compute(names.map((name) => tensors.get(name) ?? [])));
    }
    return tensors;
  };
}

/** The values of a program's output fields. */
export function outputOf({ output }: Program, tensors: ReadonlyMap<string, Tensor>): bigint[] {
  return output.fields.map(({ tensor, index }) => BigInt(tensors.get(tensor)?.[index] ?? 0));
}

/** The circuit has a witness for exactly the inputs that pass here. */
function checkInput({ input }: Program, values: readonly number[]): void {
  const { widths } = input;
  if (values.length !== widths.length) throw new InputSizeError(values.length, widths.length);
  for (const [index, width] of widths.entries()) {
    const value = values[index] ?? Number.NaN;
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** width) throw new InputRangeError(index, value, width);
  }
}

type Compute = (inputs: readonly Tensor[]) => Tensor;

function prepare(
  operation: Exclude<Operation, PrivateDense>,
  size: number,
  sizes: readonly number[],
  ranges: readonly (readonly Interval[])[],
  range: readonly Interval[],
): Compute {
  switch (operation.kind) {
    case "rescale":
    case "relu":
      return isSafe([...(ranges[0] ?? []), ...range], operation.shifts)
        ? bendDoubles(operation)
        : bendBigInts(operation);
    case "product": {
      if (!isSafe([...ranges.flat(), ...range])) {
        return ([left = [], right = []]) => Array.from({ length: size }, (_, i) => big(left, i) * big(right, i));
      }
      return ([left = [], right = []]) =>
        Float64Array.from({ length: size }, (_, i) => Number(left[i]) * Number(right[i]));
    }
    case "max":
      return ([tensor = []]) => largest(tensor, operation.indices, operation.length, size);
    case "argmax":
      return ([tensor = []]) =>
        Float64Array.from({ length: size }, (_, i) => firstLargest(tensor, i, operation.length));
    case "lookup":
      return isSafe([...(ranges[0] ?? []), ...range, widestLine(operation, ranges[0] ?? [])])
        ? ([tensor = []]) => Float64Array.from({ length: size }, (_, i) => lookUp(operation, Number(tensor[i])))
        : ([tensor = []]) => Array.from({ length: size }, (_, i) => lookUpBig(operation, big(tensor, i)));
    case "trees":
      return ([tensor = []]) => {
        const totals = [...operation.base];
        for (const tree of operation.trees) descend(tree, tensor, totals);
        return totals;
      };
    default:
      return sums(operation, size, sizes, ranges);
  }
}

/** A sparse matrix: row r's terms are those from `starts[r]` to `starts[r + 1]`, of the concatenated inputs. */
function sums(
  operation: LinearOperation,
  size: number,
  sizes: readonly number[],
  ranges: readonly (readonly Interval[])[],
): Compute {
  const begins = sizes.map((_, source) => sizes.slice(0, source).reduce((a, b) => a + b, 0));
  const rows = Array.from({ length: size }, (_, index) => rowOf(operation, index, sizes));
  const starts = new Int32Array(size + 1);
  for (const [index, { terms }] of rows.entries()) starts[index + 1] = (starts[index] ?? 0) + terms.length;
  const from = Int32Array.from(
    rows.flatMap(({ terms }) => terms.map((term) => (begins[term.source] ?? 0) + term.index)),
  );
  const weights = Float64Array.from(rows.flatMap(({ terms }) => terms.map((term) => term.weight)));
  // Not only the sum but every part of it has to stay exact, in whatever order the terms come.
  const isExact = rows.every(({ bias, terms }) => {
    let most = bias < 0n ? -bias : bias;
    for (const { source, index, weight } of terms) most += BigInt(Math.abs(weight)) * sizeOf(ranges[source]?.[index]);
    return most <= MOST;
  });
  if (isExact) {
    const biases = Float64Array.from(rows, ({ bias }) => Number(bias));
    return (inputs) => {
      const all =
        inputs.length === 1
          ? doubles(inputs[0] ?? [])
          : Float64Array.from(inputs.flatMap((each) => Array.from(doubles(each))));
      const out = new Float64Array(size);
      for (let row = 0; row < size; row++) {
        let total = biases[row] ?? 0;
        const end = starts[row + 1] ?? 0;
        for (let k = starts[row] ?? 0; k < end; k++) total += (weights[k] ?? 0) * (all[from[k] ?? 0] ?? 0);
        out[row] = total;
      }
      return out;
    };
  }
  const factors = Array.from(weights, BigInt);
  return (inputs) => {
    const all = inputs.flatMap((each) => Array.from(each, BigInt));
    return rows.map(({ bias }, row) => {
      let total = bias;
      const end = starts[row + 1] ?? 0;
      for (let k = starts[row] ?? 0; k < end; k++) total += (factors[k] ?? 0n) * (all[from[k] ?? 0] ?? 0n);
      return total;
    });
  };
}

function bendDoubles(operation: Rescale | Relu): Compute {
  const { shifts } = operation;
  const halves = shifts.map((shift) => Number(halfOf(shift)));
  const divisors = shifts.map((shift) => 2 ** shift);
  const [negative, positive] = factorsOf(operation);
  return ([tensor = []]) => {
    const out = new Float64Array(shifts.length);
    for (let i = 0; i < out.length; i++) {
      const quotient = Math.floor((Number(tensor[i]) + (halves[i] ?? 0)) / (divisors[i] ?? 1));
      // Adding zero makes no difference but to a negative zero.
      out[i] = quotient * (quotient < 0 ? negative : positive) + 0;
    }
    return out;
  };
}

function bendBigInts(operation: Rescale | Relu): Compute {
  const { shifts } = operation;
  const [negative, positive] = factorsOf(operation).map(BigInt) as [bigint, bigint];
  return ([tensor = []]) =>
    shifts.map((shift, i) => {
      const quotient = (big(tensor, i) + halfOf(shift)) >> BigInt(shift);
      return quotient * (quotient < 0n ? negative : positive);
    });
}

/** What a quotient is multiplied with below zero, and from zero on. */
function factorsOf(operation: Rescale | Relu): [number, number] {
  return operation.kind === "rescale" ? [1, 1] : [operation.slope.numerator, 2 ** operation.slope.bits];
}

function largest(tensor: Tensor, indices: readonly number[], length: number, size: number): Tensor {
  const pick = (group: number): number | bigint => {
    const run = indices.slice(group * length, (group + 1) * length).filter((index) => index >= 0);
    return run.map((index) => tensor[index] ?? 0).reduce((a, b) => (b > a ? b : a));
  };
  if (tensor instanceof Float64Array) return Float64Array.from({ length: size }, (_, group) => Number(pick(group)));
  return Array.from({ length: size }, (_, group) => BigInt(pick(group)));
}

function firstLargest(tensor: Tensor, group: number, length: number): number {
  let best = 0;
  for (let i = 1; i < length; i++) {
    if ((tensor[group * length + i] ?? 0) > (tensor[group * length + best] ?? 0)) best = i;
  }
  return best;
}

function binOf(thresholds: readonly number[], value: number | bigint): number {
  const bin = thresholds.findIndex((threshold) => value < threshold);
  return bin === -1 ? thresholds.length : bin;
}

/** What a product of a slope and a value, and an intercept with it, can be at most. */
function widestLine({ slopes, intercepts }: Lookup, ranges: readonly Interval[]): Interval {
  const [slope, intercept] = [slopes, intercepts].map((numbers) => BigInt(Math.max(...numbers.map(Math.abs))));
  const hi = largestOf(ranges) * (slope ?? 0n) + (intercept ?? 0n);
  return { lo: -hi, hi };
}

function lookUp({ thresholds, slopes, intercepts }: Lookup, value: number): number {
  const bin = binOf(thresholds, value);
  return value * (slopes[bin] ?? 0) + (intercepts[bin] ?? 0) + 0;
}

function lookUpBig({ thresholds, slopes, intercepts }: Lookup, value: bigint): bigint {
  const bin = binOf(thresholds, value);
  return value * BigInt(slopes[bin] ?? 0) + BigInt(intercepts[bin] ?? 0);
}

function descend(tree: TreeNode, tensor: Tensor, totals: bigint[]): void {
  let node = tree;
  while (!isLeaf(node)) node = (tensor[node.feature] ?? 0) >= node.threshold ? node.above : node.below;
  for (const [k, target] of node.targets.entries()) {
    totals[target] = (totals[target] ?? 0n) + BigInt(node.weights[k] ?? 0);
  }
}

const MOST = BigInt(Number.MAX_SAFE_INTEGER);

/** Whether doubles hold all of these exactly, and halves added to them. */
function isSafe(intervals: readonly Interval[], shifts: readonly number[] = []): boolean {
  return largestOf(intervals) + halfOf(Math.max(0, ...shifts)) <= MOST;
}

function largestOf(intervals: readonly Interval[]): bigint {
  return intervals.map(sizeOf).reduce((a, b) => (a > b ? a : b), 0n);
}

function sizeOf(interval: Interval | undefined): bigint {
  if (interval === undefined) return 0n;
  return -interval.lo > interval.hi ? -interval.lo : interval.hi;
}

function big(tensor: Tensor, index: number): bigint {
  return BigInt(tensor[index] ?? 0);
}

function doubles(tensor: Tensor): Float64Array {
  return tensor instanceof Float64Array ? tensor : Float64Array.from(tensor, Number);
}

/** Too many or too few numbers for a model. */
export class InputSizeError extends Error {
  override readonly name = "InputSizeError";
  readonly given: number;
  readonly expected: number;

  constructor(given: number, expected: number) {
    super(`The model takes ${expected} numbers, got ${given}. Give one for each field, in the fields' order.`);
    this.given = given;
    this.expected = expected;
  }
}

/** A number that the model's circuit has no witness for. */
export class InputRangeError extends Error {
  override readonly name = "InputRangeError";
  readonly index: number;
  readonly value: number;
  readonly width: number;

  constructor(index: number, value: number, width: number) {
    super(`Field ${index} takes an integer from 0 to ${2 ** width - 1}, got ${value}. It is never clamped.`);
    this.index = index;
    this.value = value;
    this.width = width;
  }
}
