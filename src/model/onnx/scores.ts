/** What linear models, support vector machines and tree ensembles share: rows of features, scores, and labels. */
import type { GraphBuilder } from "./builder.ts";
import { dense, gather } from "./emit.ts";
import { BadNodeError, dynamicOf, stringAttribute, UnsupportedOperatorError } from "./node.ts";
import type { OnnxNode } from "./node.ts";
import { ELEMENT } from "./schema.ts";
import type { Dynamic, Labels } from "./value.ts";

/** The features of one case. */
export type Row = { readonly tensor: string; readonly length: number; readonly type: number };

export function rowOf(node: OnnxNode): Row {
  const { tensor, shape, type } = dynamicOf(node, 0);
  const length = shape.at(-1) ?? 0;
  if (shape.length === 0 || shape.length > 2 || (shape.length === 2 && shape[0] !== 1)) {
    throw new UnsupportedOperatorError(node, `its input has shape [${shape.join(", ")}], and must be one row`);
  }
  return { tensor, length, type };
}

export function scoresOf(tensor: string, count: number): Dynamic {
  return { kind: "dynamic", type: ELEMENT.float, shape: [1, count], tensor };
}

/** Weights of each class or target for each feature, row after row. */
export function linear(
  node: OnnxNode,
  builder: GraphBuilder,
  row: Row,
  weights: readonly number[],
  bias: readonly number[],
): string {
  if (weights.length !== row.length * bias.length) {
    throw new BadNodeError(node, `it has ${weights.length} coefficients for ${bias.length} x ${row.length}`);
  }
  return dense(builder, row.tensor, Float64Array.from(weights), Float64Array.from(bias));
}

/** The label of the largest score; the first one of equals. */
export function labelOfLargest(builder: GraphBuilder, scores: string, labels: Labels): Dynamic {
  const length = labels.length;
  const tensor = builder.add({ kind: "argmax", input: scores, length }, 1);
  const type = typeof labels[0] === "string" ? ELEMENT.string : ELEMENT.int64;
  return { kind: "dynamic", type, shape: [1], tensor, labels };
}

/** `[-(score - threshold), score - threshold]`: the second is larger exactly where the score is above the threshold. */
export function bothSides(builder: GraphBuilder, score: string, threshold = 0): string {
  return dense(builder, score, Float64Array.of(-1, 1), Float64Array.of(threshold, -threshold));
}

/** `[1 - score, score]`. */
export function withComplement(builder: GraphBuilder, score: string): string {
  return dense(builder, score, Float64Array.of(-1, 1), Float64Array.of(1, 0));
}

/** One element of a tensor. */
export function elementOf(builder: GraphBuilder, tensor: string, index: number): string {
  return gather(builder, [tensor], Int32Array.of(index));
}

export type Transform = "NONE" | "LOGISTIC" | "SOFTMAX";

export function transformOf(node: OnnxNode): Transform {
  const transform = stringAttribute(node, "post_transform", "NONE");
  if (transform !== "NONE" && transform !== "LOGISTIC" && transform !== "SOFTMAX") {
    throw new UnsupportedOperatorError(
      node,
      `its post_transform is ${transform}, and must be NONE, LOGISTIC or SOFTMAX`,
    );
  }
  return transform;
}

export function transformed(builder: GraphBuilder, scores: string, transform: Transform): string {
  if (transform === "NONE") return scores;
  const length = builder.sizeOf(scores);
  if (transform === "LOGISTIC") return builder.add({ kind: "sigmoid", input: scores }, length);
  return builder.add({ kind: "softmax", input: scores, length }, length);
}
