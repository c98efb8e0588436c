/** Sums with constant weights, in integers: exact but for the rounding of the weights. */
import type { Affine, Conv, Dense, Sum } from "../graph.ts";
import { outputPlane, rowOf } from "../program/linear-rows.ts";
import { scaleOf, snapped, uniform, type Layer, type ProgramBuilder, type Quantised } from "./layer.ts";

/** Bits for the factors that bring tensors of different scales together. */
const MATCHING_BITS = 8;

export function quantiseDense(dense: Dense, input: Quantised, layer: Layer, program: ProgramBuilder): Quantised {
  const { columns, weights, bias } = dense;
  const scaled = weights.map((weight, at) => weight * (input.scales[at % columns] ?? 1));
  const shifted = bias.map((start, row) => {
    let sum = start;
    for (let column = 0; column < columns; column++) {
      sum += (weights[row * columns + column] ?? 0) * (input.offsets[column] ?? 0);
    }
    return sum;
  });
  const scale = snapped(scaleFor(scaled, layer.weightBits, shifted), layer);
  const tensor = program.addDense(layer, bias.length, {
    kind: "dense",
    input: input.tensor,
    columns,
    weights: Array.from(scaled, (weight) => rounded(weight / scale)),
    bias: Array.from(shifted, (value) => integer(value / scale)),
  });
  return uniform(tensor, bias.length, scale);
}

export function quantiseConv(
  conv: Conv,
  input: Quantised,
  layer: Layer,
  size: number,
  program: ProgramBuilder,
): Quantised {
  const inputScale = scaleOf(input);
  // Padding stands for zeros, and a zero is an integer only where there are no offsets.
  if (inputScale === undefined) return quantiseDense(toDense(conv, size, input.scales.length), input, layer, program);
  const scaled = conv.weights.map((weight) => weight * inputScale);
  const scale = snapped(scaleFor(scaled, layer.weightBits, conv.bias), layer);
  const tensor = program.add(layer, size, {
    kind: "conv",
    input: input.tensor,
    geometry: conv.geometry,
    weights: Array.from(scaled, (weight) => rounded(weight / scale)),
    bias: Array.from(conv.bias, (value) => integer(value / scale)),
  });
  return uniform(tensor, size, scale);
}

/** The same sums, with every weight of every window written out. */
function toDense({ geometry, weights, bias }: Conv, size: number, columns: number): Dense {
  const [height, width] = outputPlane(geometry);
  const operation = { kind: "conv", input: "", geometry, weights: Array.from(weights), bias: [] } as const;
  const dense = new Float64Array(size * columns);
  for (let row = 0; row < size; row++) {
    for (const { index, weight } of rowOf(operation, row, [columns]).terms) dense[row * columns + index] = weight;
  }
  const biases = Float64Array.from({ length: size }, (_, row) => bias[Math.floor(row / height / width)] ?? 0);
  return { kind: "dense", input: "", columns, weights: dense, bias: biases };
}

export function quantiseAffine(affine: Affine, input: Quantised, layer: Layer, program: ProgramBuilder): Quantised {
  const scaled = affine.multipliers.map((multiplier, at) => multiplier * (input.scales[at] ?? 1));
  const offsets = affine.offsets.map((offset, at) => offset + (affine.multipliers[at] ?? 0) * (input.offsets[at] ?? 0));
  return alike(scaled, offsets, input, layer.weightBits, layer, program);
}

/** The same numbers with one scale and without offsets, so that they can be compared, multiplied and added. */
export function made(input: Quantised, layer: Layer, program: ProgramBuilder): Quantised {
  if (scaleOf(input) !== undefined) return input;
  return alike(input.scales, input.offsets, input, Math.max(layer.weightBits, MATCHING_BITS), layer, program);
}

function alike(
  scaled: Float64Array,
  offsets: Float64Array,
  input: Quantised,
  bits: number,
  layer: Layer,
  program: ProgramBuilder,
): Quantised {
  const scale = snapped(scaleFor(scaled, bits, offsets), layer);
  const tensor = program.add(layer, scaled.length, {
    kind: "affine",
    input: input.tensor,
    multipliers: Array.from(scaled, (value) => rounded(value / scale)),
    offsets: Array.from(offsets, (value) => integer(value / scale)),
  });
  return uniform(tensor, scaled.length, scale);
}

export function quantiseSum(sum: Sum, inputs: readonly Quantised[], layer: Layer, program: ProgramBuilder): Quantised {
  const ready = inputs.map((input) => made(input, layer, program));
  const steps = ready.map((input, at) => (scaleOf(input) ?? 1) * (sum.coefficients[at] ?? 1));
  const size = ready[0]?.scales.length ?? 0;
  // The finest of the inputs keeps its precision, however coarse the others are.
  const finest = Math.min(...steps.map(Math.abs).map((step) => (step < LEAST ? 1 : step)));
  const isExact = isOneSize(steps) && layer.unit === undefined;
  const scale = snapped(finest / 2 ** (isExact ? 0 : MATCHING_BITS), layer);
  const tensor = program.add(layer, size, {
    kind: "sum",
    inputs: ready.map((input) => input.tensor),
    coefficients: steps.map((step) => rounded(step / scale)),
  });
  return uniform(tensor, size, scale);
}

/** Smaller weights would have scales that doubles do not hold. */
const LEAST = 2 ** -900;

/**
 * What one integer step stands for. Weights that are all of one size, as those of an average, become ones, if that leaves
 * the biases as they are.
 */
function scaleFor(weights: Float64Array, bits: number, biases: Float64Array): number {
  const most = Math.max(mostOf(weights), LEAST);
  if (most === LEAST) return Math.max(mostOf(biases), LEAST) / (2 ** (bits - 1) - 1);
  const isWhole = biases.every((bias) => Number.isInteger(bias / most));
  return isOneSize(weights) && isWhole ? most : most / (2 ** (bits - 1) - 1);
}

function mostOf(numbers: Float64Array): number {
  return numbers.reduce((best, each) => Math.max(best, Math.abs(each)), 0);
}

function isOneSize(weights: Iterable<number>): boolean {
  return new Set(Array.from(weights, Math.abs).filter((size) => size !== 0)).size <= 1;
}

function rounded(value: number): number {
  return Math.round(value) + 0;
}

function integer(value: number): bigint {
  return BigInt(Math.round(value));
}
