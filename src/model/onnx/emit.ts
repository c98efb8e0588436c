/** The steps of a graph that many operators become. */
import { INPUT } from "../graph.ts";
import type { GraphBuilder } from "./builder.ts";
import { broadcastIndices, rangeOf, sameShape, sizeOf, transposedIndices } from "./value.ts";
import type { Constant, Dynamic, Shape } from "./value.ts";

/** Elements of tensors, one after the other; a gather of gathers becomes one, and one that changes nothing vanishes. */
export function gather(builder: GraphBuilder, inputs: readonly string[], indices: Int32Array): string {
  const sources: string[] = [];
  const starts: number[] = [];
  let total = 0;
  const startOf = (source: string): number => {
    const known = sources.indexOf(source);
    if (known !== -1) return starts[known] as number;
    sources.push(source);
    starts.push(total);
    total += builder.sizeOf(source);
    return starts.at(-1) as number;
  };

  const flat = indices.map((index) => {
    const origin = originOf(builder, inputs, index);
    return origin === undefined ? -1 : startOf(origin.source) + origin.index;
  });
  const [source = INPUT] = sources;
  const changesNothing = sources.length === 1 && flat.length === total && flat.every((index, at) => index === at);
  if (changesNothing) return source;
  return builder.add({ kind: "gather", inputs: sources.length === 0 ? [source] : sources, indices: flat }, flat.length);
}

/** Where an element of concatenated tensors comes from, behind any gathers. Undefined for a zero. */
function originOf(
  builder: GraphBuilder,
  inputs: readonly string[],
  index: number,
): { source: string; index: number } | undefined {
  if (index === -1) return undefined;
  let rest = index;
  for (const input of inputs) {
    const size = builder.sizeOf(input);
    if (rest < size) {
      const inner = builder.operatorOf(input);
      if (inner?.kind === "gather") return originOf(builder, inner.inputs, inner.indices[rest] as number);
      return { source: input, index: rest };
    }
    rest -= size;
  }
  return undefined;
}

/** The same tensor with its elements at other places. */
export function rearrange(builder: GraphBuilder, value: Dynamic, shape: Shape, indices: Int32Array): Dynamic {
  return { ...value, shape, tensor: gather(builder, [value.tensor], indices) };
}

/** The same elements in another shape. */
export function reshape(value: Dynamic, shape: Shape): Dynamic {
  return { ...value, shape };
}

export function transpose(builder: GraphBuilder, value: Dynamic, order: readonly number[]): Dynamic {
  const shape = order.map((axis) => value.shape[axis] as number);
  return rearrange(builder, value, shape, transposedIndices(value.shape, order));
}

export function broadcast(builder: GraphBuilder, value: Dynamic, shape: Shape): Dynamic {
  if (sameShape(value.shape, shape)) return value;
  return rearrange(builder, value, shape, broadcastIndices(value.shape, shape));
}

/** The elements of a constant, broadcast. */
export function broadcastValues({ shape, values }: Constant, to: Shape): Float64Array {
  if (sameShape(shape, to)) return values;
  return Float64Array.from(broadcastIndices(shape, to), (index) => values[index] as number);
}

/** An affine function of each element. */
export function affine(
  builder: GraphBuilder,
  value: Dynamic,
  multipliers: ArrayLike<number> | number,
  offsets: ArrayLike<number> | number,
): Dynamic {
  const size = sizeOf(value.shape);
  const spread = (numbers: ArrayLike<number> | number): Float64Array =>
    typeof numbers === "number" ? new Float64Array(size).fill(numbers) : Float64Array.from(numbers);
  const operator = {
    kind: "affine",
    input: value.tensor,
    multipliers: spread(multipliers),
    offsets: spread(offsets),
  } as const;
  return { ...value, tensor: builder.add(operator, size) };
}

/** `weights`, a row for each output, times the elements. What weighs a single weighted sum is one with it. */
export function dense(builder: GraphBuilder, input: string, weights: Float64Array, bias: Float64Array): string {
  const inner = builder.operatorOf(input);
  if (inner?.kind === "dense" && inner.bias.length === 1) {
    const [offset = 0] = inner.bias;
    const columns = inner.columns;
    const composed = new Float64Array(weights.length * columns).map(
      (_, at) => (weights[Math.floor(at / columns)] as number) * (inner.weights[at % columns] as number),
    );
    const biases = bias.map((own, row) => own + (weights[row] as number) * offset);
    return dense(builder, inner.input, composed, biases);
  }
  return builder.add({ kind: "dense", input, columns: builder.sizeOf(input), weights, bias }, bias.length);
}

/** The sum of each run of `length` elements, times a factor. */
export function sumRuns(builder: GraphBuilder, input: string, length: number, factor: number): string {
  const runs = builder.sizeOf(input) / length;
  const weights = new Float64Array(length).fill(factor);
  if (runs === 1) return dense(builder, input, weights, new Float64Array(1));
  const geometry = {
    channels: 1,
    height: runs,
    width: length,
    filters: 1,
    kernel: [1, length],
    strides: [1, length],
    dilations: [1, 1],
    pads: [0, 0, 0, 0],
    groups: 1,
  } as const;
  return builder.add({ kind: "conv", input, geometry, weights, bias: new Float64Array(1) }, runs);
}

/** Puts an axis last, applies a function to the runs that it makes, and puts it back. */
export function alongAxis(
  builder: GraphBuilder,
  value: Dynamic,
  axis: number,
  apply: (tensor: string, length: number) => string,
): Dynamic {
  const axes = Array.from(rangeOf(value.shape.length));
  const order = [...axes.filter((other) => other !== axis), axis];
  const moved = transpose(builder, value, order);
  const applied = { ...moved, tensor: apply(moved.tensor, value.shape[axis] ?? 1) };
  return transpose(
    builder,
    applied,
    axes.map((other) => order.indexOf(other)),
  );
}
