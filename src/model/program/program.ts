/**
 * A model in exact integers: what the executor computes, what the circuit proves, and what the certificate is about.
 * Tensors are flat, have names, and hold integers of any size.
 */
import type { ConvGeometry } from "../graph.ts";

/** A model as integers. */
export type Program = {
  readonly input: ProgramInput;
  /** In an order in which each step's inputs come before it. */
  readonly steps: readonly Step[];
  readonly output: ProgramOutput;
};

/** Whether a commitment hides a value, or is the value itself. */
export type Visibility = "hidden" | "public";

/** The tensor `input`: field i is in [0, 2^widths[i]). */
export type ProgramInput = { readonly visibility: Visibility; readonly widths: readonly number[] };

/** What is packed into one element, the first field in the lowest bits. */
export type ProgramOutput = { readonly visibility: Visibility; readonly fields: readonly OutputField[] };

/** One number of a tensor, in so many bits: from 0 on if plain, else in offset binary. */
export type OutputField = {
  readonly tensor: string;
  readonly index: number;
  readonly bits: number;
  readonly encoding: "plain" | "offset";
};

/** One step, and the tensor that it makes. */
export type Step = {
  readonly id: string;
  readonly size: number;
  /** The layer of the model that it comes from, for reports and messages. */
  readonly origin: string;
  readonly operation: Operation;
};

export type Operation = LinearOperation | PrivateDense | Rescale | Relu | Product | Maximum | ArgMax | Lookup | Trees;

/** Sums of inputs with constant weights: they cost a circuit nothing. */
export type LinearOperation = Dense | Conv | Gather | Affine | Sum;

/** `out[r] = bias[r] + Σ weights[r * columns + c] * in[c]`. */
export type Dense = {
  readonly kind: "dense";
  readonly input: string;
  readonly columns: number;
  readonly weights: readonly number[];
  readonly bias: readonly bigint[];
};

/**
 * A dense layer whose weights are no part of the program, but public inputs of its circuit that the model's key absorbs.
 * Whatever they are, the circuit makes sure that each sum and half of what the next step divides by, 2^shift, are together
 * in [-2^(bits-1), 2^(bits-1)); nothing else is known of the sums.
 */
export type PrivateDense = {
  readonly kind: "privateDense";
  readonly input: string;
  readonly columns: number;
  readonly bits: number;
  readonly shift: number;
  /** What the model's author alone has. */
  readonly secret?: Secret;
};

/** Weights row by row, and a bias for each row. */
export type Secret = { readonly weights: readonly number[]; readonly bias: readonly bigint[] };

/** A convolution, with one bias a filter. */
export type Conv = {
  readonly kind: "conv";
  readonly input: string;
  readonly geometry: ConvGeometry;
  readonly weights: readonly number[];
  readonly bias: readonly bigint[];
};

/** `out[i] = concat(inputs)[indices[i]]`, or zero where the index is -1. */
export type Gather = {
  readonly kind: "gather";
  readonly inputs: readonly string[];
  readonly indices: readonly number[];
};

/** `out[i] = in[i] * multipliers[i] + offsets[i]`. */
export type Affine = {
  readonly kind: "affine";
  readonly input: string;
  readonly multipliers: readonly number[];
  readonly offsets: readonly bigint[];
};

/** `out[i] = Σ coefficients[k] * inputs[k][i]`. */
export type Sum = {
  readonly kind: "sum";
  readonly inputs: readonly string[];
  readonly coefficients: readonly number[];
};

/** `out[i] = floor((in[i] + half) / 2^shifts[i])`, where half is `2^(shifts[i] - 1)`, or zero if the shift is. */
export type Rescale = { readonly kind: "rescale"; readonly input: string; readonly shifts: readonly number[] };

/**
 * With `q = floor((in[i] + half) / 2^shifts[i])` and slope n / 2^m: `out[i] = q * 2^m` if q is at least zero, else
 * `q * n`. Plain ReLU has n = m = 0.
 */
export type Relu = {
  readonly kind: "relu";
  readonly input: string;
  readonly shifts: readonly number[];
  readonly slope: { readonly numerator: number; readonly bits: number };
};

/** `out[i] = left[i] * right[i]`. */
export type Product = { readonly kind: "product"; readonly left: string; readonly right: string };

/** `out[i]` is the largest of `in` over the i-th run of `length` indices; -1 is none. */
export type Maximum = {
  readonly kind: "max";
  readonly input: string;
  readonly length: number;
  readonly indices: readonly number[];
};

/** For each run of `length` numbers, the lowest index of its largest. */
export type ArgMax = { readonly kind: "argmax"; readonly input: string; readonly length: number };

/** `out[i] = in[i] * slopes[b] + intercepts[b]`, where b counts the thresholds that are at most in[i]. */
export type Lookup = {
  readonly kind: "lookup";
  readonly input: string;
  readonly thresholds: readonly number[];
  readonly slopes: readonly number[];
  readonly intercepts: readonly number[];
};

/** `out[j] = base[j] + Σ` of what each tree's leaf adds to j. */
export type Trees = {
  readonly kind: "trees";
  readonly input: string;
  readonly base: readonly bigint[];
  readonly trees: readonly TreeNode[];
};

export type TreeNode = Leaf | Branch;

/** Adds `weights[k]` to output `targets[k]`. */
export type Leaf = { readonly targets: readonly number[]; readonly weights: readonly number[] };

/** Takes `above` where the feature is at least the threshold. */
export type Branch = {
  readonly feature: number;
  readonly threshold: number;
  readonly below: TreeNode;
  readonly above: TreeNode;
};

/** Whether a node of a tree is a leaf. */
export function isLeaf(node: TreeNode): node is Leaf {
  return "targets" in node;
}

/** Whether an operation is a sum with constant weights. */
export function isLinear(operation: Operation): operation is LinearOperation {
  return ["dense", "conv", "gather", "affine", "sum"].includes(operation.kind);
}

/** The tensors that an operation reads. */
export function inputsOf(operation: Operation): readonly string[] {
  switch (operation.kind) {
    case "gather":
    case "sum":
      return operation.inputs;
    case "product":
      return [operation.left, operation.right];
    default:
      return [operation.input];
  }
}

/** What is added before a shift so that it rounds half up. */
export function halfOf(shift: number): bigint {
  return shift === 0 ? 0n : 1n << BigInt(shift - 1);
}
