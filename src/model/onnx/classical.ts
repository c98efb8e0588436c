/** Linear models and the scaling around them. */
import type { GraphBuilder } from "./builder.ts";
import { affine } from "./emit.ts";
import {
  BadNodeError,
  dynamicOf,
  floatsAttribute,
  intAttribute,
  labelsAttribute,
  stringAttribute,
  UnsupportedOperatorError,
} from "./node.ts";
import type { OnnxNode } from "./node.ts";
import type { Operators } from "./operator.ts";
import { ELEMENT } from "./schema.ts";
import {
  bothSides,
  labelOfLargest,
  linear,
  rowOf,
  scoresOf,
  transformed,
  transformOf,
  withComplement,
} from "./scores.ts";
import type { Dynamic, Value } from "./value.ts";

export const CLASSICAL: Operators = {
  Scaler: scale,
  Normalizer: normalize,
  LinearRegressor: regress,
  LinearClassifier: classify,
};

/** `(x - offset) * scale`, by one number or one for each feature. */
function scale(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const { length } = rowOf(node);
  const spread = (name: string, none: number): readonly number[] => {
    const numbers = floatsAttribute(node, name) ?? [none];
    if (numbers.length === length) return numbers;
    const [number] = numbers;
    if (number === undefined || numbers.length !== 1) {
      throw new BadNodeError(node, `its ${name} has ${numbers.length} numbers for ${length} features`);
    }
    return Array.from({ length }, () => number);
  };
  const multipliers = spread("scale", 1);
  const offsets = spread("offset", 0).map((offset, index) => -offset * (multipliers[index] as number));
  return { ...affine(builder, dynamicOf(node, 0), multipliers, offsets), type: ELEMENT.float };
}

function normalize(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const { tensor: input, length } = rowOf(node);
  const stated = stringAttribute(node, "norm", "MAX");
  const norm = NORMS.get(stated);
  if (norm === undefined) throw new BadNodeError(node, `its norm is ${stated}`);
  const tensor = builder.add({ kind: "normalize", input, length, norm }, length);
  return { ...dynamicOf(node, 0), type: ELEMENT.float, tensor };
}

const NORMS = new Map([
  ["L1", "l1"],
  ["L2", "l2"],
  ["MAX", "max"],
] as const) as ReadonlyMap<string, "l1" | "l2" | "max">;

function regress(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const targets = intAttribute(node, "targets", 1);
  const transform = transformOf(node);
  if (targets === 1 && transform !== "NONE") {
    throw new UnsupportedOperatorError(node, `runtimes do not agree on ${transform} of a single target`);
  }
  const weights = floatsAttribute(node, "coefficients") ?? [];
  if (targets < 1 || targets > weights.length) throw new BadNodeError(node, `it has ${targets} targets`);
  const bias = interceptsOf(node, targets);
  if (bias.length !== targets) throw new BadNodeError(node, `it has ${bias.length} intercepts for ${targets} targets`);
  return scoresOf(transformed(builder, linear(node, builder, rowOf(node), weights, bias), transform), targets);
}

/** Zeros where the model has none. */
function interceptsOf(node: OnnxNode, count: number): readonly number[] {
  const intercepts = floatsAttribute(node, "intercepts") ?? [];
  return intercepts.length === 0 ? Array.from({ length: count }, () => 0) : intercepts;
}

/**
 * Of two classes with one weight set, onnxruntime gives the second label above zero, and as scores those of both sides
 * with LOGISTIC, else `[1 - score, score]`.
 */
function classify(node: OnnxNode, builder: GraphBuilder): Value[] {
  const row = rowOf(node);
  const labels = labelsAttribute(node, "classlabels_strings", "classlabels_ints");
  const weights = floatsAttribute(node, "coefficients") ?? [];
  const sets = weights.length / row.length;
  const bias = interceptsOf(node, Math.ceil(sets));
  const scores = linear(node, builder, row, weights, bias);
  const transform = transformOf(node);
  if (sets === 1 && labels.length === 2) {
    const sides = bothSides(builder, scores);
    const both = transform === "LOGISTIC" ? transformed(builder, sides, transform) : withComplement(builder, scores);
    return [labelOfLargest(builder, sides, labels), scoresOf(both, 2)];
  }
  if (sets !== labels.length || sets < 2) {
    throw new BadNodeError(node, `it has ${sets} sets of coefficients for ${labels.length} labels`);
  }
  return [labelOfLargest(builder, scores, labels), scoresOf(transformed(builder, scores, transform), sets)];
}
