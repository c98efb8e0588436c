/** Tree ensembles as ONNX writes them: lists of nodes, read into trees. */
import type { TreeNode } from "../graph.ts";
import {
  anyFloatsAttribute,
  BadNodeError,
  intsAttribute,
  stringsAttribute,
  tensorAttribute,
  UnsupportedOperatorError,
} from "./node.ts";
import type { OnnxNode } from "./node.ts";
import { requireFinite } from "./tensor.ts";

/** A leaf's weight for one class or target. */
export type LeafWeight = { readonly target: number; readonly weight: number };

export type Ensemble = {
  readonly weights: readonly LeafWeight[];
  /** The targets on which all leaves of some tree weigh, so that they have a score for every input. */
  readonly alwaysScored: ReadonlySet<number>;
  /** The trees, with each weight multiplied. */
  trees(factor: number): TreeNode[];
  readonly count: number;
};

/** Deeper trees than any exporter writes. */
const MAX_DEPTH = 1000;

type FileNode = {
  readonly tree: number;
  readonly id: number;
  readonly mode: string;
  readonly feature: number;
  readonly threshold: number;
  readonly yes: number;
  readonly no: number;
  readonly weights: LeafWeight[];
};

/** @param side How the operator names what leaves weigh on. */
export function readEnsemble(node: OnnxNode, side: "class" | "target", features: number): Ensemble {
  const nodes = readNodes(node, features);
  const byKey = new Map(nodes.map((each) => [keyOf(each.tree, each.id), each]));
  if (byKey.size !== nodes.length) throw new BadNodeError(node, "two nodes have the same tree and number");
  const weights = readWeights(node, side, byKey);

  // The first node of each tree is its root.
  const roots = [...new Map(nodes.toReversed().map((each) => [each.tree, each])).values()].toReversed();
  const shapes = roots.map((root) => grow(node, byKey, root));
  return {
    weights,
    count: roots.length,
    alwaysScored: new Set(shapes.flatMap((tree) => sharedTargets(tree))),
    trees: (factor) => shapes.map((tree) => multiplied(tree, factor)),
  };
}

const keyOf = (tree: number, id: number): string => `${tree}/${id}`;

function readNodes(node: OnnxNode, features: number): FileNode[] {
  const trees = listOf(node, "nodes_treeids");
  const read = (name: string): readonly number[] => sameLength(node, name, listOf(node, name), trees.length);
  const ids = read("nodes_nodeids");
  const featureIds = read("nodes_featureids");
  const yes = read("nodes_truenodeids");
  const no = read("nodes_falsenodeids");
  const modes = sameLength(node, "nodes_modes", stringsAttribute(node, "nodes_modes") ?? [], trees.length);
  const thresholds = sameLength(node, "nodes_values", numbersOf(node, "nodes_values"), trees.length);
  return trees.map((tree, index) => {
    const [mode, threshold] = [modes[index] as string, thresholds[index] as number];
    const feature = featureIds[index] as number;
    if (mode !== "LEAF" && (feature < 0 || feature >= features)) {
      throw new BadNodeError(node, `it compares feature ${feature} of ${features}`);
    }
    // Infinite thresholds are met always or never; NaN is no threshold.
    if (Number.isNaN(threshold)) requireFinite([threshold], `${node.name}.nodes_values`);
    return {
      tree,
      id: ids[index] as number,
      mode,
      feature,
      threshold,
      yes: yes[index] as number,
      no: no[index] as number,
      weights: [],
    };
  });
}

function readWeights(node: OnnxNode, side: string, byKey: ReadonlyMap<string, FileNode>): LeafWeight[] {
  const trees = listOf(node, `${side}_treeids`);
  const read = (name: string): readonly number[] => sameLength(node, name, listOf(node, name), trees.length);
  const ids = read(`${side}_nodeids`);
  const targets = read(`${side}_ids`);
  const name = `${side}_weights`;
  const numbers = sameLength(node, name, numbersOf(node, name), trees.length);
  requireFinite(numbers, `${node.name}.${name}`);
  return trees.map((tree, index) => {
    const leaf = byKey.get(keyOf(tree, ids[index] as number));
    if (leaf === undefined) {
      throw new BadNodeError(node, `a weight is of node ${ids[index]} in tree ${tree}, which is not there`);
    }
    const weight = { target: targets[index] as number, weight: numbers[index] as number };
    leaf.weights.push(weight);
    return weight;
  });
}

/** The tree below a node. Each node may be reached once only: more would be a cycle, or grow without bound. */
function grow(node: OnnxNode, byKey: ReadonlyMap<string, FileNode>, root: FileNode): TreeNode {
  const reached = new Set<FileNode>();
  const below = (at: FileNode, depth: number): TreeNode => {
    if (reached.has(at)) throw new BadNodeError(node, `node ${at.id} of tree ${at.tree} has two parents`);
    if (depth > MAX_DEPTH) throw new UnsupportedOperatorError(node, `a tree is deeper than ${MAX_DEPTH}`);
    reached.add(at);
    if (at.mode === "LEAF") {
      return { targets: at.weights.map(({ target }) => target), weights: at.weights.map(({ weight }) => weight) };
    }
    const child = (id: number): TreeNode => {
      const next = byKey.get(keyOf(at.tree, id));
      if (next === undefined) throw new BadNodeError(node, `tree ${at.tree} has no node ${id}`);
      return below(next, depth + 1);
    };
    return branch(node, at, child(at.yes), child(at.no));
  };
  return below(root, 1);
}

/** `x >= t` is `x < t` with the sides exchanged. */
function branch(node: OnnxNode, { mode, feature, threshold }: FileNode, yes: TreeNode, no: TreeNode): TreeNode {
  const known = MODES.get(mode);
  if (known === undefined) {
    throw new UnsupportedOperatorError(node, `a node's mode is ${mode}, and must be ${[...MODES.keys()].join(", ")}`);
  }
  const [comparison, exchanges] = known;
  const [below, above] = exchanges ? [no, yes] : [yes, no];
  if (!Number.isFinite(threshold)) return threshold > 0 ? below : above;
  return { feature, threshold, comparison, below, above };
}

const MODES: ReadonlyMap<string, readonly ["<" | "<=", boolean]> = new Map([
  ["BRANCH_LEQ", ["<=", false]],
  ["BRANCH_LT", ["<", false]],
  ["BRANCH_GTE", ["<", true]],
  ["BRANCH_GT", ["<=", true]],
]);

/** What all leaves of a tree weigh on. */
function sharedTargets(tree: TreeNode): number[] {
  if (!("feature" in tree)) return [...tree.targets];
  const others = new Set(sharedTargets(tree.above));
  return sharedTargets(tree.below).filter((target) => others.has(target));
}

function multiplied(tree: TreeNode, factor: number): TreeNode {
  if ("feature" in tree) {
    return { ...tree, below: multiplied(tree.below, factor), above: multiplied(tree.above, factor) };
  }
  return { ...tree, weights: tree.weights.map((weight) => weight * factor) };
}

const listOf = (node: OnnxNode, name: string): readonly number[] => intsAttribute(node, name) ?? [];

/** Of two forms: a list of float32, or since version 3 a tensor, which may be of float64. */
export function numbersOf(node: OnnxNode, name: string): readonly number[] {
  const tensor = tensorAttribute(node, `${name}_as_tensor`);
  if (tensor?.kind === "texts") throw new BadNodeError(node, `${name}_as_tensor holds strings`);
  return tensor === undefined ? (anyFloatsAttribute(node, name) ?? []) : Array.from(tensor.values);
}

function sameLength<T>(node: OnnxNode, name: string, list: readonly T[], length: number): readonly T[] {
  if (list.length !== length) throw new BadNodeError(node, `${name} has ${list.length} entries, and others ${length}`);
  return list;
}
