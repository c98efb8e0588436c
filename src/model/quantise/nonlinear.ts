/** Activations and comparisons in integers. Each that cuts numbers to bits also rescales them, which then costs nothing. */
import type { Clip, LeakyRelu, Maximum, Sigmoid, Tanh } from "../graph.ts";
import { scaleOf, snapped, uniform, type Layer, type ProgramBuilder, type Quantised } from "./layer.ts";

/** A slope is a multiple of 2^-8. */
const SLOPE_BITS = 8;
/** Straight pieces that a curve is replaced by, within its reach; outside it is flat. */
const PIECES = 32;
/** Operands of products are rounded when they are wider. */
const WIDEST_OPERAND = 110;

const PLAIN = { numerator: 0, bits: 0 } as const;

export function quantiseRelu(input: Quantised, layer: Layer, program: ProgramBuilder): Quantised {
  const { size, scale } = flat(input);
  const shift = layer.shift ?? shiftFor(layer.most / scale, layer.activationBits);
  const operation = { kind: "relu", input: input.tensor, shifts: repeat(shift, size), slope: PLAIN } as const;
  return uniform(program.add(layer, size, operation), size, scale * 2 ** shift);
}

export function quantiseLeakyRelu(
  leaky: LeakyRelu,
  input: Quantised,
  layer: Layer,
  program: ProgramBuilder,
): Quantised {
  const { size, scale } = flat(input);
  const shift = layer.shift ?? shiftFor(layer.most / scale, layer.activationBits);
  const slope = { numerator: Math.round(leaky.slope * 2 ** SLOPE_BITS), bits: SLOPE_BITS };
  const operation = { kind: "relu", input: input.tensor, shifts: repeat(shift, size), slope } as const;
  return uniform(program.add(layer, size, operation), size, (scale * 2 ** shift) / 2 ** SLOPE_BITS);
}

/** `clip(x) = high - relu(high - low - relu(x - low))`; an end that is infinite is left out. */
export function quantiseClip(clip: Clip, input: Quantised, layer: Layer, program: ProgramBuilder): Quantised {
  const { size, scale } = flat(input);
  const most = Math.max(Math.abs(layer.least), Math.abs(layer.most));
  const shift = layer.shift ?? shiftFor(most / scale, layer.activationBits);
  const step = scale * 2 ** shift;
  let tensor = input.tensor;
  // The first of the two cuts drops the low bits as well.
  let rest = shift;
  const relu = (): string => {
    const shifts = repeat(rest, size);
    rest = 0;
    return program.add(layer, size, { kind: "relu", input: tensor, shifts, slope: PLAIN });
  };
  const move = (factor: 1 | -1, offset: number): string => {
    const offsets = Array.from({ length: size }, () => BigInt(offset) << BigInt(rest));
    return program.add(layer, size, { kind: "affine", input: tensor, multipliers: repeat(factor, size), offsets });
  };
  const [low, high] = [Math.round(clip.min / step), Math.round(clip.max / step)];
  if (Number.isFinite(low)) {
    tensor = low === 0 ? tensor : move(1, -low);
    tensor = relu();
    tensor = low === 0 ? tensor : move(1, low);
  }
  if (Number.isFinite(high)) {
    tensor = move(-1, high);
    tensor = relu();
    tensor = move(-1, high);
  }
  return uniform(tensor, size, step);
}

const CURVES = {
  sigmoid: { reach: 8, valueAt: (x: number): number => 1 / (1 + Math.exp(-x)) },
  tanh: { reach: 4, valueAt: Math.tanh },
} as const;

/**
 * A curve as straight pieces between points on it. The table is made here, once: what is proven is the table.
 */
export function quantiseCurve(
  { kind }: Sigmoid | Tanh,
  input: Quantised,
  layer: Layer,
  program: ProgramBuilder,
): Quantised {
  const { size, scale } = flat(input);
  const { reach, valueAt } = CURVES[kind];
  const shift = layer.shift ?? worthwhile(shiftFor(reach / scale, layer.activationBits), input, program);
  const step = scale * 2 ** shift;
  const rescale = { kind: "rescale", input: input.tensor, shifts: repeat(shift, size) } as const;
  const tensor = shift === 0 ? input.tensor : program.add(layer, size, rescale);
  const edge = Math.ceil(reach / step);
  const thresholds = [...new Set(repeat(0, PIECES + 1).map((_, at) => Math.round((2 * at * edge) / PIECES) - edge))];
  const fine = snapped(Math.min(step, 1) / 2 ** SLOPE_BITS, layer);
  const height = (at: number): number => Math.round(valueAt(at * step) / fine);
  const pieces = thresholds.slice(1).map((to, at) => {
    const from = thresholds[at] as number;
    const slope = Math.round((height(to) - height(from)) / (to - from));
    return { slope, intercept: height(from) - slope * from };
  });
  const flatEnds = [height(-edge), height(edge)] as const;
  const operation = {
    kind: "lookup",
    input: tensor,
    thresholds,
    slopes: [0, ...pieces.map(({ slope }) => slope), 0],
    intercepts: [flatEnds[0], ...pieces.map(({ intercept }) => intercept), flatEnds[1]],
  } as const;
  return uniform(program.add(layer, size, operation), size, fine);
}

/** Cutting a number costs all of its bits, and saves two for each that is dropped: one at either end of its bin. */
function worthwhile(shift: number, input: Quantised, program: ProgramBuilder): number {
  return 2 * shift > program.bitsOf(input.tensor) ? shift : 0;
}

export function quantiseProduct(left: Quantised, right: Quantised, layer: Layer, program: ProgramBuilder): Quantised {
  const a = narrowed(left, layer, program);
  const b = left === right ? a : narrowed(right, layer, program);
  const size = a.scales.length;
  const tensor = program.add(layer, size, { kind: "product", left: a.tensor, right: b.tensor });
  return uniform(tensor, size, flat(a).scale * flat(b).scale);
}

/** Rounding waits for as long as numbers fit, since multiplying costs less than cutting to bits. */
function narrowed(input: Quantised, layer: Layer, program: ProgramBuilder): Quantised {
  const { size, scale } = flat(input);
  const shift = program.bitsOf(input.tensor) - layer.activationBits;
  if (program.bitsOf(input.tensor) <= WIDEST_OPERAND) return input;
  const operation = { kind: "rescale", input: input.tensor, shifts: repeat(shift, size) } as const;
  return uniform(program.add(layer, size, operation), size, scale * 2 ** shift);
}

export function quantiseMaximum(
  max: Maximum,
  input: Quantised,
  size: number,
  layer: Layer,
  program: ProgramBuilder,
): Quantised {
  const { scale } = flat(input);
  const indices = Array.from(max.indices);
  return uniform(
    program.add(layer, size, { kind: "max", input: input.tensor, length: max.length, indices }),
    size,
    scale,
  );
}

export function quantiseArgMax(
  length: number,
  input: Quantised,
  size: number,
  layer: Layer,
  program: ProgramBuilder,
): Quantised {
  return uniform(program.add(layer, size, { kind: "argmax", input: input.tensor, length }), size, 1);
}

/** By how much to shift so that the largest number seen takes all the bits. */
export function shiftFor(most: number, bits: number): number {
  return Math.max(0, Math.ceil(Math.log2(Math.max(1, most) / (2 ** bits - 1))));
}

function flat(input: Quantised): { size: number; scale: number } {
  const scale = scaleOf(input);
  if (scale === undefined) throw new UnevenTensorError(input.tensor);
  return { size: input.scales.length, scale };
}

function repeat(value: number, count: number): number[] {
  return Array.from({ length: count }, () => value);
}

/** The compiler treated numbers of different scales as if they had one: a mistake of its own. */
export class UnevenTensorError extends Error {
  override readonly name = "UnevenTensorError";

  constructor(tensor: string) {
    super(`The numbers of ${tensor} have different scales. They must be brought to one first.`);
  }
}
