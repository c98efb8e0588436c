/** Writes trained layers as ONNX, as PyTorch would export them. */
import { encodeModel } from "../../src/model/onnx/file.ts";
import { ELEMENT } from "../../src/model/onnx/schema.ts";
import type { NodeProto, TensorProto } from "../../src/model/onnx/schema.ts";

/** A linear layer: `weights[r * columns + c]`, and one bias a row. */
export type LinearLayer = {
  readonly kind: "linear";
  readonly columns: number;
  readonly weights: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
};

export type TrainedLayer = LinearLayer | { readonly kind: "Relu" | "Softmax" };

/** The file of a network that takes `input` of so many numbers and answers `output`. */
export function writeLayers(name: string, layers: readonly TrainedLayer[]): Uint8Array {
  const initializer: TensorProto[] = [];
  const first = layers.find((layer) => layer.kind === "linear");
  const nodes = layers.map((layer, index): NodeProto => {
    const names = {
      name: `layer${index}`,
      input: [index === 0 ? "input" : `layer${index - 1}`],
      output: [index === layers.length - 1 ? "output" : `layer${index}`],
    };
    if (layer.kind !== "linear") return { ...names, opType: layer.kind, attribute: [] };
    const rows = layer.bias.length;
    initializer.push(
      numbers(`${names.name}.weight`, [rows, layer.columns], layer.weights),
      numbers(`${names.name}.bias`, [rows], layer.bias),
    );
    const input = [...names.input, `${names.name}.weight`, `${names.name}.bias`];
    return { ...names, opType: "Gemm", input, attribute: [{ name: "transB", type: 2, i: 1 }] };
  });
  return encodeModel({
    irVersion: 8,
    producerName: "assay",
    opsetImport: [{ domain: "", version: 17 }],
    graph: {
      name,
      input: [{ name: "input", type: tensorType(first?.columns ?? 0) }],
      initializer,
      node: nodes,
      output: [
        { name: "output", type: tensorType(layers.findLast((layer) => layer.kind === "linear")?.bias.length ?? 0) },
      ],
    },
  });
}

function tensorType(size: number) {
  return { tensorType: { elemType: ELEMENT.float, shape: { dim: [{ dimParam: "batch" }, { dimValue: size }] } } };
}

function numbers(name: string, dims: readonly number[], values: ArrayLike<number>): TensorProto {
  return { name, dims, dataType: ELEMENT.float, floatData: Array.from(values) };
}
