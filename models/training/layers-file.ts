/** Writes trained layers as ONNX, as PyTorch would export them. */
import { encodeModel } from "../../src/model/onnx/file.ts";
import { ATTRIBUTE, ELEMENT } from "../../src/model/onnx/schema.ts";
import type { NodeProto, TensorProto } from "../../src/model/onnx/schema.ts";

/** A linear layer: `weights[r * columns + c]`, and one bias a row. */
export type LinearLayer = {
  readonly kind: "linear";
  readonly columns: number;
  readonly weights: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
};

/** A convolution without padding: weights by filter, channel, row, column, and one bias a filter. */
export type ConvLayer = {
  readonly kind: "conv";
  readonly channels: number;
  /** Rows, which are as many as columns. */
  readonly kernel: number;
  readonly stride: number;
  readonly weights: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
};

/** "Square" is ONNX's `Mul` of a tensor with itself. */
export type TrainedLayer = LinearLayer | ConvLayer | { readonly kind: "Relu" | "Softmax" | "Square" | "Flatten" };

/**
 * The file of a network that takes `input` and answers `output`.
 *
 * @param shape The input's, without its batch; if not given, as many numbers as the first layer reads.
 */
export function writeLayers(name: string, layers: readonly TrainedLayer[], shape?: readonly number[]): Uint8Array {
  const initializer: TensorProto[] = [];
  const first = layers.find((layer) => layer.kind === "linear");
  const nodes = layers.map((layer, index): NodeProto => {
    const names = {
      name: `layer${index}`,
      input: [index === 0 ? "input" : `layer${index - 1}`],
      output: [index === layers.length - 1 ? "output" : `layer${index}`],
    };
    if (layer.kind === "Square") return { ...names, opType: "Mul", input: [...names.input, ...names.input] };
    if (layer.kind !== "linear" && layer.kind !== "conv") return { ...names, opType: layer.kind, attribute: [] };
    const rows = layer.bias.length;
    const dims = layer.kind === "linear" ? [layer.columns] : [layer.channels, layer.kernel, layer.kernel];
    initializer.push(
      numbers(`${names.name}.weight`, [rows, ...dims], layer.weights),
      numbers(`${names.name}.bias`, [rows], layer.bias),
    );
    const input = [...names.input, `${names.name}.weight`, `${names.name}.bias`];
    if (layer.kind === "linear") {
      return { ...names, opType: "Gemm", input, attribute: [{ name: "transB", type: ATTRIBUTE.int, i: 1 }] };
    }
    const attribute = [square("kernel_shape", layer.kernel), square("strides", layer.stride)];
    return { ...names, opType: "Conv", input, attribute };
  });
  return encodeModel({
    irVersion: 8,
    producerName: "assay",
    opsetImport: [{ domain: "", version: 17 }],
    graph: {
      name,
      input: [{ name: "input", type: tensorType(shape ?? [first?.columns ?? 0]) }],
      initializer,
      node: nodes,
      output: [
        { name: "output", type: tensorType([layers.findLast((layer) => layer.kind === "linear")?.bias.length ?? 0]) },
      ],
    },
  });
}

/** The same size down and across. */
function square(name: string, size: number) {
  return { name, type: ATTRIBUTE.ints, ints: [size, size] };
}

function tensorType(shape: readonly number[]) {
  const dim = [{ dimParam: "batch" }, ...shape.map((size) => ({ dimValue: size }))];
  return { tensorType: { elemType: ELEMENT.float, shape: { dim } } };
}

function numbers(name: string, dims: readonly number[], values: ArrayLike<number>): TensorProto {
  return { name, dims, dataType: ELEMENT.float, floatData: Array.from(values) };
}
