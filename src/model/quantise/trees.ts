/** Decision trees compare exactly: a threshold becomes the first integer that the exporter's library would put above it. */
import type { Graph, Trees, TreeNode as FloatNode } from "../graph.ts";
import { decodeNumber, widthOf, type FieldCodec } from "../codec.ts";
import type { TreeNode } from "../program/program.ts";
import { snapped, uniform, type Layer, type ProgramBuilder, type Quantised } from "./layer.ts";

const LEAF_BITS = 16;

/** What a tree's features are: for each, the input field that alone decides it, and how. */
type Feature = { readonly field: number; readonly valueAt: (steps: number) => number };

/** Quantises an ensemble, whose features are input fields, each perhaps scaled on its way. */
export function quantiseTrees(
  trees: Trees,
  graph: Graph,
  codecs: readonly FieldCodec[],
  layer: Layer,
  program: ProgramBuilder,
): Quantised {
  const features = new Map<number, Feature>();
  const featureOf = (index: number): Feature => {
    const known = features.get(index) ?? traceFeature(trees.input, index, graph, codecs);
    features.set(index, known);
    return known;
  };
  const size = trees.base.length;
  const scale = snapped(leafScale(trees), layer);
  const convert = (node: FloatNode): TreeNode => {
    if (!("feature" in node)) {
      const sums = new Map<number, number>();
      for (const [at, target] of node.targets.entries()) {
        sums.set(target, (sums.get(target) ?? 0) + (node.weights[at] ?? 0));
      }
      return { targets: [...sums.keys()], weights: [...sums.values()].map((weight) => Math.round(weight / scale)) };
    }
    const { field, valueAt } = featureOf(node.feature);
    const width = widthOf(codecs[field] as FieldCodec);
    const round = trees.precision === "float32" ? Math.fround : (value: number): number => value;
    const threshold = round(node.threshold);
    const isAbove = (steps: number): boolean => {
      const value = round(valueAt(steps));
      return node.comparison === "<" ? value >= threshold : value > threshold;
    };
    return {
      feature: field,
      threshold: firstWhere(isAbove, 2 ** width),
      below: convert(node.below),
      above: convert(node.above),
    };
  };
  const converted = trees.trees.map(convert);
  const base = Array.from(trees.base, (value) => BigInt(Math.round(value / scale)));
  return uniform(program.add(layer, size, { kind: "trees", input: "input", base, trees: converted }), size, scale);
}

/** The least integer below `end` that is above, or `end`; what is above stays above further on. */
function firstWhere(isAbove: (steps: number) => boolean, end: number): number {
  let [low, high] = [0, end];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isAbove(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function leafScale({ trees }: Trees): number {
  let most = 0;
  const visit = (node: FloatNode): void => {
    if ("feature" in node) {
      visit(node.below);
      visit(node.above);
    } else most = Math.max(most, ...node.weights.map(Math.abs));
  };
  for (const tree of trees) visit(tree);
  return most === 0 ? 1 : most / (2 ** (LEAF_BITS - 1) - 1);
}

/** Follows a number back to the input through what moves, multiplies by a positive factor, and adds. */
function traceFeature(tensor: string, index: number, graph: Graph, codecs: readonly FieldCodec[]): Feature {
  if (tensor === "input") {
    const codec = codecs[index] as FieldCodec;
    return { field: index, valueAt: (steps) => decodeNumber(codec, steps) };
  }
  const node = graph.nodes.find(({ id }) => id === tensor);
  const operator = node?.operator;
  if (operator?.kind === "gather") {
    let at = operator.indices[index] ?? -1;
    for (const name of operator.inputs) {
      const size = name === "input" ? graph.inputSize : (graph.nodes.find(({ id }) => id === name)?.size ?? 0);
      if (at >= 0 && at < size) return traceFeature(name, at, graph, codecs);
      at -= size;
    }
  }
  if (operator?.kind === "affine") {
    const factor = operator.multipliers[index] ?? 0;
    const inner = traceFeature(operator.input, index, graph, codecs);
    if (factor > 0) {
      return { field: inner.field, valueAt: (steps) => inner.valueAt(steps) * factor + (operator.offsets[index] ?? 0) };
    }
  }
  throw new ComputedFeatureError(node?.origin ?? tensor, index);
}

/** Trees that compare something other than a field of the input. */
export class ComputedFeatureError extends Error {
  override readonly name = "ComputedFeatureError";

  constructor(origin: string, index: number) {
    super(
      `A tree compares number ${index} of ${origin}, which is not a field of the input, scaled by a positive factor at ` +
        "most. Train the trees on the fields themselves.",
    );
  }
}
