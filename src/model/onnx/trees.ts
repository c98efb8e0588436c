/** Ensembles of decision trees. */
import type { GraphBuilder } from "./builder.ts";
import { gather } from "./emit.ts";
import { BadNodeError, intAttribute, labelsAttribute, stringAttribute, UnsupportedOperatorError } from "./node.ts";
import type { OnnxNode } from "./node.ts";
import type { Operators } from "./operator.ts";
import { ELEMENT } from "./schema.ts";
import {
  bothSides,
  elementOf,
  labelOfLargest,
  rowOf,
  scoresOf,
  transformed,
  transformOf,
  withComplement,
} from "./scores.ts";
import type { Row, Transform } from "./scores.ts";
import { requireFinite } from "./tensor.ts";
import { numbersOf, readEnsemble } from "./tree-attributes.ts";
import type { Ensemble } from "./tree-attributes.ts";
import { rangeOf } from "./value.ts";
import type { Labels, Value } from "./value.ts";

export const TREES: Operators = { TreeEnsembleRegressor: regress, TreeEnsembleClassifier: classify };

function regress(node: OnnxNode, builder: GraphBuilder): Value {
  const row = rowOf(node);
  const targets = intAttribute(node, "n_targets", 1);
  const transform = transformOf(node);
  if (targets === 1 && transform !== "NONE") {
    throw new UnsupportedOperatorError(node, `runtimes do not agree on ${transform} of a single target`);
  }
  const ensemble = readEnsemble(node, "target", row.length);
  const base = baseOf(node);
  if (base.length > 0 && base.length !== targets) {
    throw new BadNodeError(node, `it has ${base.length} base_values for ${targets} targets`);
  }
  const aggregate = stringAttribute(node, "aggregate_function", "SUM");
  if (aggregate !== "SUM" && aggregate !== "AVERAGE") {
    throw new UnsupportedOperatorError(node, `its aggregate_function is ${aggregate}, and must be SUM or AVERAGE`);
  }
  const factor = aggregate === "SUM" ? 1 : 1 / ensemble.count;
  const sums = addTrees(node, builder, row, ensemble, { size: targets, base, factor });
  return scoresOf(transformed(builder, sums, transform), targets);
}

type Sums = { readonly size: number; readonly base: readonly number[]; readonly factor?: number };

function addTrees(node: OnnxNode, builder: GraphBuilder, row: Row, ensemble: Ensemble, sums: Sums): string {
  const { size, base, factor = 1 } = sums;
  const strange = ensemble.weights.find(({ target }) => target < 0 || target >= size);
  if (strange !== undefined) throw new BadNodeError(node, `a leaf weighs on ${strange.target} of ${size}`);
  return builder.add(
    {
      kind: "trees",
      input: row.tensor,
      base: Float64Array.from({ length: size }, (_, index) => base[index] ?? 0),
      trees: ensemble.trees(factor),
      precision: row.type === ELEMENT.double ? "float64" : "float32",
    },
    size,
  );
}

function classify(node: OnnxNode, builder: GraphBuilder): Value[] {
  const row = rowOf(node);
  const labels = labelsAttribute(node, "classlabels_strings", "classlabels_int64s");
  if (labels.length < 2) throw new UnsupportedOperatorError(node, `it has ${labels.length} classes`);
  const ensemble = readEnsemble(node, "class", row.length);
  const transform = transformOf(node);
  return labels.length === 2
    ? classifyTwo(node, builder, row, ensemble, labels, transform)
    : classifyMany(node, builder, row, ensemble, labels, transform);
}

function classifyMany(
  node: OnnxNode,
  builder: GraphBuilder,
  row: Row,
  ensemble: Ensemble,
  labels: Labels,
  transform: Transform,
): Value[] {
  const size = labels.length;
  const base = baseOf(node);
  if (base.length > 0 && base.length !== size) {
    throw new BadNodeError(node, `it has ${base.length} base_values for ${size} classes`);
  }
  const scores = addTrees(node, builder, row, ensemble, { size, base });
  const eligible = base.length > 0 ? Array.from(rangeOf(size)) : eligibleOf(node, ensemble, size);
  const label = labelOfLargest(
    builder,
    gather(builder, [scores], Int32Array.from(eligible)),
    eligible.map((index) => labels[index] as string | number),
  );
  return [label, scoresOf(transformed(builder, scores, transform), size)];
}

/** A class on which no leaf weighs cannot win, not even by a score of zero against negative ones. */
function eligibleOf(node: OnnxNode, ensemble: Ensemble, size: number): number[] {
  const weighed = new Set(ensemble.weights.map(({ target }) => target));
  const signed = ensemble.weights.some(({ weight }) => weight < 0);
  if (signed && weighed.size > ensemble.alwaysScored.size) {
    throw new UnsupportedOperatorError(
      node,
      "it has negative weights, and a class on which only some leaves of each tree weigh: whether that class may win " +
        "depends on the leaf",
    );
  }
  return Array.from(rangeOf(size)).filter((index) => weighed.has(index));
}

/**
 * Two classes have one score, that of the second one, on which leaves weigh under either class's number. onnxruntime
 * gives the second label above 0.5 if no weight is negative, else above 0.
 */
function classifyTwo(
  node: OnnxNode,
  builder: GraphBuilder,
  row: Row,
  ensemble: Ensemble,
  labels: Labels,
  transform: Transform,
): Value[] {
  const classes = new Set(ensemble.weights.map(({ target }) => target));
  const [only] = classes;
  if (only === undefined || classes.size !== 1) {
    throw new UnsupportedOperatorError(node, "two classes must have the weights of one: runtimes do not agree on more");
  }
  const base = baseOf(node);
  if (base.length > (only === 0 ? 1 : 0)) {
    throw new UnsupportedOperatorError(node, `runtimes do not agree on ${base.length} base_values here`);
  }
  const signed = ensemble.weights.some(({ weight }) => weight < 0);
  const sums = addTrees(node, builder, row, ensemble, { size: only + 1, base });
  const score = elementOf(builder, sums, only);
  const label = labelOfLargest(builder, bothSides(builder, score, signed ? 0 : 0.5), labels);
  return [label, scoresOf(scoresOfTwo(node, builder, { sums, score, only, signed, transform }), 2)];
}

type Decision = {
  readonly sums: string;
  readonly score: string;
  readonly only: number;
  readonly signed: boolean;
  readonly transform: Transform;
};

function scoresOfTwo(node: OnnxNode, builder: GraphBuilder, decision: Decision): string {
  const { sums, score, only, signed, transform } = decision;
  if (only === 1) return transformed(builder, sums, transform);
  if (transform === "LOGISTIC") return transformed(builder, bothSides(builder, score), transform);
  if (transform === "SOFTMAX") {
    throw new UnsupportedOperatorError(node, "its single score has a post_transform SOFTMAX");
  }
  return signed ? bothSides(builder, score) : withComplement(builder, score);
}

function baseOf(node: OnnxNode): readonly number[] {
  const base = numbersOf(node, "base_values");
  requireFinite(base, `${node.name}.base_values`);
  return base;
}
