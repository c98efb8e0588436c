/** Small programs, one for each operation, whose circuits compile in a second. */
import { intervalsOf } from "../../src/model/program/intervals.ts";
import type { Operation, OutputField, Program, Step, TreeNode } from "../../src/model/program/program.ts";

/** A step that is named after its operation. */
export function step(id: string, size: number, operation: Operation): Step {
  return { id, size, origin: id, operation };
}

/** A program with a public input, whose output is all of the last step's numbers, as wide as they can get. */
export function programOf(widths: readonly number[], ...steps: readonly [Step, ...Step[]]): Program {
  const program: Program = {
    input: { visibility: "public", widths },
    steps,
    output: { visibility: "public", fields: [] },
  };
  const last = steps.at(-1) as Step;
  const intervals = intervalsOf(program).get(last.id) ?? [];
  const fields = intervals.map(({ lo, hi }, index): OutputField => {
    const bits = Math.max(...[lo, hi].map((end) => (end < 0n ? -end - 1n : end).toString(2).length)) + 1;
    return { tensor: last.id, index, bits, encoding: "offset" };
  });
  return { ...program, output: { visibility: "public", fields } };
}

const dense = step("dense", 3, {
  kind: "dense",
  input: "input",
  columns: 4,
  weights: [3, -5, 7, 0, -2, 9, -3, -1, 1, 1, -40, 2],
  bias: [5n, -700n, 100n],
});

const privately = (bits: number, shift: number): Step => {
  return step("private", 3, {
    kind: "privateDense",
    input: "input",
    columns: 4,
    bits,
    shift,
    secret: { weights: [3, -5, 7, 0, -2, 9, -3, -1, 1, 1, -40, 2], bias: [5n, -700n, 100n] },
  });
};

const leaf = (...weights: number[]): TreeNode => ({ targets: weights.map((_, target) => target), weights });
const branch = (feature: number, threshold: number, below: TreeNode, above: TreeNode): TreeNode => {
  return { feature, threshold, below, above };
};

const PLAIN = { numerator: 0, bits: 0 };
const FOUR = [8, 8, 5, 1];

/** By the name of what each tries. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  "dense layers": programOf(FOUR, dense),
  "private weights": programOf(FOUR, privately(13, 0)),
  "private weights, two layers, in groups of rows": programOf(
    FOUR,
    privately(100, 3),
    step("relu", 3, { kind: "relu", input: "private", shifts: [3, 3, 3], slope: PLAIN }),
    step("second", 2, {
      kind: "privateDense",
      input: "relu",
      columns: 3,
      bits: 120,
      shift: 2,
      secret: { weights: [1, -2, 0, -7, 1, 1], bias: [-100n, 1n] },
    }),
    step("leaky", 2, { kind: "relu", input: "second", shifts: [2, 2], slope: { numerator: -3, bits: 2 } }),
  ),
  "private weights, whose sums are cut twice": programOf(
    FOUR,
    privately(14, 4),
    step("rescale", 3, { kind: "rescale", input: "private", shifts: [4, 4, 4] }),
    step("other", 3, { kind: "rescale", input: "private", shifts: [5, 4, 0] }),
    step("sum", 3, { kind: "sum", inputs: ["rescale", "other"], coefficients: [1, 2] }),
  ),
  "gathers, sums and factors": programOf(
    FOUR,
    step("gather", 4, { kind: "gather", inputs: ["input"], indices: [3, -1, 0, 0] }),
    step("affine", 4, { kind: "affine", input: "gather", multipliers: [5, 7, -2, 0], offsets: [-9n, 3n, 0n, 8n] }),
    step("sum", 4, { kind: "sum", inputs: ["affine", "input"], coefficients: [-3, 11] }),
  ),
  "a convolution with padding, strides, dilations and groups": programOf(
    Array.from({ length: 32 }, () => 4),
    step("conv", 16, {
      kind: "conv",
      input: "input",
      geometry: {
        channels: 2,
        height: 4,
        width: 4,
        filters: 4,
        kernel: [2, 2],
        strides: [2, 3],
        dilations: [2, 1],
        pads: [1, 0, 1, 1],
        groups: 2,
      },
      weights: [1, -2, 3, -4, 5, -6, 7, -7, 2, 2, -3, 1, 0, 4, -1, 6],
      bias: [1n, -20n, 30n, 0n],
    }),
    step("relu", 16, {
      kind: "relu",
      input: "conv",
      shifts: Array.from({ length: 16 }, (_, i) => i % 4),
      slope: PLAIN,
    }),
  ),
  rescaling: programOf(FOUR, dense, step("rescale", 3, { kind: "rescale", input: "dense", shifts: [3, 0, 14] })),
  ReLU: programOf(FOUR, dense, step("relu", 3, { kind: "relu", input: "dense", shifts: [2, 0, 5], slope: PLAIN })),
  "leaky ReLU": programOf(
    FOUR,
    dense,
    step("leaky", 3, { kind: "relu", input: "dense", shifts: [4, 0, 1], slope: { numerator: 3, bits: 4 } }),
  ),
  "leaky ReLU that turns the lower part around": programOf(
    FOUR,
    dense,
    step("turned", 3, { kind: "relu", input: "dense", shifts: [4, 0, 1], slope: { numerator: -3, bits: 2 } }),
  ),
  "squares of squares, beyond doubles": programOf(
    [16, 16],
    step("once", 2, { kind: "product", left: "input", right: "input" }),
    step("less", 2, { kind: "affine", input: "once", multipliers: [-1, 3], offsets: [7n, -(2n ** 33n)] }),
    step("twice", 2, { kind: "product", left: "less", right: "less" }),
    step("cut", 2, { kind: "relu", input: "twice", shifts: [31, 0], slope: { numerator: 1, bits: 1 } }),
  ),
  "products of unlike signs": programOf(
    FOUR,
    dense,
    step("turn", 3, { kind: "gather", inputs: ["dense"], indices: [1, 2, 0] }),
    step("product", 3, { kind: "product", left: "dense", right: "turn" }),
  ),
  "the largest": programOf(
    FOUR,
    dense,
    step("max", 3, { kind: "max", input: "dense", length: 3, indices: [0, 1, 2, 2, -1, 0, 1, 1, -1] }),
  ),
  "the first of the largest, some of which are the same": programOf(
    FOUR,
    step("few", 5, { kind: "gather", inputs: ["input"], indices: [2, 2, 3, 2, -1] }),
    step("argmax", 1, { kind: "argmax", input: "few", length: 5 }),
  ),
  "the first of the largest": programOf(
    [2, 2, 2, 2, 2],
    step("argmax", 1, { kind: "argmax", input: "input", length: 5 }),
  ),
  "straight pieces": programOf(
    FOUR,
    dense,
    step("lookup", 3, {
      kind: "lookup",
      input: "dense",
      thresholds: [-5000, -500, 0, 1, 250, 900_000],
      slopes: [0, 2, -1, 0, 4, 3, 1],
      intercepts: [-5, 0, 3, 90, -7, 1, 1],
    }),
  ),
  "trees of one output": programOf(
    [8, 6],
    step("trees", 1, {
      kind: "trees",
      input: "input",
      base: [10n],
      trees: [
        branch(0, 100, branch(1, 7, leaf(5), leaf(-6)), branch(0, 101, leaf(70), branch(1, 63, leaf(1), leaf(-90)))),
        branch(1, 1, leaf(4), leaf(9)),
        branch(0, 300, leaf(2), leaf(1000)),
      ],
    }),
  ),
  "trees of many outputs": programOf(
    [8, 6, 8],
    step("moved", 3, { kind: "affine", input: "input", multipliers: [1, -2, 1], offsets: [-100n, 5n, 0n] }),
    step("trees", 3, {
      kind: "trees",
      input: "moved",
      base: [0n, -3n, 0n],
      trees: [
        branch(0, 0, branch(1, -50, leaf(5, 1, 1), leaf(0, 2, -6)), branch(2, 128, leaf(1, 2, 3), leaf(7, 7, 7))),
        branch(2, 0, leaf(100, 0, 0), branch(2, 255, leaf(0, 1), leaf(-5))),
      ],
    }),
  ),
};
