/** Evaluates a graph in doubles: what the model says before it is quantised. */
import { INPUT, inputsOf } from "./graph.ts";
import type { Conv, Dense, Gather, Graph, Leaf, Maximum, Node, Normalize, Operator, TreeNode, Trees } from "./graph.ts";

/** Every tensor of the graph by its name, for one input. */
export function evaluate(graph: Graph, input: Float64Array): Map<string, Float64Array> {
  if (input.length !== graph.inputSize) throw new WrongInputSizeError(graph.inputSize, input.length);
  const tensors = new Map([[INPUT, input]]);
  for (const node of graph.nodes) {
    const inputs = inputsOf(node.operator).map((name) => tensorOf(tensors, node, name));
    tensors.set(node.id, step(node, inputs));
  }
  return tensors;
}

function tensorOf(tensors: ReadonlyMap<string, Float64Array>, node: Node, name: string): Float64Array {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new MissingTensorError(node.id, name);
  return tensor;
}

/** The tensor that an operator makes of those that it reads; most read one. */
type Step<T> = (operator: T, input: Float64Array, size: number, inputs: readonly Float64Array[]) => Float64Array;

const STEPS: { readonly [Kind in Operator["kind"]]: Step<Extract<Operator, { kind: Kind }>> } = {
  dense: multiply,
  conv: convolve,
  gather,
  affine: ({ multipliers, offsets }, input) =>
    input.map((value, index) => value * at(multipliers, index) + at(offsets, index)),
  sum: ({ coefficients }, _, size, inputs) =>
    new Float64Array(size).map((__, index) =>
      inputs.reduce((sum, input, which) => sum + (coefficients[which] as number) * at(input, index), 0),
    ),
  product: (_, left, __, [, right = left]) => left.map((value, index) => value * at(right, index)),
  max: maximum,
  argmax: ({ length }, input) => Float64Array.from(runsOf(input, length), (run) => run.indexOf(largestOf(run))),
  softmax: ({ length }, input) => mapRuns(input, length, softmax),
  normalize: (operator, input) => mapRuns(input, operator.length, (run) => normalize(operator, run)),
  trees: sumTrees,
  relu: (_, input) => input.map((value) => Math.max(value, 0)),
  leakyRelu: ({ slope }, input) => input.map((value) => (value < 0 ? value * slope : value)),
  clip: ({ min, max }, input) => input.map((value) => Math.min(Math.max(value, min), max)),
  sigmoid: (_, input) => input.map((value) => 1 / (1 + Math.exp(-value))),
  tanh: (_, input) => input.map(Math.tanh),
};

function step({ operator, size }: Node, inputs: readonly Float64Array[]): Float64Array {
  const [input = new Float64Array()] = inputs;
  return (STEPS[operator.kind] as Step<Operator>)(operator, input, size, inputs);
}

const at = (numbers: Float64Array, index: number): number => numbers[index] as number;

function multiply({ weights, bias, columns }: Dense, input: Float64Array): Float64Array {
  return bias.map((start, row) => {
    let sum = start;
    const first = row * columns;
    for (let column = 0; column < columns; column++) sum += at(weights, first + column) * at(input, column);
    return sum;
  });
}

/** The output's height and width follow from the input's and the padding. */
function convolve({ geometry, weights, bias }: Conv, input: Float64Array, size: number): Float64Array {
  const { channels, height, width, filters, kernel, strides, dilations, pads, groups } = geometry;
  const rows = Math.floor((height + pads[0] + pads[2] - dilations[0] * (kernel[0] - 1) - 1) / strides[0]) + 1;
  const columns = size / filters / rows;
  const perGroup = channels / groups;
  const output = new Float64Array(size);
  let weight = 0;
  for (let filter = 0; filter < filters; filter++) {
    const plane = filter * rows * columns;
    output.fill(at(bias, filter), plane, plane + rows * columns);
    const firstChannel = Math.floor((filter * groups) / filters) * perGroup;
    for (let channel = firstChannel; channel < firstChannel + perGroup; channel++) {
      for (let y = 0; y < kernel[0]; y++) {
        for (let x = 0; x < kernel[1]; x++, weight++) {
          const factor = at(weights, weight);
          const top = y * dilations[0] - pads[0];
          const left = x * dilations[1] - pads[1];
          addShifted(output, input, { factor, plane, rows, columns, top, left, channel, height, width, strides });
        }
      }
    }
  }
  return output;
}

type Shift = {
  readonly factor: number;
  readonly plane: number;
  readonly rows: number;
  readonly columns: number;
  readonly top: number;
  readonly left: number;
  readonly channel: number;
  readonly height: number;
  readonly width: number;
  readonly strides: readonly [number, number];
};

/** Adds to a plane what one weight takes from one channel. */
function addShifted(output: Float64Array, input: Float64Array, shift: Shift): void {
  const { factor, plane, rows, columns, top, left, channel, height, width, strides } = shift;
  const firstColumn = Math.max(Math.ceil(-left / strides[1]), 0);
  const lastColumn = Math.min(Math.floor((width - 1 - left) / strides[1]), columns - 1);
  for (let row = 0; row < rows; row++) {
    const y = row * strides[0] + top;
    if (y < 0 || y >= height) continue;
    const from = (channel * height + y) * width + left;
    const to = plane + row * columns;
    for (let column = firstColumn; column <= lastColumn; column++) {
      output[to + column] = at(output, to + column) + factor * at(input, from + column * strides[1]);
    }
  }
}

function gather({ indices }: Gather, first: Float64Array, size: number, inputs: readonly Float64Array[]): Float64Array {
  const all = inputs.length === 1 ? first : joined(inputs);
  const output = new Float64Array(size);
  for (let place = 0; place < size; place++) {
    const index = indices[place] as number;
    if (index !== -1) output[place] = at(all, index);
  }
  return output;
}

function joined(inputs: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(inputs.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const input of inputs) {
    all.set(input, start);
    start += input.length;
  }
  return all;
}

function maximum({ indices, length }: Maximum, input: Float64Array, size: number): Float64Array {
  return new Float64Array(size).map((_, group) => {
    let largest = -Infinity;
    for (let place = group * length; place < (group + 1) * length; place++) {
      const index = indices[place] as number;
      if (index !== -1) largest = Math.max(largest, at(input, index));
    }
    return largest;
  });
}

function* runsOf(input: Float64Array, length: number): Generator<Float64Array> {
  for (let start = 0; start < input.length; start += length) yield input.subarray(start, start + length);
}

function mapRuns(input: Float64Array, length: number, apply: (run: Float64Array) => Float64Array): Float64Array {
  return joined(Array.from(runsOf(input, length), apply));
}

const largestOf = (run: Float64Array): number => run.reduce((largest, value) => Math.max(largest, value));

function softmax(run: Float64Array): Float64Array {
  const largest = largestOf(run);
  const powers = run.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power);
  return powers.map((power) => power / sum);
}

/** Where the norm is zero, the run stays as it is. The norm "max" is the largest element, not the largest magnitude. */
function normalize({ norm }: Normalize, run: Float64Array): Float64Array {
  const size = NORMS[norm](run);
  return size === 0 ? run : run.map((value) => value / size);
}

const NORMS: Readonly<Record<Normalize["norm"], (run: Float64Array) => number>> = {
  l1: (run) => run.reduce((sum, value) => sum + Math.abs(value), 0),
  l2: (run) => Math.sqrt(run.reduce((sum, value) => sum + value * value, 0)),
  max: largestOf,
};

function sumTrees({ trees, base, precision }: Trees, input: Float64Array): Float64Array {
  const round = precision === "float32" ? Math.fround : (value: number): number => value;
  const rounded = input.map(round);
  const sums = base.slice();
  for (const tree of trees) {
    const { targets, weights } = leafOf(tree, (feature, threshold, comparison) => {
      const value = at(rounded, feature);
      return comparison === "<" ? value < round(threshold) : value <= round(threshold);
    });
    targets.forEach((target, index) => {
      sums[target] = at(sums, target) + (weights[index] as number);
    });
  }
  return sums;
}

/** Where a tree ends for one input. */
function leafOf(tree: TreeNode, holds: (feature: number, threshold: number, comparison: "<" | "<=") => boolean): Leaf {
  let node = tree;
  while ("feature" in node) {
    node = holds(node.feature, node.threshold, node.comparison) ? node.below : node.above;
  }
  return node;
}

/** Too few or too many numbers for a model. */
export class WrongInputSizeError extends Error {
  override readonly name = "WrongInputSizeError";
  constructor(expected: number, given: number) {
    super(`The model takes ${expected} numbers, and was given ${given}.`);
  }
}

/** A graph with a node that reads what no node before it makes. */
export class MissingTensorError extends Error {
  override readonly name = "MissingTensorError";
  constructor(node: string, tensor: string) {
    super(`Node "${node}" reads "${tensor}", which no node before it makes.`);
  }
}
