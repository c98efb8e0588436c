/** What the names in a model's graph stand for while it is imported, and the arithmetic of shapes. */
import { OnnxError } from "./error.ts";
import { ELEMENT } from "./schema.ts";

/** Includes the batch, which is 1. */
export type Shape = readonly number[];

/** What each index means. */
export type Labels = readonly (string | number)[];

/** Numbers that are known. */
export type Constant = {
  readonly kind: "constant";
  readonly type: number;
  readonly shape: Shape;
  readonly values: Float64Array;
};

/** Strings that are known. */
export type Texts = { readonly kind: "texts"; readonly shape: Shape; readonly texts: readonly string[] };

/** A tensor of the graph that is being built. With labels, it holds indices that stand for them. */
export type Dynamic = {
  readonly kind: "dynamic";
  readonly type: number;
  readonly shape: Shape;
  readonly tensor: string;
  readonly labels?: Labels;
};

export type Value = Constant | Texts | Dynamic;

/** Far above any model that can be proven, and far below what exhausts memory. */
export const MAX_ELEMENTS = 2 ** 24;

/** How many elements a shape has. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const dimension of shape) size *= dimension;
  if (size > MAX_ELEMENTS) throw new TensorTooLargeError(shape);
  return size;
}

/** How far apart neighbours along each axis are, in row-major order. */
export function stridesOf(shape: Shape): number[] {
  const strides: number[] = Array.from(shape, () => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] as number) * (shape[axis + 1] as number);
  }
  return strides;
}

/** The shape that two shapes broadcast to, or undefined. */
export function broadcastOf(left: Shape, right: Shape): number[] | undefined {
  const rank = Math.max(left.length, right.length);
  const shape: number[] = [];
  // Counted from the end, where the shapes meet: `at` gives undefined before the beginning.
  for (let axis = -rank; axis < 0; axis++) {
    const [one, other] = [left.at(axis) ?? 1, right.at(axis) ?? 1];
    if (one !== other && one !== 1 && other !== 1) return undefined;
    shape.push(one === 1 ? other : one);
  }
  return shape;
}

export function sameShape(left: Shape, right: Shape): boolean {
  return left.length === right.length && left.every((dimension, axis) => dimension === right[axis]);
}

/** Where each element of a tensor of this shape lies, given how far apart neighbours lie. */
export function stridedIndices(shape: Shape, strides: readonly number[]): Int32Array {
  const indices = new Int32Array(sizeOf(shape));
  let filled = 1;
  // Each axis from the last repeats the block so far, shifted.
  for (let axis = shape.length - 1; axis >= 0 && indices.length > 0; axis--) {
    const stride = strides[axis] as number;
    for (let step = 1; step < (shape[axis] as number); step++) {
      for (let at = 0; at < filled; at++) indices[step * filled + at] = (indices[at] as number) + step * stride;
    }
    filled *= shape[axis] as number;
  }
  return indices;
}

/** Where each element of `from`, broadcast to `to`, lies. */
export function broadcastIndices(from: Shape, to: Shape): Int32Array {
  const strides = stridesOf(from);
  const missing = to.length - from.length;
  return stridedIndices(
    to,
    to.map((_, axis) => (axis < missing || from[axis - missing] === 1 ? 0 : (strides[axis - missing] as number))),
  );
}

/** Where each element lies after the axes were put in this order. */
export function transposedIndices(shape: Shape, order: readonly number[]): Int32Array {
  const strides = stridesOf(shape);
  return stridedIndices(
    order.map((axis) => shape[axis] as number),
    order.map((axis) => strides[axis] as number),
  );
}

/** Where the elements lie that have one of the picked coordinates on each axis; -1 where a coordinate is -1. */
export function pickedIndices(shape: Shape, picks: readonly ArrayLike<number>[]): Int32Array {
  const strides = stridesOf(shape);
  const picked = picks.map((pick) => pick.length);
  let block = Int32Array.of(0);
  sizeOf(picked);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const pick = picks[axis] as ArrayLike<number>;
    const next = new Int32Array(pick.length * block.length);
    for (let at = 0; at < next.length; at++) {
      const coordinate = pick[Math.floor(at / block.length)] as number;
      const inner = block[at % block.length] as number;
      next[at] = coordinate < 0 || inner < 0 ? -1 : coordinate * (strides[axis] as number) + inner;
    }
    block = next;
  }
  return block;
}

/** All coordinates of an axis. */
export function rangeOf(length: number): Int32Array {
  return Int32Array.from({ length }, (_, index) => index);
}

/** Whether elements of this type are whole numbers. */
export function isIntegerType(type: number): boolean {
  return !REALS.has(type);
}

const REALS: ReadonlySet<number> = new Set([ELEMENT.float, ELEMENT.double, ELEMENT.float16, ELEMENT.bfloat16]);

/** A tensor of more elements than any model that can be proven has. */
export class TensorTooLargeError extends OnnxError {
  override readonly name = "TensorTooLargeError";
  constructor(shape: Shape) {
    super(`A tensor of shape [${shape.join(", ")}] has more than ${MAX_ELEMENTS} elements, the most that is imported.`);
  }
}
