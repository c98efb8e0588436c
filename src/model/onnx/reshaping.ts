/** Operators that leave the elements where they are, known or not. */
import {
  axisOf,
  BadNodeError,
  inputOf,
  intAttribute,
  integersOf,
  intsAttribute,
  UnsupportedOperatorError,
} from "./node.ts";
import type { OnnxNode } from "./node.ts";
import type { Operators } from "./operator.ts";
import { sizeOf } from "./value.ts";
import type { Shape, Value } from "./value.ts";

export const RESHAPING: Operators = {
  Identity: (node) => inputOf(node, 0),
  Dropout: dropout,
  Flatten: flatten,
  Reshape: (node) => reshaped(node, newShapeOf(node, shapeOf(node))),
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
};

/** Tensors of strings have shapes too. */
function reshaped(node: OnnxNode, shape: Shape): Value {
  const value = inputOf(node, 0);
  if (sizeOf(shape) !== sizeOf(value.shape)) {
    throw new BadNodeError(node, `shape [${value.shape.join(", ")}] cannot become [${shape.join(", ")}]`);
  }
  return { ...value, shape };
}

const shapeOf = (node: OnnxNode): Shape => inputOf(node, 0).shape;

function dropout(node: OnnxNode): Value {
  const training = node.opset >= 12 ? integersOf(node, 2) : undefined;
  if (training?.some((flag) => flag !== 0) === true) {
    throw new UnsupportedOperatorError(node, "it is in training mode; export the model for inference");
  }
  return inputOf(node, 0);
}

function flatten(node: OnnxNode): Value {
  const shape = shapeOf(node);
  const stated = intAttribute(node, "axis", 1);
  const axis = stated === shape.length ? stated : axisOf(node, stated, shape.length);
  return reshaped(node, [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis))]);
}

function newShapeOf(node: OnnxNode, from: Shape): Shape {
  const wanted = integersOf(node, 1);
  if (wanted === undefined) throw new BadNodeError(node, "input 1, its shape, is missing");
  const zeroCopies = intAttribute(node, "allowzero", 0) === 0;
  const shape = wanted.map((dimension, axis) => (dimension === 0 && zeroCopies ? (from[axis] ?? 0) : dimension));
  const rest = shape.filter((dimension) => dimension !== -1);
  if (shape.length - rest.length > 1 || rest.some((dimension) => dimension < 0)) {
    throw new BadNodeError(node, `its shape is [${wanted.join(", ")}]`);
  }
  const left = sizeOf(from) / sizeOf(rest);
  if (shape.includes(-1) && !Number.isInteger(left)) {
    throw new BadNodeError(node, `shape [${from.join(", ")}] cannot become [${wanted.join(", ")}]`);
  }
  return shape.map((dimension) => (dimension === -1 ? left : dimension));
}

/** The axes are an attribute before this opset, and an input from it on. */
export function axesOf(node: OnnxNode, inputSince: number): readonly number[] | undefined {
  return node.opset < inputSince ? intsAttribute(node, "axes") : integersOf(node, 1);
}

function squeeze(node: OnnxNode): Value {
  const shape = shapeOf(node);
  const axes = axesOf(node, 13)?.map((axis) => axisOf(node, axis, shape.length));
  if (axes?.some((axis) => shape[axis] !== 1) === true) {
    throw new BadNodeError(node, `axes [${axes.join(", ")}] of shape [${shape.join(", ")}] are not all of length 1`);
  }
  return reshaped(
    node,
    shape.filter((dimension, axis) => (axes === undefined ? dimension !== 1 : !axes.includes(axis))),
  );
}

function unsqueeze(node: OnnxNode): Value {
  const shape = [...shapeOf(node)];
  const stated = axesOf(node, 13);
  if (stated === undefined) throw new BadNodeError(node, "it has no axes");
  const axes = stated.map((axis) => axisOf(node, axis, shape.length + stated.length));
  if (new Set(axes).size !== axes.length) throw new BadNodeError(node, `it repeats an axis of [${axes.join(", ")}]`);
  for (const axis of axes.toSorted((one, other) => one - other)) shape.splice(axis, 0, 1);
  return reshaped(node, shape);
}
