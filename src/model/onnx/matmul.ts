/** Products of matrices: by constant weights they are linear, of two dynamic ones they are products and sums. */
import type { GraphBuilder } from "./builder.ts";
import { add } from "./arithmetic.ts";
import { affine, broadcast, broadcastValues, dense, rearrange, reshape, sumRuns, transpose } from "./emit.ts";
import { BadNodeError, floatAttribute, intAttribute, numbersOf, requireRank } from "./node.ts";
import type { OnnxNode } from "./node.ts";
import type { Operators } from "./operator.ts";
import { broadcastIndices, broadcastOf, rangeOf, sizeOf, stridedIndices, transposedIndices } from "./value.ts";
import type { Constant, Dynamic, Shape } from "./value.ts";

export const MATMUL: Operators = {
  MatMul: (node, builder) => multiply(node, builder, numbersOf(node, 0), numbersOf(node, 1)),
  Gemm: gemm,
};

/** `alpha * A * B + beta * C`. */
function gemm(node: OnnxNode, builder: GraphBuilder): Dynamic {
  const [left, right] = [numbersOf(node, 0), numbersOf(node, 1)];
  requireRank(node, left.shape, [2]);
  requireRank(node, right.shape, [2]);
  const turned = (value: Constant | Dynamic, name: string): Constant | Dynamic =>
    intAttribute(node, name, 0) === 0 ? value : swapLast(builder, value);
  const alpha = floatAttribute(node, "alpha", 1);
  const product = multiply(node, builder, turned(left, "transA"), turned(right, "transB"));
  const scaled = alpha === 1 ? product : affine(builder, product, alpha, 0);
  if (node.inputs[2] === undefined) return scaled;
  return add(node, builder, [scaled, 1], [numbersOf(node, 2), floatAttribute(node, "beta", 1)]);
}

/** One dimension counts as a row on the left, and as a column on the right, which the result then lacks. */
function multiply(node: OnnxNode, builder: GraphBuilder, left: Constant | Dynamic, right: Constant | Dynamic): Dynamic {
  if (left.shape.length === 0 || right.shape.length === 0) throw new BadNodeError(node, "a factor has no dimensions");
  const row = left.shape.length === 1;
  const column = right.shape.length === 1;
  const a = row ? { ...left, shape: [1, ...left.shape] } : left;
  const b = column ? { ...right, shape: [...right.shape, 1] } : right;
  const sizes = sizesOf(node, a.shape, b.shape);

  const product = ((): Dynamic => {
    if (b.kind === "constant") return a.kind === "constant" ? notDynamic(node) : byConstant(builder, a, b, sizes);
    if (a.kind === "dynamic") return ofDynamic(builder, a, b, sizes);
    // (A B)ᵀ = Bᵀ Aᵀ
    const flipped = { ...sizes, rows: sizes.columns, columns: sizes.rows };
    return swapLast(builder, byConstant(builder, swapLast(builder, b), swapLast(builder, a), flipped));
  })();
  const matrix = [...(row ? [] : [sizes.rows]), ...(column ? [] : [sizes.columns])];
  return reshape(product, [...sizes.batch, ...matrix]);
}

/** `rows` x `inner` times `inner` x `columns`, for each matrix of the batch. */
type Sizes = { readonly batch: Shape; readonly rows: number; readonly inner: number; readonly columns: number };

function sizesOf(node: OnnxNode, left: Shape, right: Shape): Sizes {
  const [rows, inner] = left.slice(-2) as [number, number];
  const [innerRight, columns] = right.slice(-2) as [number, number];
  const batch = broadcastOf(left.slice(0, -2), right.slice(0, -2));
  if (inner !== innerRight || batch === undefined) {
    throw new BadNodeError(node, `shapes [${left.join(", ")}] and [${right.join(", ")}] do not multiply`);
  }
  return { batch, rows, inner, columns };
}

function byConstant(builder: GraphBuilder, left: Dynamic, right: Constant, sizes: Sizes): Dynamic {
  const { batch, inner, columns } = sizes;
  const shared = sizeOf(right.shape.slice(0, -2)) === 1;
  const groups = shared ? 1 : sizeOf(batch);
  const rows = shared ? sizes.rows * sizeOf(batch) : sizes.rows;
  const spread = broadcast(builder, left, [...batch, sizes.rows, inner]);
  const shape = [...batch, sizes.rows, columns];

  // Each column of the weights becomes a filter as wide as a row.
  const order = transposedIndices([groups, inner, columns], [0, 2, 1]);
  const all = shared ? right.values : broadcastValues(right, [...batch, inner, columns]);
  const weights = Float64Array.from(order, (index) => all[index] as number);
  const filters = groups * columns;
  const bias = new Float64Array(filters);
  if (groups * rows === 1) return { ...spread, shape, tensor: dense(builder, spread.tensor, weights, bias) };

  const geometry = {
    channels: groups,
    height: rows,
    width: inner,
    filters,
    kernel: [1, inner],
    strides: [1, 1],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
    groups,
  } as const;
  const size = sizeOf([filters, rows]);
  const tensor = builder.add({ kind: "conv", input: spread.tensor, geometry, weights, bias }, size);
  return reshape(transpose(builder, { ...spread, shape: [groups, columns, rows], tensor }, [0, 2, 1]), shape);
}

function ofDynamic(builder: GraphBuilder, left: Dynamic, right: Dynamic, sizes: Sizes): Dynamic {
  const { batch, rows, inner, columns } = sizes;
  const matrices = sizeOf(batch);
  const terms = [matrices, rows, columns, inner];
  const lay = (value: Dynamic, from: Shape, strides: readonly number[]): string => {
    const spread = rearrange(builder, value, [], broadcastIndices(value.shape, [...batch, ...from]));
    return rearrange(builder, spread, terms, stridedIndices(terms, strides)).tensor;
  };
  const operands = {
    left: lay(left, [rows, inner], [rows * inner, inner, 0, 1]),
    right: lay(right, [inner, columns], [inner * columns, 0, 1, columns]),
  };
  const product = builder.add({ kind: "product", ...operands }, sizeOf(terms));
  return { ...left, shape: [...batch, rows, columns], tensor: sumRuns(builder, product, inner, 1) };
}

/** Exchanges the last two axes. */
function swapLast<T extends Constant | Dynamic>(builder: GraphBuilder, value: T): T;
function swapLast(builder: GraphBuilder, value: Constant | Dynamic): Constant | Dynamic {
  const axes = Array.from(rangeOf(value.shape.length));
  const order = [...axes.slice(0, -2), axes.at(-1) as number, axes.at(-2) as number];
  if (value.kind === "dynamic") return transpose(builder, value, order);
  const values = Float64Array.from(transposedIndices(value.shape, order), (index) => value.values[index] as number);
  return { ...value, shape: order.map((axis) => value.shape[axis] as number), values };
}

function notDynamic(node: OnnxNode): never {
  throw new BadNodeError(node, "none of its factors depends on the model's inputs");
}
