/**
 * Tree ensembles. Each feature is cut into bins once, by all thresholds that any tree has for it; then every comparison
 * is a sum of bins, and costs nothing. What is left is to choose between subtrees.
 */
import { isLeaf, type Branch, type Leaf, type TreeNode, type Trees } from "../program/program.ts";
import { combine, constantOf, isConstant, soleWire, wireOf, ZERO, type Expression } from "./expression.ts";
import type { Circuit } from "./gadgets.ts";
import { choose, type Value } from "./compose.ts";

/** The outputs of an ensemble. `covered` collects the input fields, so wide, whose range the bins check. */
export function plantTrees(
  { base, trees }: Trees,
  values: readonly Value[],
  circuit: Circuit,
  widths: readonly number[],
  covered: Set<number>,
): Expression[] {
  const isAbove = cutFeatures(trees, values, circuit, widths, covered);
  const totals = base.map((each): [bigint, Expression][] => [[1n, constantOf(each)]]);
  for (const tree of trees) {
    const pruned = prune(tree, values);
    const targets = targetsOf(pruned);
    const grow = costOfChoices(pruned) * targets.length <= costOfPaths(pruned) ? growChoices : growPaths;
    for (const [target, expression] of grow(pruned, targets, isAbove, circuit)) totals[target]?.push([1n, expression]);
  }
  return totals.map((parts) => combine(0n, parts));
}

type IsAbove = (branch: Branch) => Expression;

/** Cuts each feature that is compared, and answers what a branch's comparison is as an expression. */
function cutFeatures(
  trees: readonly TreeNode[],
  values: readonly Value[],
  circuit: Circuit,
  widths: readonly number[],
  covered: Set<number>,
): IsAbove {
  const thresholds = new Map<number, Set<number>>();
  const collect = (node: TreeNode): void => {
    if (isLeaf(node)) return;
    thresholds.set(node.feature, (thresholds.get(node.feature) ?? new Set()).add(node.threshold));
    collect(node.below);
    collect(node.above);
  };
  for (const tree of trees) collect(prune(tree, values));

  const bins = new Map<number, { edges: number[]; wires: Expression[] }>();
  for (const [feature, found] of [...thresholds].sort(([a], [b]) => a - b)) {
    const { expression, interval } = values[feature] as Value;
    const edges = [...found].sort((a, b) => a - b);
    bins.set(feature, {
      edges,
      wires: circuit.oneHot(expression, interval.lo, edges.map(BigInt), interval.hi).map(wireOf),
    });
    const field = soleWire(expression);
    // Only where the bins end where the field does; a number that may be more would let the field be more.
    const isWhole = interval.lo === 0n && interval.hi === (1n << BigInt(widths[field ?? -1] ?? 0)) - 1n;
    if (field !== undefined && isWhole) covered.add(field);
  }
  return ({ feature, threshold }) => {
    const { edges, wires } = bins.get(feature) ?? { edges: [], wires: [] };
    return combine(
      0n,
      wires.slice(edges.indexOf(threshold)).map((wire) => [1n, wire] as const),
    );
  };
}

/** Without the branches that no value in the intervals takes. */
function prune(node: TreeNode, values: readonly Value[]): TreeNode {
  if (isLeaf(node)) return node;
  const { interval, expression } = values[node.feature] as Value;
  const threshold = BigInt(node.threshold);
  if (threshold <= interval.lo) return prune(node.above, values);
  if (threshold > interval.hi) return prune(node.below, values);
  if (isConstant(expression)) return prune(expression.constant >= threshold ? node.above : node.below, values);
  return { ...node, below: prune(node.below, values), above: prune(node.above, values) };
}

function targetsOf(node: TreeNode): number[] {
  return isLeaf(node) ? [...new Set(node.targets)] : [...new Set([...targetsOf(node.below), ...targetsOf(node.above)])];
}

/** A choice between two leaves is linear; any other takes a product. */
function costOfChoices(node: TreeNode): number {
  if (isLeaf(node) || (isLeaf(node.below) && isLeaf(node.above))) return 0;
  return 1 + costOfChoices(node.below) + costOfChoices(node.above);
}

/** The way to the root's children is the comparison itself; any other branch takes a product. */
function costOfPaths(node: TreeNode): number {
  const branches = (each: TreeNode): number => (isLeaf(each) ? 0 : 1 + branches(each.below) + branches(each.above));
  return Math.max(0, branches(node) - 1);
}

type Grow = (tree: TreeNode, targets: readonly number[], isAbove: IsAbove, circuit: Circuit) => [number, Expression][];

/** Chooses between the values of subtrees, from the leaves up, once for each target. */
const growChoices: Grow = (tree, targets, isAbove, circuit) => {
  const valueOf = (node: TreeNode, target: number): Expression => {
    if (isLeaf(node)) return constantOf(weightOf(node, target));
    return choose(isAbove(node), valueOf(node.above, target), valueOf(node.below, target), circuit);
  };
  return targets.map((target) => [target, valueOf(tree, target)]);
};

/** Follows the way from the root down, and weighs each leaf by whether it is reached, which serves all targets. */
const growPaths: Grow = (tree, targets, isAbove, circuit) => {
  const reached: [Leaf, Expression][] = [];
  const follow = (node: TreeNode, reach: Expression): void => {
    if (isLeaf(node)) {
      reached.push([node, reach]);
      return;
    }
    const above = isConstant(reach) ? isAbove(node) : choose(reach, isAbove(node), ZERO, circuit);
    follow(node.above, above);
    follow(
      node.below,
      combine(0n, [
        [1n, reach],
        [-1n, above],
      ]),
    );
  };
  follow(tree, constantOf(1n));
  return targets.map((target) => [
    target,
    combine(
      0n,
      reached.map(([leaf, reach]) => [weightOf(leaf, target), reach] as const),
    ),
  ]);
};

function weightOf(leaf: Leaf, target: number): bigint {
  return BigInt(leaf.weights[leaf.targets.indexOf(target)] ?? 0);
}
