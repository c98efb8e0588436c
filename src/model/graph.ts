/**
 * A trained model as real numbers, in the few operators that the compiler knows. Tensors are flat and have names; the
 * batch has gone, and so has everything that is constant.
 */

/** A model between import and quantisation. */
export type Graph = {
  /** How many numbers go in: all inputs of the model, one after the other, under the name `INPUT`. */
  readonly inputSize: number;
  /** In an order in which each node's inputs come before it. */
  readonly nodes: readonly Node[];
  readonly outputs: readonly GraphOutput[];
};

/** The name of the tensor that holds all inputs. */
export const INPUT = "input";

/** What a model answers. */
export type GraphOutput = {
  /** The name that the model's file gives it. */
  readonly name: string;
  readonly tensor: string;
  /** What each index means, where the output is an index of classes. */
  readonly labels?: readonly (string | number)[];
};

/** One step: an operator, and the tensor that it makes. */
export type Node = {
  /** The tensor's name, unlike any other. */
  readonly id: string;
  readonly size: number;
  /** The nodes of the model's file that became this one, for messages. */
  readonly origin: string;
  readonly operator: Operator;
};

export type Operator = LinearOperator | PointwiseOperator | Product | Maximum | ArgMax | Softmax | Normalize | Trees;

export type LinearOperator = Dense | Conv | Gather | Affine | Sum;
export type PointwiseOperator = Relu | LeakyRelu | Clip | Sigmoid | Tanh;

/** `out[r] = bias[r] + Σ weights[r * columns + c] * in[c]`. */
export type Dense = {
  readonly kind: "dense";
  readonly input: string;
  readonly columns: number;
  readonly weights: Float64Array;
  readonly bias: Float64Array;
};

/** A convolution over planes: tensors are channel, row, column; weights are filter, channel of the group, row, column. */
export type Conv = {
  readonly kind: "conv";
  readonly input: string;
  readonly geometry: ConvGeometry;
  readonly weights: Float64Array;
  readonly bias: Float64Array;
};

/** One-dimensional convolutions have a height of one. */
export type ConvGeometry = {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly filters: number;
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Rows above, columns left, rows below, columns right, of zeros. */
  readonly pads: readonly [number, number, number, number];
  readonly groups: number;
};

/** `out[i] = concat(inputs)[indices[i]]`, or zero where the index is -1. */
export type Gather = { readonly kind: "gather"; readonly inputs: readonly string[]; readonly indices: Int32Array };

/** `out[i] = in[i] * multipliers[i] + offsets[i]`. */
export type Affine = {
  readonly kind: "affine";
  readonly input: string;
  readonly multipliers: Float64Array;
  readonly offsets: Float64Array;
};

/** `out[i] = Σ coefficients[k] * inputs[k][i]`, all of one size. */
export type Sum = {
  readonly kind: "sum";
  readonly inputs: readonly string[];
  readonly coefficients: readonly number[];
};

export type Relu = { readonly kind: "relu"; readonly input: string };
export type LeakyRelu = { readonly kind: "leakyRelu"; readonly input: string; readonly slope: number };
export type Clip = { readonly kind: "clip"; readonly input: string; readonly min: number; readonly max: number };
export type Sigmoid = { readonly kind: "sigmoid"; readonly input: string };
export type Tanh = { readonly kind: "tanh"; readonly input: string };

/** `out[i] = left[i] * right[i]`, both of which depend on the input. */
export type Product = { readonly kind: "product"; readonly left: string; readonly right: string };

/** `out[i]` is the largest of `in[index]` over group i's indices; groups have `length` indices each, and -1 is none. */
export type Maximum = {
  readonly kind: "max";
  readonly input: string;
  readonly length: number;
  readonly indices: Int32Array;
};

/** For each run of `length` numbers, the lowest index of its largest. */
export type ArgMax = { readonly kind: "argmax"; readonly input: string; readonly length: number };

/** Over runs of `length` numbers. */
export type Softmax = { readonly kind: "softmax"; readonly input: string; readonly length: number };

/** Each run of `length` numbers divided by its norm. */
export type Normalize = {
  readonly kind: "normalize";
  readonly input: string;
  readonly length: number;
  readonly norm: "l1" | "l2" | "max";
};

/** `out[j] = base[j] + Σ` of what each tree's leaf adds to j. */
export type Trees = {
  readonly kind: "trees";
  readonly input: string;
  readonly base: Float64Array;
  readonly trees: readonly TreeNode[];
  /** The type in which the exporter's library compares: both sides are rounded to it first. */
  readonly precision: "float32" | "float64";
};

/** A leaf, which adds `weights[k]` to output `targets[k]`; or a branch. */
export type TreeNode = Leaf | Branch;
export type Leaf = { readonly targets: readonly number[]; readonly weights: readonly number[] };
export type Branch = {
  readonly feature: number;
  readonly threshold: number;
  /** Whether `below` is taken at `feature < threshold` or at `feature <= threshold`. */
  readonly comparison: "<" | "<=";
  readonly below: TreeNode;
  readonly above: TreeNode;
};

/** The tensors that an operator reads. */
export function inputsOf(operator: Operator): readonly string[] {
  switch (operator.kind) {
    case "gather":
    case "sum":
      return operator.inputs;
    case "product":
      return [operator.left, operator.right];
    default:
      return [operator.input];
  }
}

/** How many nodes and outputs read a tensor. */
export function readersOf({ nodes, outputs }: Graph, tensor: string): number {
  const reads = nodes.filter(({ operator }) => inputsOf(operator).includes(tensor)).length;
  return reads + outputs.filter((output) => output.tensor === tensor).length;
}

/** A node that reads one tensor under another name. */
export function rewired(node: Node, from: string, to: string): Node {
  const { operator } = node;
  const name = (tensor: string): string => (tensor === from ? to : tensor);
  switch (operator.kind) {
    case "gather":
    case "sum":
      return { ...node, operator: { ...operator, inputs: operator.inputs.map(name) } };
    case "product":
      return { ...node, operator: { ...operator, left: name(operator.left), right: name(operator.right) } };
    default:
      return { ...node, operator: { ...operator, input: name(operator.input) } };
  }
}
