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
import { rangeOf, sizeOf } from "./value.ts";
import type { Shape } from "./value.ts";

/** Two axes, of which the vertical one has length 1 where the model has one. */
export type Window = {
  readonly channels: number;
  readonly down: Along;
  readonly across: Along;
  /** The shape of the result for so many channels. */
  shape(channels: number): Shape;
};

/** How a window slides along one axis. */
export type Along = {
  readonly length: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding as the file says. */
  readonly begin: number;
  readonly end: number;
  /** How many positions the window takes; rounding up may lead it beyond the padding. */
  readonly positions: number;
};

const STILL: Along = { length: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, end: 0, positions: 1 };

export function windowOf(node: OnnxNode, shape: Shape, kernelShape: readonly number[]): Window {
  requireRank(node, shape, [3, 4]);
  const [batch, channels = 0, ...lengths] = shape;
  if (batch !== 1) throw new UnsupportedOperatorError(node, `its batch is ${batch}, and must be 1`);
  const ones = lengths.map(() => 1);
  const kernel = positive(node, "kernel_shape", kernelShape, lengths.length);
  const strides = positive(node, "strides", intsAttribute(node, "strides") ?? ones, lengths.length);
  // No tensor is that large, and neither is a window over one.
  sizeOf(kernel);
  const dilations = positive(node, "dilations", intsAttribute(node, "dilations") ?? ones, lengths.length);
  const axes = lengths.map((length, axis) => {
    const sliding = {
      length,
      kernel: kernel[axis] as number,
      stride: strides[axis] as number,
      dilation: dilations[axis] as number,
    };
    const pads = padsOf(node, sliding, axis, lengths.length);
    return slide(node, sliding, pads);
  });
  const [across = STILL, down = STILL] = axes.toReversed();
  return { channels, down, across, shape: (count) => [1, count, ...axes.map(({ positions }) => positions)] };
}

/** The flat index that a window reads on one plane, for each of its elements in turn; -1 in the padding. */
export function windowIndices({ down, across }: Window, row: number, column: number): Int32Array {
  const columns = coordinatesOf(across, column);
  return Int32Array.from(
    coordinatesOf(down, row).flatMap((y) => columns.map((x) => (y === -1 || x === -1 ? -1 : y * across.length + x))),
  );
}

function coordinatesOf({ length, kernel, stride, dilation, begin }: Along, position: number): number[] {
  return Array.from(rangeOf(kernel), (step) => {
    const at = position * stride - begin + step * dilation;
    return at >= 0 && at < length ? at : -1;
  });
}

/** How many elements of a window lie on the input or its padding: rounding up may lead beyond both. */
export function coveredBy({ down, across }: Window, row: number, column: number): number {
  return coveredAlong(down, row) * coveredAlong(across, column);
}

function coveredAlong({ length, kernel, stride, dilation, begin, end }: Along, position: number): number {
  return rangeOf(kernel).filter((step) => position * stride + step * dilation < length + begin + end).length;
}

/** The rows and columns at which a window stands. */
export function* positionsIn({ down, across }: Window): Generator<readonly [row: number, column: number]> {
  for (let row = 0; row < down.positions; row++) {
    for (let column = 0; column < across.positions; column++) yield [row, column];
  }
}

/** Zeros above, left, below and right such that a convolution takes exactly the window's positions. */
export function zerosAround({ down, across }: Window): readonly [number, number, number, number] {
  return [down.begin, across.begin, zerosAfter(down), zerosAfter(across)];
}

/** A window that does not reach the end needs nothing there, and a convolution takes no more steps for it. */
function zerosAfter(along: Along): number {
  return Math.max((along.positions - 1) * along.stride + reachOf(along) - along.length - along.begin, 0);
}

type Sliding = Pick<Along, "length" | "kernel" | "stride" | "dilation">;

const reachOf = ({ kernel, dilation }: Sliding): number => dilation * (kernel - 1) + 1;

type Pads = Pick<Along, "begin" | "end">;

function padsOf(node: OnnxNode, sliding: Sliding, axis: number, rank: number): Pads {
  const mode = stringAttribute(node, "auto_pad", "NOTSET");
  if (mode === "VALID") return { begin: 0, end: 0 };
  if (mode === "SAME_UPPER" || mode === "SAME_LOWER") {
    const { length, stride } = sliding;
    const total = Math.max((Math.ceil(length / stride) - 1) * stride + reachOf(sliding) - length, 0);
    const less = Math.floor(total / 2);
    return mode === "SAME_UPPER" ? { begin: less, end: total - less } : { begin: total - less, end: less };
  }
  if (mode !== "NOTSET") throw new BadNodeError(node, `auto_pad is ${mode}`);
  const pads = intsAttribute(node, "pads") ?? Array.from({ length: rank * 2 }, () => 0);
  if (pads.length !== rank * 2 || pads.some((pad) => pad < 0)) {
    throw new BadNodeError(node, `its pads are [${pads.join(", ")}]`);
  }
  return { begin: pads[axis] as number, end: pads[axis + rank] as number };
}

function slide(node: OnnxNode, sliding: Sliding, { begin, end }: Pads): Along {
  const padded = sliding.length + begin + end;
  const room = (padded - reachOf(sliding)) / sliding.stride;
  if (room < 0) throw new BadNodeError(node, `a window of ${reachOf(sliding)} does not fit into ${padded}`);
  const whole = Math.floor(room) + 1;
  if (intAttribute(node, "ceil_mode", 0) === 0) return { ...sliding, begin, end, positions: whole };
  // Rounded up, a window must still begin on the input or the padding before it.
  const most = Math.ceil((sliding.length + begin) / sliding.stride);
  return { ...sliding, begin, end, positions: Math.min(Math.ceil(room) + 1, most) };
}

function positive(node: OnnxNode, name: string, numbers: readonly number[], count: number): readonly number[] {
  if (numbers.length !== count || numbers.some((number) => number < 1)) {
    throw new BadNodeError(node, `its ${name} is [${numbers.join(", ")}]`);
  }
  return numbers;
}
