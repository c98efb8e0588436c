/** Sums and means along axes. */
import type { GraphBuilder } from "./builder.ts";
import { reshape, sumRuns, transpose } from "./emit.ts";
import { axisOf, dynamicOf, intAttribute } from "./node.ts";
import type { OnnxNode } from "./node.ts";
import type { Operators } from "./operator.ts";
import { axesOf } from "./reshaping.ts";
import { rangeOf, sizeOf } from "./value.ts";
import type { Dynamic } from "./value.ts";

export const REDUCTION: Operators = {
  ReduceSum: (node, builder) => reduce(node, builder, axesOf(node, 13), () => 1),
  ReduceMean: (node, builder) => reduce(node, builder, axesOf(node, 18), (length) => 1 / length),
};

function reduce(
  node: OnnxNode,
  builder: GraphBuilder,
  stated: readonly number[] | undefined,
  factorOf: (length: number) => number,
): Dynamic {
  const value = dynamicOf(node, 0);
  const all = Array.from(rangeOf(value.shape.length));
  const none = stated === undefined || stated.length === 0;
  if (none && intAttribute(node, "noop_with_empty_axes", 0) !== 0) return value;
  const axes = none ? all : stated.map((axis) => axisOf(node, axis, all.length));

  const kept = all.filter((axis) => !axes.includes(axis));
  const reduced = all.filter((axis) => axes.includes(axis));
  const lengthOf = (axis: number): number => value.shape[axis] as number;
  const length = sizeOf(reduced.map(lengthOf));
  const runs = transpose(builder, value, [...kept, ...reduced]);
  const keepsAxes = intAttribute(node, "keepdims", 1) !== 0;
  const shape = keepsAxes ? all.map((axis) => (axes.includes(axis) ? 1 : lengthOf(axis))) : kept.map(lengthOf);
  if (length === 1) return reshape(runs, shape);
  return { ...value, shape, tensor: sumRuns(builder, runs.tensor, length, factorOf(length)) };
}
