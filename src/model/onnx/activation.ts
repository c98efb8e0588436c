/** Functions of single elements, and what chooses or weighs among elements. */
import type { Operator as Step } from "../graph.ts";
import type { GraphBuilder } from "./builder.ts";
import { alongAxis, transpose } from "./emit.ts";
import {
  axisOf,
  BadNodeError,
  constantOf,
  dynamicOf,
  floatAttribute,
  intAttribute,
  UnsupportedOperatorError,
} from "./node.ts";
import type { OnnxNode } from "./node.ts";
import type { Operators } from "./operator.ts";
import { ELEMENT } from "./schema.ts";
import { rangeOf, sizeOf } from "./value.ts";
import type { Dynamic } from "./value.ts";

export const ACTIVATION: Operators = {
  Relu: (node, builder) => pointwise(node, builder, (input) => ({ kind: "relu", input })),
  LeakyRelu: (node, builder) => {
    const slope = floatAttribute(node, "alpha", 0.01);
    return pointwise(node, builder, (input) => ({ kind: "leakyRelu", input, slope }));
  },
  Sigmoid: (node, builder) => pointwise(node, builder, (input) => ({ kind: "sigmoid", input })),
  Tanh: (node, builder) => pointwise(node, builder, (input) => ({ kind: "tanh", input })),
  Clip: clip,
  Softmax: softmax,
  ArgMax: argMax,
};

function pointwise(node: OnnxNode, builder: GraphBuilder, step: (input: string) => Step): Dynamic {
  const value = dynamicOf(node, 0);
  return { ...value, tensor: builder.add(step(value.tensor), sizeOf(value.shape)) };
}

/** The bounds are attributes before opset 11, where float32's ends mean none. */
function clip(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const [min, max] =
    node.opset < 11
      ? [
          unbounded(floatAttribute(node, "min", -LARGEST_FLOAT), -Infinity),
          unbounded(floatAttribute(node, "max", LARGEST_FLOAT), Infinity),
        ]
      : [boundOf(node, 1, -Infinity), boundOf(node, 2, Infinity)];
  if (min > max) throw new UnsupportedOperatorError(node, `its bounds ${min} and ${max} leave nothing between them`);
  if (min === -Infinity && max === Infinity) return dynamicOf(node, 0);
  if (min === 0 && max === Infinity) return pointwise(node, builder, (input) => ({ kind: "relu", input }));
  return pointwise(node, builder, (input) => ({ kind: "clip", input, min, max }));
}

/** The largest float32. */
const LARGEST_FLOAT = 2 ** 128 - 2 ** 104;

const unbounded = (bound: number, none: number): number => (Math.abs(bound) >= LARGEST_FLOAT ? none : bound);

function boundOf(node: OnnxNode, index: number, none: number): number {
  if (node.inputs[index] === undefined) return none;
  const { values } = constantOf(node, index);
  const [bound] = values;
  if (bound === undefined || values.length !== 1) throw new BadNodeError(node, `input ${index} is not one number`);
  return unbounded(bound, none);
}

/** Before opset 13 it treats the tensor as a matrix whose columns begin at the axis. */
function softmax(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const value = dynamicOf(node, 0);
  const rank = value.shape.length;
  const flattens = node.opset < 13;
  const axis = axisOf(node, intAttribute(node, "axis", flattens ? 1 : -1), rank);
  const apply = (input: string, length: number): string =>
    builder.add({ kind: "softmax", input, length }, sizeOf(value.shape));
  if (!flattens) return alongAxis(builder, value, axis, apply);
  return { ...value, tensor: apply(value.tensor, sizeOf(value.shape.slice(axis))) };
}

function argMax(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const value = dynamicOf(node, 0);
  if (intAttribute(node, "select_last_index", 0) !== 0) {
    throw new UnsupportedOperatorError(node, "on ties it must take the first index, so select_last_index must be 0");
  }
  const axis = axisOf(node, intAttribute(node, "axis", 0), value.shape.length);
  const length = value.shape[axis] as number;
  const otherAxes = Array.from(rangeOf(value.shape.length)).filter((other) => other !== axis);
  const input = transpose(builder, value, [...otherAxes, axis]).tensor;
  const tensor = builder.add({ kind: "argmax", input, length }, sizeOf(value.shape) / length);

  const keeps = intAttribute(node, "keepdims", 1) !== 0;
  const shape = keeps ? value.shape.with(axis, 1) : value.shape.toSpliced(axis, 1);
  return { kind: "dynamic", type: ELEMENT.int64, shape, tensor, labels: Array.from(rangeOf(length)) };
}
