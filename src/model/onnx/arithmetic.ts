/** Sums and products, element by element. */
import type { GraphBuilder } from "./builder.ts";
import { affine, broadcast, broadcastValues } from "./emit.ts";
import { BadNodeError, dynamicOf, numbersOf, UnsupportedOperatorError } from "./node.ts";
import type { OnnxNode } from "./node.ts";
import type { Operators } from "./operator.ts";
import { broadcastOf, sizeOf } from "./value.ts";
import type { Constant, Dynamic, Shape } from "./value.ts";

export const ARITHMETIC: Operators = {
  Add: (node, builder) => weightedSum(node, builder, 1),
  Sub: (node, builder) => weightedSum(node, builder, -1),
  Mul: multiply,
  Div: divide,
  Neg: (node, builder) => affine(builder, dynamicOf(node, 0), -1, 0),
  Sum: sumAll,
};

/** `left + sign * right`. */
function weightedSum(node: OnnxNode, builder: GraphBuilder, sign: number): Dynamic {
  return add(node, builder, [numbersOf(node, 0), 1], [numbersOf(node, 1), sign]);
}

function sumAll(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const values = node.inputs.map((_, index) => numbersOf(node, index));
  const [first, ...others] = values.filter((value) => value.kind === "dynamic");
  if (first === undefined) throw new BadNodeError(node, "it has no inputs that depend on the model's");
  const constants = values.filter((value) => value.kind === "constant");
  return [...others, ...constants].reduce<Dynamic>((sum, value) => add(node, builder, [sum, 1], [value, 1]), first);
}

type Term = readonly [value: Constant | Dynamic, coefficient: number];

/** The sum of two terms, at least one of which depends on the model's inputs. */
export function add(node: OnnxNode, builder: GraphBuilder, one: Term, other: Term): Dynamic {
  const shape = commonShape(node, one[0], other[0]);
  if (one[0].kind === "constant") return addConstant(node, builder, other, one, shape);
  if (other[0].kind === "constant") return addConstant(node, builder, one, other, shape);
  const inputs = [broadcast(builder, one[0], shape).tensor, broadcast(builder, other[0], shape).tensor];
  const tensor = builder.add({ kind: "sum", inputs, coefficients: [one[1], other[1]] }, sizeOf(shape));
  return { ...one[0], shape, tensor };
}

function addConstant(node: OnnxNode, builder: GraphBuilder, [value, by]: Term, [offset, sign]: Term, shape: Shape) {
  if (value.kind === "constant" || offset.kind === "dynamic") {
    throw new UnsupportedOperatorError(node, "none of its inputs depends on the model's inputs");
  }
  const offsets = broadcastValues(offset, shape).map((number) => number * sign);
  if (by === 1 && offsets.every((number) => number === 0)) return broadcast(builder, value, shape);
  return affine(builder, broadcast(builder, value, shape), by, offsets);
}

function multiply(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const [left, right] = [numbersOf(node, 0), numbersOf(node, 1)];
  const shape = commonShape(node, left, right);
  if (left.kind === "constant") return scale(builder, dynamicOf(node, 1), broadcastValues(left, shape), shape);
  if (right.kind === "constant") return scale(builder, left, broadcastValues(right, shape), shape);
  const operands = { left: broadcast(builder, left, shape).tensor, right: broadcast(builder, right, shape).tensor };
  return { ...left, shape, tensor: builder.add({ kind: "product", ...operands }, sizeOf(shape)) };
}

function divide(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const [dividend, divisor] = [dynamicOf(node, 0), numbersOf(node, 1)];
  if (divisor.kind === "dynamic") throw new UnsupportedOperatorError(node, "its divisor must be constant");
  if (divisor.values.includes(0)) throw new UnsupportedOperatorError(node, "its divisor is zero");
  const shape = commonShape(node, dividend, divisor);
  const inverses = broadcastValues(divisor, shape).map((number) => 1 / number);
  return scale(builder, dividend, inverses, shape);
}

function scale(builder: GraphBuilder, value: Dynamic, multipliers: Float64Array, shape: Shape): Dynamic {
  const spread = broadcast(builder, value, shape);
  return multipliers.every((number) => number === 1) ? spread : affine(builder, spread, multipliers, 0);
}

function commonShape(node: OnnxNode, left: Constant | Dynamic, right: Constant | Dynamic): Shape {
  const shape = broadcastOf(left.shape, right.shape);
  if (shape === undefined) {
    throw new BadNodeError(node, `shapes [${left.shape.join(", ")}] and [${right.shape.join(", ")}] do not broadcast`);
  }
  return shape;
}
