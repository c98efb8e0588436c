/** Operators that only move elements. */
import type { GraphBuilder } from "./builder.ts";
import { affine, broadcast, gather, rearrange, transpose } from "./emit.ts";
import {
  axisOf,
  BadNodeError,
  constantOf,
  dynamicOf,
  floatAttribute,
  intAttribute,
  integersOf,
  intsAttribute,
  movableOf,
  numbersOf,
  stringAttribute,
  UnsupportedOperatorError,
} from "./node.ts";
import type { OnnxNode } from "./node.ts";
import type { Operators } from "./operator.ts";
import { broadcastOf, pickedIndices, rangeOf, sizeOf } from "./value.ts";
import type { Dynamic, Shape, Value } from "./value.ts";

export const MOVING: Operators = {
  Transpose: transposed,
  Expand: expand,
  Concat: concat,
  Slice: slice,
  Pad: pad,
};

function transposed(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const value = movableOf(node, 0);
  const axes = Array.from(rangeOf(value.shape.length));
  const order = intsAttribute(node, "perm") ?? axes.toReversed();
  if (order.length !== axes.length || axes.some((axis) => !order.includes(axis))) {
    throw new BadNodeError(node, `perm [${order.join(", ")}] is no order of ${axes.length} axes`);
  }
  return transpose(builder, value, order);
}

function expand(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const value = movableOf(node, 0);
  const wanted = integersOf(node, 1) ?? [];
  const shape = wanted.some((dimension) => dimension < 0) ? undefined : broadcastOf(value.shape, wanted);
  if (shape === undefined) throw new BadNodeError(node, `it cannot expand to [${wanted.join(", ")}]`);
  return broadcast(builder, value, shape);
}

/** Zeros stand where constants go, which are then added. */
function concat(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const values = node.inputs.map((_, index) => numbersOf(node, index));
  const dynamics = values.filter((value) => value.kind === "dynamic");
  const [first] = dynamics;
  if (first === undefined) throw new BadNodeError(node, "it has no inputs that depend on the model's");
  const axis = axisOf(node, intAttribute(node, "axis", 0), first.shape.length);
  const shape = first.shape.with(axis, joinedLength(node, values, first.shape, axis));

  let start = 0;
  const places = values.map((value) => {
    const size = sizeOf(value.shape);
    if (value.kind === "constant") return new Int32Array(size).fill(-1);
    start += size;
    return rangeOf(size).map((index) => start - size + index);
  });
  const offsets = values.map((value) =>
    value.kind === "constant" ? value.values : new Float64Array(sizeOf(value.shape)),
  );
  const blocks = sizeOf(shape.slice(0, axis));
  const tensors = dynamics.map(({ tensor }) => tensor);
  const joined = { ...first, shape, tensor: gather(builder, tensors, Int32Array.from(interleave(places, blocks))) };
  const added = interleave(offsets, blocks);
  return added.some((offset) => offset !== 0) ? affine(builder, joined, 1, added) : joined;
}

function joinedLength(node: OnnxNode, values: readonly Value[], first: Shape, axis: number): number {
  return values.reduce((sum, { shape }) => {
    if (shape.length !== first.length || shape.some((length, other) => other !== axis && length !== first[other])) {
      throw new BadNodeError(node, `shapes [${first.join(", ")}] and [${shape.join(", ")}] do not join`);
    }
    return sum + (shape[axis] as number);
  }, 0);
}

/** The first block of each part, then the second of each, and so on. */
function interleave(parts: readonly (Int32Array | Float64Array)[], blocks: number): number[] {
  return Array.from({ length: blocks }, (_, block) =>
    parts.flatMap((part) => {
      const run = part.length / blocks;
      return Array.from(part.subarray(block * run, (block + 1) * run));
    }),
  ).flat();
}

/** Starts, ends and axes are attributes before opset 10. */
function slice(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const value = movableOf(node, 0);
  const read = (name: string, index: number): readonly number[] | undefined =>
    node.opset < 10 ? intsAttribute(node, name) : integersOf(node, index);
  const starts = read("starts", 1) ?? [];
  const ends = read("ends", 2) ?? [];
  const axes = (read("axes", 3) ?? starts.map((_, index) => index)).map((axis) =>
    axisOf(node, axis, value.shape.length),
  );
  const steps = (node.opset < 10 ? undefined : integersOf(node, 4)) ?? starts.map(() => 1);
  if ([ends, axes, steps].some((list) => list.length !== starts.length) || steps.includes(0)) {
    throw new BadNodeError(node, "its starts, ends, axes and steps do not fit");
  }
  const picks: Int32Array[] = value.shape.map(rangeOf);
  axes.forEach((axis, index) => {
    const [start, end, step] = [starts[index], ends[index], steps[index]] as [number, number, number];
    picks[axis] = stepsOf(value.shape[axis] as number, start, end, step);
  });
  return picked(node, builder, value, picks);
}

/** Ends before the beginning and beyond the end are moved to there. */
function stepsOf(length: number, start: number, end: number, step: number): Int32Array {
  const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
  const bounded = (bound: number): number => Math.min(Math.max(bound < 0 ? bound + length : bound, lowest), highest);
  const [first, last] = [bounded(start), bounded(end)];
  const count = Math.max(Math.ceil((last - first) / step), 0);
  return Int32Array.from({ length: count }, (_, index) => first + index * step);
}

/** The elements at the picked coordinates of each axis. */
export function picked(node: OnnxNode, builder: GraphBuilder, value: Dynamic, picks: readonly Int32Array[]): Dynamic {
  if (picks.some((pick) => pick.length === 0)) throw new UnsupportedOperatorError(node, "its result is empty");
  const shape = picks.map((pick) => pick.length);
  return rearrange(builder, value, shape, pickedIndices(value.shape, picks));
}

/** Pads are an attribute before opset 11, and cover only some axes from opset 18 on. Negative ones cut off. */
function pad(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const value = dynamicOf(node, 0);
  const mode = stringAttribute(node, "mode", "constant");
  if (mode !== "constant") throw new UnsupportedOperatorError(node, `its mode is ${mode}, and must be constant`);
  const rank = value.shape.length;
  const pads = node.opset < 11 ? intsAttribute(node, "pads") : integersOf(node, 1);
  const filler = fillerOf(node);
  const axes = (integersOf(node, 3) ?? Array.from(rangeOf(rank))).map((axis) => axisOf(node, axis, rank));
  if (pads?.length !== axes.length * 2) throw new BadNodeError(node, `its pads are [${pads?.join(", ") ?? ""}]`);

  const picks: Int32Array[] = value.shape.map(rangeOf);
  axes.forEach((axis, index) => {
    const [begin, end] = [pads[index], pads[index + axes.length]] as [number, number];
    const length = value.shape[axis] as number;
    const padded = sizeOf([Math.max(length + begin + end, 0)]);
    picks[axis] = Int32Array.from({ length: padded }, (_, at) => {
      const from = at - begin;
      return from >= 0 && from < length ? from : -1;
    });
  });
  const result = picked(node, builder, value, picks);
  if (filler === 0) return result;
  const offsets = Float64Array.from(pickedIndices(value.shape, picks), (index) => (index === -1 ? filler : 0));
  return affine(builder, result, 1, offsets);
}

function fillerOf(node: OnnxNode): number {
  if (node.opset < 11) return floatAttribute(node, "value", 0);
  return node.inputs[2] === undefined ? 0 : (constantOf(node, 2).values[0] ?? 0);
}
