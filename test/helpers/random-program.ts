/** Random programs: a few small steps of any kind, one after the other, on fields of random widths. */
import { signedBits } from "../../src/model/integers.ts";
import { intervalsOf, type Interval } from "../../src/model/program/intervals.ts";
import { outputPlane } from "../../src/model/program/linear-rows.ts";
import type {
  Conv,
  Dense,
  Operation,
  OutputField,
  Program,
  Step,
  TreeNode,
  Visibility,
} from "../../src/model/program/program.ts";
import { sumBits } from "../../src/model/program/secrets.ts";
import { times, type Random } from "./random.ts";

/** A tensor that a step may read. */
type Known = { readonly id: string; readonly intervals: readonly Interval[] };
type Made = { readonly size: number; readonly operation: Operation };

const MOST_FIELDS = 6;
const MOST_NUMBERS = 8;
/** Numbers stay below this many bits, whatever the steps. */
const WIDEST = 200;
const WIDEST_OPERAND = 90;
const MOST_OUTPUTS = 4;
const MOST_OUTPUT_BITS = 252;

/** A program of one to three steps. */
export function randomProgram(random: Random): Program {
  const widths = times(2 + random.below(MOST_FIELDS - 1), () => random.pick([1, 1, 2, 3, 4, 5, 8, 8, 12, 16]));
  const visibility = random.pick(["hidden", "public", "public"]);
  let program: Program = { input: { visibility, widths }, steps: [], output: { visibility, fields: [] } };
  const count = 1 + random.below(3);
  while (program.steps.length < count) {
    const { id, size, operation } = randomStep(`s${program.steps.length}`, knownIn(program), random);
    const next = { ...program, steps: [...program.steps, { id, size, origin: operation.kind, operation }] };
    const numbers = intervalsOf(next).get(id) ?? [];
    if (numbers.every(({ lo, hi }) => signedBits(lo, hi) <= WIDEST)) program = next;
  }
  const answer = visibility === "public" ? "public" : random.pick(["hidden", "public"]);
  return { ...program, output: { visibility: answer, fields: randomFields(program, answer, random) } };
}

function knownIn(program: Program): Known[] {
  return [...intervalsOf(program)].map(([id, intervals]) => ({ id, intervals }));
}

/** Mostly on the last tensor, so that steps build on each other. */
function randomStep(id: string, known: readonly Known[], random: Random): Omit<Step, "origin"> {
  const last = known.at(-1) as Known;
  const input = random.below(4) === 0 ? (known[random.below(known.length)] as Known) : last;
  const make = MAKERS[random.below(MAKERS.length)] as Maker;
  const made = make(input, known, random) ?? dense(input, known, random);
  return { id, ...made };
}

/** Null where the tensor does not suit. */
type Maker = (input: Known, known: readonly Known[], random: Random) => Made | null;

const around = (random: Random, size: number): number => random.below(2 * size + 1) - size;
const weight = (random: Random): number => around(random, random.pick([1, 9, 9, 1000]));

const dense = ({ id, intervals }: Known, _: readonly Known[], random: Random): Made & { readonly operation: Dense } => {
  const size = 1 + random.below(4);
  const weights = times(size * intervals.length, () => weight(random));
  const bias = times(size, () => BigInt(around(random, 500)));
  return { size, operation: { kind: "dense", input: id, columns: intervals.length, weights, bias } };
};

const privateDense: Maker = (input, known, random) => {
  const { size, operation } = dense(input, known, random);
  const { columns, weights, bias } = operation;
  const shift = random.below(6);
  const secret = { weights, bias };
  const named = { kind: "privateDense", input: input.id, columns, bits: 2, shift, secret } as const;
  const bits = sumBits(input.id, named, size, shift, input.intervals) + random.pick([0, 1, 40]);
  return bits > WIDEST ? null : { size, operation: { ...named, bits } };
};

const conv: Maker = ({ id, intervals: { length } }, _, random) => {
  const channels = length % 2 === 0 ? random.pick([1, 2]) : 1;
  const area = length / channels;
  const height = random.pick([1, ...[2, 3].filter((each) => area % each === 0)]);
  const groups = random.pick([1, channels]);
  const pads = times(4, () => random.below(2)) as [number, number, number, number];
  const dilations = [1 + random.below(2), 1 + random.below(2)] as const;
  const reach = [height + pads[0] + pads[2], area / height + pads[1] + pads[3]] as const;
  const kernelAlong = (axis: 0 | 1): number => 1 + random.below(Math.min(2, Math.ceil(reach[axis] / dilations[axis])));
  const geometry: Conv["geometry"] = {
    channels,
    height,
    width: area / height,
    filters: groups * (1 + random.below(2)),
    kernel: [kernelAlong(0), kernelAlong(1)],
    strides: [1 + random.below(2), 1 + random.below(2)],
    dilations: [...dilations],
    pads,
    groups,
  };
  const [rows, columns] = outputPlane(geometry);
  const size = geometry.filters * rows * columns;
  if (rows < 1 || columns < 1 || size > 3 * MOST_NUMBERS) return null;
  const taps = (geometry.filters * channels * geometry.kernel[0] * geometry.kernel[1]) / groups;
  const bias = times(geometry.filters, () => BigInt(around(random, 50)));
  return { size, operation: { kind: "conv", input: id, geometry, weights: times(taps, () => weight(random)), bias } };
};

const affine: Maker = ({ id, intervals: { length } }, _, random) => ({
  size: length,
  operation: {
    kind: "affine",
    input: id,
    multipliers: times(length, () => weight(random)),
    offsets: times(length, () => BigInt(around(random, 300))),
  },
});

const sum: Maker = ({ id, intervals: { length } }, known, random) => {
  const others = known.filter((each) => each.intervals.length === length && each.id !== id);
  const inputs = [id, ...others.slice(0, 1).map((other) => other.id)];
  const coefficients = inputs.map(() => random.pick([-3, -1, 1, 2, 11]));
  return { size: length, operation: { kind: "sum", inputs, coefficients } };
};

const gather: Maker = ({ id, intervals: { length } }, known, random) => {
  const other = known[random.below(known.length)] as Known;
  const total = length + other.intervals.length;
  const size = 1 + random.below(MOST_NUMBERS - 2);
  const indices = times(size, () => random.below(total + 1) - 1);
  return { size, operation: { kind: "gather", inputs: [id, other.id], indices } };
};

const shiftsFor = ({ intervals }: Known, random: Random): number[] =>
  intervals.map(({ lo, hi }) => random.pick([0, random.below(signedBits(lo, hi) + 2), random.below(6)]));

const rescale: Maker = (input, _, random) => ({
  size: input.intervals.length,
  operation: { kind: "rescale", input: input.id, shifts: shiftsFor(input, random) },
});

const relu: Maker = (input, _, random) => {
  const slope = random.pick([
    { numerator: 0, bits: 0 },
    { numerator: 0, bits: 0 },
    { numerator: 3, bits: 4 },
    { numerator: -3, bits: 2 },
    { numerator: 1, bits: 0 },
  ]);
  return {
    size: input.intervals.length,
    operation: { kind: "relu", input: input.id, shifts: shiftsFor(input, random), slope },
  };
};

const product: Maker = (left, known, random) => {
  const isNarrow = ({ intervals }: Known): boolean =>
    intervals.every(({ lo, hi }) => signedBits(lo, hi) <= WIDEST_OPERAND);
  const rights = known.filter((each) => each.intervals.length === left.intervals.length && isNarrow(each));
  const right = rights[random.below(rights.length)];
  if (right === undefined || !isNarrow(left)) return null;
  return { size: left.intervals.length, operation: { kind: "product", left: left.id, right: right.id } };
};

const max: Maker = ({ id, intervals }, _, random) => {
  const size = 1 + random.below(3);
  const length = 1 + random.below(3);
  // The first of each run is one that is there.
  const indices = times(size * length, (at) => random.below(intervals.length + 1) - (at % length === 0 ? 0 : 1));
  return {
    size,
    operation: { kind: "max", input: id, length, indices: indices.map((at) => Math.min(at, intervals.length - 1)) },
  };
};

const argmax: Maker = ({ id, intervals: { length } }, _, random) => {
  const divisors = times(length, (at) => at + 1).filter((each) => length % each === 0);
  const run = divisors[random.below(divisors.length)] ?? length;
  return { size: length / run, operation: { kind: "argmax", input: id, length: run } };
};

/** Numbers at the ends of intervals, beyond them, and between, that a double holds. */
function edgesOf(intervals: readonly Interval[], count: number, random: Random): number[] {
  return times(count, () => {
    const { lo, hi } = intervals[random.below(intervals.length)] as Interval;
    const between = lo + ((hi - lo) * BigInt(random.below(65))) / 64n;
    return Number(random.pick([lo, lo + 1n, hi, hi + 1n, between, between, between, 0n]));
  });
}

const lookup: Maker = ({ id, intervals }, _, random) => {
  const edges = new Set(edgesOf(intervals, 1 + random.below(6), random));
  const thresholds = [...edges].sort((a, b) => a - b);
  const pieces = [0, ...thresholds];
  const slopes = pieces.map(() => random.pick([0, 0, 1, around(random, 20)]));
  const intercepts = pieces.map(() => around(random, 1000));
  return { size: intervals.length, operation: { kind: "lookup", input: id, thresholds, slopes, intercepts } };
};

const trees: Maker = ({ id, intervals }, _, random) => {
  const targets = 1 + random.below(3);
  const grow = (depth: number): TreeNode => {
    if (depth === 0 || random.below(5) === 0) {
      const reached = times(targets, (target) => target).filter(() => random.below(4) > 0);
      return { targets: reached, weights: reached.map(() => around(random, 100)) };
    }
    const feature = random.below(intervals.length);
    const [threshold = 0] = edgesOf([intervals[feature] as Interval], 1, random);
    return { feature, threshold, below: grow(depth - 1), above: grow(depth - 1) };
  };
  const base = times(targets, () => BigInt(around(random, 50)));
  const all = times(1 + random.below(3), () => grow(1 + random.below(3)));
  return { size: targets, operation: { kind: "trees", input: id, base, trees: all } };
};

const MAKERS: readonly Maker[] = [
  dense,
  privateDense,
  conv,
  affine,
  sum,
  gather,
  rescale,
  relu,
  relu,
  product,
  max,
  argmax,
  lookup,
  lookup,
  trees,
  trees,
];

/** Some numbers of the last tensor, then some of the others, each as wide as it can get. */
function randomFields(program: Program, visibility: Visibility, random: Random): OutputField[] {
  const fields: OutputField[] = [];
  let left = MOST_OUTPUT_BITS;
  // An answer that is always the same cannot be hidden, and a field of the input never is.
  if (visibility === "hidden") {
    fields.push({ tensor: "input", index: 0, bits: (program.input.widths[0] ?? 0) + 1, encoding: "offset" });
    left -= fields[0]?.bits ?? 0;
  }
  for (const { id, intervals } of knownIn(program).toReversed()) {
    for (const [index, { lo, hi }] of intervals.entries()) {
      // The first one is in offset binary, so that the answer is never a wire as it stands.
      const isPlain = lo >= 0n && fields.length > 0;
      const bits = Math.max(1, signedBits(lo, hi) - (isPlain ? 1 : 0)) + random.below(2);
      if (bits > left || fields.length === MOST_OUTPUTS) continue;
      left -= bits;
      fields.push({ tensor: id, index, bits, encoding: isPlain ? "plain" : "offset" });
    }
  }
  return fields;
}
