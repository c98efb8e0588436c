/** Support vector machines with a linear kernel, whose vectors add up to one set of weights. */
import type { GraphBuilder } from "./builder.ts";
import { dense, gather } from "./emit.ts";
import {
  BadNodeError,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  labelsAttribute,
  stringAttribute,
  UnsupportedOperatorError,
} from "./node.ts";
import type { OnnxNode } from "./node.ts";
import type { Operators } from "./operator.ts";
import { bothSides, labelOfLargest, linear, rowOf, scoresOf, transformed, transformOf } from "./scores.ts";
import type { Row } from "./scores.ts";
import { rangeOf } from "./value.ts";
import type { Labels, Value } from "./value.ts";

export const SVM: Operators = { SVMRegressor: regress, SVMClassifier: classify };

function regress(node: OnnxNode, builder: GraphBuilder): Value {
  requireLinear(node);
  if (transformOf(node) !== "NONE") throw new UnsupportedOperatorError(node, "its post_transform must be NONE");
  const row = rowOf(node);
  const coefficients = floatsAttribute(node, "coefficients") ?? [];
  const supports = intAttribute(node, "n_supports", 0);
  const weights = supports > 0 ? weigh(vectorsOf(node, row, supports), coefficients) : coefficients;
  const score = linear(node, builder, row, weights, [(floatsAttribute(node, "rho") ?? [0])[0] ?? 0]);
  if (intAttribute(node, "one_class", 0) === 0) return scoresOf(score, 1);
  return { ...labelOfLargest(builder, bothSides(builder, score), [-1, 1]), shape: [1, 1] };
}

function classify(node: OnnxNode, builder: GraphBuilder): Value[] {
  requireLinear(node);
  const row = rowOf(node);
  const labels = labelsAttribute(node, "classlabels_strings", "classlabels_ints");
  const counts = intsAttribute(node, "vectors_per_class") ?? [];
  if ((floatsAttribute(node, "prob_a") ?? []).length > 0) {
    throw new UnsupportedOperatorError(node, "it has prob_a; train it with probability=False");
  }
  if (labels.length < 2) throw new UnsupportedOperatorError(node, `it has ${labels.length} classes`);
  if (counts.reduce((sum, count) => sum + count, 0) === 0) return classifyByClass(node, builder, row, labels);
  if (transformOf(node) !== "NONE") throw new UnsupportedOperatorError(node, "its post_transform must be NONE");
  return classifyByPairs(node, builder, { row, labels, counts });
}

/** One weight set for each class. All have the same offset: onnxruntime adds the first one to each. */
function classifyByClass(node: OnnxNode, builder: GraphBuilder, row: Row, labels: Labels): Value[] {
  if (labels.length === 2) {
    throw new UnsupportedOperatorError(node, "two classes without support vectors; export a LinearClassifier");
  }
  const [offset = 0] = floatsAttribute(node, "rho") ?? [];
  const bias = labels.map(() => offset);
  const scores = linear(node, builder, row, floatsAttribute(node, "coefficients") ?? [], bias);
  return [
    labelOfLargest(builder, scores, labels),
    scoresOf(transformed(builder, scores, transformOf(node)), labels.length),
  ];
}

type Machine = { readonly row: Row; readonly labels: Labels; readonly counts: readonly number[] };

/** One decision for each pair of classes, in the order 01, 02, .., 12, ..; a positive one votes for the first. */
function classifyByPairs(node: OnnxNode, builder: GraphBuilder, machine: Machine): Value[] {
  const { row, labels } = machine;
  const decisions = decisionsOf(node, machine);
  const bias = floatsAttribute(node, "rho") ?? [];
  const weights = decisions.flatMap((decision) => decision.weights);
  const scores = linear(node, builder, row, weights, bias);

  const [first, second] = labels;
  if (labels.length === 2 && first !== undefined && second !== undefined) {
    // On a tie the second class has the vote.
    const sides = bothSides(builder, scores);
    return [labelOfLargest(builder, sides, [second, first]), scoresOf(sides, 2)];
  }
  const votes = labelOfLargest(builder, votesOf(builder, scores, decisions, labels.length), labels);
  return [votes, scoresOf(scores, decisions.length)];
}

type Decision = { readonly one: number; readonly other: number; readonly weights: readonly number[] };

function decisionsOf(node: OnnxNode, { row, labels, counts }: Machine): Decision[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const vectors = vectorsOf(node, row, total);
  const coefficients = floatsAttribute(node, "coefficients") ?? [];
  if (counts.length !== labels.length || coefficients.length !== total * (labels.length - 1)) {
    throw new BadNodeError(
      node,
      `${coefficients.length} coefficients, ${total} vectors and ${labels.length} classes do not fit`,
    );
  }
  const starts = counts.map((_, index) => counts.slice(0, index).reduce((sum, count) => sum + count, 0));
  /** A class's vectors with the coefficients that it has against another one. */
  const part = (own: number, against: number): number[] => {
    const [start, count] = [starts[own] as number, counts[own] as number];
    // A class has no coefficients against itself, so those against later ones are one line up.
    const line = against > own ? against - 1 : against;
    const from = line * total + start;
    return weigh(vectors.slice(start, start + count), coefficients.slice(from, from + count), row.length);
  };
  return labels.flatMap((_, one) =>
    Array.from(rangeOf(labels.length).slice(one + 1), (other) => {
      const theirs = part(other, one);
      return { one, other, weights: part(one, other).map((weight, index) => weight + (theirs[index] as number)) };
    }),
  );
}

/** Each decision's sign as 0 or 1, counted for the class that it favours. */
function votesOf(builder: GraphBuilder, scores: string, decisions: readonly Decision[], classes: number): string {
  const count = decisions.length;
  const mirrored = new Float64Array(count * 2 * count);
  decisions.forEach((_, index) => {
    mirrored[2 * index * count + index] = -1;
    mirrored[(2 * index + 1) * count + index] = 1;
  });
  const sides = dense(builder, scores, mirrored, new Float64Array(count * 2));
  const signs = builder.add({ kind: "argmax", input: sides, length: 2 }, count);
  const weights = new Float64Array(classes * count);
  const bias = new Float64Array(classes);
  decisions.forEach(({ one, other }, index) => {
    weights[one * count + index] = 1;
    weights[other * count + index] = -1;
    bias[other] = (bias[other] as number) + 1;
  });
  return dense(builder, gather(builder, [signs], rangeOf(count)), weights, bias);
}

function vectorsOf(node: OnnxNode, { length }: Row, count: number): readonly (readonly number[])[] {
  const numbers = floatsAttribute(node, "support_vectors") ?? [];
  if (numbers.length !== count * length) {
    throw new BadNodeError(node, `it has ${numbers.length} numbers for ${count} support vectors of ${length}`);
  }
  return Array.from({ length: count }, (_, index) => numbers.slice(index * length, (index + 1) * length));
}

/** The sum of vectors times coefficients. */
function weigh(vectors: readonly (readonly number[])[], coefficients: readonly number[], length = 0): number[] {
  const sum = Array.from({ length: vectors[0]?.length ?? length }, () => 0);
  vectors.forEach((vector, index) => {
    const coefficient = coefficients[index] ?? 0;
    vector.forEach((element, at) => {
      sum[at] = (sum[at] as number) + coefficient * element;
    });
  });
  return sum;
}

function requireLinear(node: OnnxNode): void {
  const kernel = stringAttribute(node, "kernel_type", "LINEAR");
  if (kernel !== "LINEAR") {
    throw new UnsupportedOperatorError(node, `its kernel is ${kernel}, and must be LINEAR`);
  }
}
