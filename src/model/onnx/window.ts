/** Windows that slide over planes: what convolutions and pools have in common. */
import {
  BadNodeError,
  intAttribute,
  intsAttribute,
  requireRank,
  stringAttribute,
  UnsupportedOperatorError,
} from "./node.ts";
import type { OnnxNode } from "./node.ts";
import { sizeOf } from "./value.ts";
import type { Shape } from "./value.ts";

/** Two spatial axes, of which the first has length 1 where the model has one. */
export type Window = {
  readonly channels: number;
  readonly input: Pair;
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  /** As in the file, before `end` is added. */
  readonly begin: Pair;
  readonly end: Pair;
  /** How many positions the window takes; rounding up may lead it beyond the padding. */
  readonly output: Pair;
  /** The shape of the result for so many channels. */
  shape(channels: number): Shape;
};

export type Pair = readonly [number, number];

export function windowOf(node: OnnxNode, shape: Shape, kernelShape: readonly number[]): Window {
  requireRank(node, shape, [3, 4]);
  const spatial = shape.length - 2;
  if (shape[0] !== 1) throw new UnsupportedOperatorError(node, `its batch is ${shape[0]}, and must be 1`);
  const input = shape.slice(2);
  const kernel = positive(node, "kernel_shape", kernelShape, spatial);
  const strides = positive(node, "strides", intsAttribute(node, "strides") ?? input.map(() => 1), spatial);
  const dilations = positive(node, "dilations", intsAttribute(node, "dilations") ?? input.map(() => 1), spatial);
  const axes = input.map((length, axis) => ({
    length,
    reach: (dilations[axis] as number) * ((kernel[axis] as number) - 1) + 1,
    stride: strides[axis] as number,
  }));
  const pads = padsOf(node, axes);
  const output = axes.map((along, axis) => positionsOf(node, along, pads[axis] as Pair));
  const filled = (numbers: readonly number[], none: number): Pair =>
    numbers.length === 1 ? [none, numbers[0] as number] : (numbers as unknown as Pair);
  return {
    channels: shape[1] as number,
    input: filled(input, 1),
    kernel: filled(kernel, 1),
    strides: filled(strides, 1),
    dilations: filled(dilations, 1),
    begin: filled(
      pads.map(([begin]) => begin),
      0,
    ),
    end: filled(
      pads.map(([, end]) => end),
      0,
    ),
    output: filled(output, 1),
    shape: (channels) => [1, channels, ...output],
  };
}

/** The flat index that a window reads on one plane, for each of its elements in turn; -1 in the padding. */
export function windowIndices({ input, kernel, strides, dilations, begin }: Window, row: number, column: number) {
  const indices = new Int32Array(sizeOf(kernel));
  for (let y = 0; y < kernel[0]; y++) {
    for (let x = 0; x < kernel[1]; x++) {
      const at = [
        row * strides[0] - begin[0] + y * dilations[0],
        column * strides[1] - begin[1] + x * dilations[1],
      ] as const;
      const inside = at[0] >= 0 && at[0] < input[0] && at[1] >= 0 && at[1] < input[1];
      indices[y * kernel[1] + x] = inside ? at[0] * input[1] + at[1] : -1;
    }
  }
  return indices;
}

/** Zeros above, left, below and right such that a convolution takes exactly the window's positions. */
export function zerosAround({ input, kernel, strides, dilations, begin, output }: Window) {
  const missing = ([0, 1] as const).map(
    (axis) => (output[axis] - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1 - input[axis] - begin[axis],
  );
  // A window that does not reach the end needs nothing there, and a convolution with zeros there takes no more steps.
  return [begin[0], begin[1], Math.max(missing[0] as number, 0), Math.max(missing[1] as number, 0)] as const;
}

type Axis = { readonly length: number; readonly reach: number; readonly stride: number };

function padsOf(node: OnnxNode, axes: readonly Axis[]): Pair[] {
  const mode = stringAttribute(node, "auto_pad", "NOTSET");
  switch (mode) {
    case "NOTSET": {
      const pads = intsAttribute(node, "pads") ?? axes.flatMap(() => [0, 0]);
      if (pads.length !== axes.length * 2 || pads.some((pad) => pad < 0)) {
        throw new BadNodeError(node, `its pads are [${pads.join(", ")}]`);
      }
      return axes.map((_, axis) => [pads[axis] as number, pads[axis + axes.length] as number]);
    }
    case "VALID":
      return axes.map(() => [0, 0]);
    case "SAME_UPPER":
    case "SAME_LOWER":
      return axes.map(({ length, reach, stride }) => {
        const total = Math.max((Math.ceil(length / stride) - 1) * stride + reach - length, 0);
        const less = Math.floor(total / 2);
        return mode === "SAME_UPPER" ? [less, total - less] : [total - less, less];
      });
    default:
      throw new BadNodeError(node, `auto_pad is ${mode}`);
  }
}

/** Rounded up, a window must still begin on the input or the padding before it. */
function positionsOf(node: OnnxNode, { length, reach, stride }: Axis, [begin, end]: Pair): number {
  const room = (length + begin + end - reach) / stride;
  if (room < 0) throw new BadNodeError(node, `a window of ${reach} does not fit into ${length + begin + end}`);
  if (intAttribute(node, "ceil_mode", 0) === 0) return Math.floor(room) + 1;
  const positions = Math.ceil(room) + 1;
  return (positions - 1) * stride >= length + begin ? positions - 1 : positions;
}

function positive(node: OnnxNode, name: string, numbers: readonly number[], count: number): readonly number[] {
  if (numbers.length !== count || numbers.some((number) => number < 1)) {
    throw new BadNodeError(node, `its ${name} is [${numbers.join(", ")}]`);
  }
  return numbers;
}
