import { expect } from "chai";

import { OnnxError } from "../../../src/model/onnx/error.ts";
import { importOnnx } from "../../../src/model/onnx/import.ts";
import { bytesOfModel, classical, floats, info, integers, node, randomNumbers, tensor } from "../../helpers/onnx.ts";
import { seededRandom } from "../../helpers/random.ts";

const network = bytesOfModel({
  inputs: [info("x", ["N", 2, 6, 6])],
  weights: [
    tensor("w", [3, 2, 3, 3], randomNumbers(1, 54)),
    tensor("v", [12, 3], randomNumbers(2, 36)),
    integers("shape", [1, -1]),
    integers("starts", [0]),
    integers("ends", [12]),
    integers("axes", [1]),
  ],
  nodes: [
    node("Conv", ["x", "w"], ["c"], { strides: [1, 1], pads: [0, 0, 0, 0], group: 1 }),
    node("Relu", ["c"], ["r"]),
    node("MaxPool", ["r"], ["p"], { kernel_shape: [2, 2], strides: [2, 2] }),
    node("Transpose", ["p"], ["t"], { perm: [0, 2, 3, 1] }),
    node("Reshape", ["t", "shape"], ["f"]),
    node("Slice", ["f", "starts", "ends", "axes"], ["s"]),
    node("MatMul", ["s", "v"], ["m"]),
    node("Softmax", ["m"], ["y"], { axis: 1 }),
    node("ArgMax", ["y"], ["l"], { axis: 1 }),
  ],
  outputs: ["y", "l"],
});

const trees = bytesOfModel({
  inputs: [info("x", ["N", 2])],
  nodes: [
    classical("Scaler", ["x"], ["s"], { offset: floats([1, 2]), scale: floats([3, 4]) }),
    classical("TreeEnsembleClassifier", ["s"], ["label", "scores"], {
      nodes_treeids: [0, 0, 0, 0, 0],
      nodes_nodeids: [0, 1, 2, 3, 4],
      nodes_featureids: [0, 1, 0, 0, 0],
      nodes_modes: ["BRANCH_LEQ", "BRANCH_GT", "LEAF", "LEAF", "LEAF"],
      nodes_values: floats([0.5, -1, 0, 0, 0]),
      nodes_truenodeids: [1, 3, 0, 0, 0],
      nodes_falsenodeids: [2, 4, 0, 0, 0],
      class_treeids: [0, 0, 0],
      class_nodeids: [2, 3, 4],
      class_ids: [0, 0, 0],
      class_weights: floats([1, -1, 0.5]),
      classlabels_strings: ["no", "yes"],
      post_transform: "LOGISTIC",
    }),
    classical("LabelEncoder", ["label"], ["code"], { keys_strings: ["no", "yes"], values_int64s: [4, 5] }),
  ],
  outputs: ["code", "scores"],
});

/** Fails on anything but a graph or a typed error. */
function tryImport(bytes: Uint8Array): "imported" | "refused" {
  try {
    importOnnx(bytes);
    return "imported";
  } catch (error) {
    if (error instanceof OnnxError) return "refused";
    throw error;
  }
}

describe("corrupt ONNX files", () => {
  for (const [name, bytes] of Object.entries({ network, trees })) {
    it(`refuses a ${name} cut at any byte`, () => {
      for (let length = 0; length < bytes.length; length++) {
        // The opsets come last: a cut between two fields leaves a file that declares too few.
        expect(tryImport(bytes.subarray(0, length)), `cut at ${length}`).to.equal("refused");
      }
    });
    it(`imports or refuses a ${name} with bytes changed`, () => {
      const random = seededRandom(7);
      const seen = new Set<string>();
      for (let round = 0; round < 3000; round++) {
        const changed = Uint8Array.from(bytes);
        for (let count = 1 + random.below(3); count > 0; count--) {
          changed[random.below(bytes.length)] = random.below(256);
        }
        seen.add(tryImport(changed));
      }
      expect([...seen].toSorted()).to.deep.equal(["imported", "refused"]);
    });
  }
});
