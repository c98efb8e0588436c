/**
 * Gradient boosting: each tree corrects what the trees before it still get wrong. Splits are found by trying every
 * threshold, and thresholds are few, since a circuit pays for each distinct one once.
 */
import type { TreeNode } from "../../src/model/graph.ts";

export type Boosting = {
  readonly trees: number;
  readonly depth: number;
  /** How much of each correction is made. */
  readonly rate: number;
  /** Draws leaves towards zero. */
  readonly penalty: number;
  /** The least sum of second derivatives in a leaf: fewer rows than that teach nothing. */
  readonly leastWeight: number;
  /** For each feature, where it may be split, ascending. */
  readonly thresholds: readonly (readonly number[])[];
};

/** What is added before any tree, and the trees. A positive sum means yes. */
export type Boosted = { readonly base: number; readonly trees: readonly TreeNode[] };

/** First and second derivatives of the loss, summed over rows. */
type Slopes = { readonly first: number; readonly second: number };

const NONE: Slopes = { first: 0, second: 0 };

/** A row: in which bin each of its features is, and how the loss changes with its score. */
type Sample = { readonly bins: readonly number[]; readonly slopes: Slopes };

/** Up to `count` values of each feature that part the rows evenly. */
export function evenThresholds(rows: readonly (readonly number[])[], count: number): number[][] {
  return (rows[0] ?? []).map((_, feature) => {
    const values = rows.map((row) => row[feature] ?? 0).sort((a, b) => a - b);
    const cuts = Array.from({ length: count }, (_each, at) => {
      return values[Math.floor(((at + 1) * values.length) / (count + 1))] ?? 0;
    });
    // At the least value of all there is nothing below.
    return [...new Set(cuts)].filter((cut) => cut > (values[0] ?? 0));
  });
}

/** Learns which rows are answered yes. */
export function boost(rows: readonly (readonly number[])[], answers: readonly boolean[], options: Boosting): Boosted {
  const bins = rows.map((row) =>
    row.map((value, feature) => options.thresholds[feature]?.filter((threshold) => threshold <= value).length ?? 0),
  );
  const part = answers.filter(Boolean).length / answers.length;
  const base = Math.log(part / (1 - part));
  const scores = rows.map(() => base);
  const trees: TreeNode[] = [];
  for (let count = 0; count < options.trees; count++) {
    const samples = bins.map((each, row): Sample => {
      const probability = 1 / (1 + Math.exp(-(scores[row] ?? 0)));
      const first = probability - (answers[row] === true ? 1 : 0);
      return { bins: each, slopes: { first, second: probability * (1 - probability) } };
    });
    const tree = grow(samples, options.depth, options);
    trees.push(tree);
    for (const [row, values] of rows.entries()) scores[row] = (scores[row] ?? 0) + weightAt(tree, values);
  }
  return { base, trees };
}

function grow(samples: readonly Sample[], depth: number, options: Boosting): TreeNode {
  const all = samples.reduce((total, { slopes }) => sum(total, slopes), NONE);
  const split = depth === 0 ? undefined : bestSplit(samples, all, options);
  if (split === undefined) {
    return { targets: [0], weights: [(-options.rate * all.first) / (all.second + options.penalty)] };
  }
  const { feature, bin, threshold } = split;
  const isBelow = (sample: Sample): boolean => (sample.bins[feature] ?? 0) <= bin;
  return {
    feature,
    threshold,
    comparison: "<",
    below: grow(samples.filter(isBelow), depth - 1, options),
    above: grow(
      samples.filter((sample) => !isBelow(sample)),
      depth - 1,
      options,
    ),
  };
}

type Split = { readonly feature: number; readonly bin: number; readonly threshold: number };

/** The split that lowers the loss most, the first one of equals. */
function bestSplit(samples: readonly Sample[], all: Slopes, options: Boosting): Split | undefined {
  const { thresholds, penalty, leastWeight } = options;
  const worth = ({ first, second }: Slopes): number => (first * first) / (second + penalty);
  let best: Split | undefined;
  let most = worth(all);
  for (const [feature, list] of thresholds.entries()) {
    const byBin = Array.from({ length: list.length + 1 }, () => NONE);
    for (const { bins, slopes } of samples) {
      const bin = bins[feature] ?? 0;
      byBin[bin] = sum(byBin[bin] ?? NONE, slopes);
    }
    let below = NONE;
    for (const [bin, threshold] of list.entries()) {
      below = sum(below, byBin[bin] ?? NONE);
      const above = { first: all.first - below.first, second: all.second - below.second };
      if (Math.min(below.second, above.second) < leastWeight) continue;
      const gained = worth(below) + worth(above);
      if (gained <= most) continue;
      most = gained;
      best = { feature, bin, threshold };
    }
  }
  return best;
}

function sum(a: Slopes, b: Slopes): Slopes {
  return { first: a.first + b.first, second: a.second + b.second };
}

function weightAt(node: TreeNode, row: readonly number[]): number {
  if (!("feature" in node)) return node.weights[0] ?? 0;
  return weightAt((row[node.feature] ?? 0) < node.threshold ? node.below : node.above, row);
}
