/** Writes a perceptron as ONNX, with its products and sums apart, as scikit-learn exports it. */
import { encodeModel } from "../../src/model/onnx/file.ts";
import { ELEMENT, type NodeProto, type TensorProto } from "../../src/model/onnx/schema.ts";
import type { Perceptron } from "./perceptron.ts";

/** The file of a perceptron that takes `input` and answers `output`. */
export function writePerceptron(name: string, perceptron: Perceptron): Uint8Array {
  const { columns, hiddenWeights, hiddenBias, outputWeights, outputBias } = perceptron;
  const hidden = hiddenBias.length;
  // MatMul takes a column for each of its outputs.
  const turned = Array.from({ length: hidden * columns }, (_, at) => {
    return hiddenWeights[(at % hidden) * columns + Math.floor(at / hidden)] ?? 0;
  });
  return encodeModel({
    irVersion: 8,
    producerName: "assay",
    opsetImport: [{ domain: "", version: 17 }],
    graph: {
      name,
      input: [{ name: "input", type: tensorType(columns) }],
      initializer: [
        numbers("hidden.weight", [columns, hidden], turned),
        numbers("hidden.bias", [hidden], hiddenBias),
        numbers("output.weight", [hidden, 1], outputWeights),
        numbers("output.bias", [1], [outputBias]),
      ],
      node: [
        node("MatMul", ["input", "hidden.weight"], "products"),
        node("Add", ["products", "hidden.bias"], "sums"),
        node("Tanh", ["sums"], "hidden"),
        node("MatMul", ["hidden", "output.weight"], "product"),
        node("Add", ["product", "output.bias"], "output"),
      ],
      output: [{ name: "output", type: tensorType(1) }],
    },
  });
}

function node(opType: string, input: readonly string[], output: string): NodeProto {
  return { name: output, opType, input, output: [output], attribute: [] };
}

function tensorType(size: number) {
  return { tensorType: { elemType: ELEMENT.float, shape: { dim: [{ dimParam: "batch" }, { dimValue: size }] } } };
}

function numbers(name: string, dims: readonly number[], floatData: readonly number[]): TensorProto {
  return { name, dims, dataType: ELEMENT.float, floatData };
}
