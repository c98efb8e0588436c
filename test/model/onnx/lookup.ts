import { ELEMENT } from "../../../src/model/onnx/schema.ts";
import { classical, expectAgreement, float, floats, info, integers, node, tensor } from "../../helpers/onnx.ts";
import type { Attributes } from "../../helpers/onnx.ts";

const x = info("x", ["N", 3, 4]);
const text = (name: string) => new TextEncoder().encode(name);

describe("ONNX lookups", () => {
  for (const { axis, indices, dims } of [
    { axis: 1, indices: [2, 0], dims: [2] },
    { axis: 2, indices: [-1], dims: [] },
    { axis: -1, indices: [3, 3, 0, 1], dims: [2, 2] },
    { axis: 0, indices: [0], dims: [1] },
  ]) {
    it(`imports Gather of [${indices.join(", ")}] along axis ${axis}`, () =>
      expectAgreement({
        inputs: [x],
        weights: [integers("i", indices, dims), tensor("w", [1], [2])],
        nodes: [node("Gather", ["x", "i"], ["g"], { axis }), node("Mul", ["g", "w"], ["y"])],
        outputs: ["y"],
      }));
  }
  it("imports ArrayFeatureExtractor", async () => {
    for (const dims of [["N", 4], [4], ["N", 3, 4]]) {
      await expectAgreement({
        inputs: [info("x", dims)],
        weights: [integers("i", [3, 1])],
        nodes: [classical("ArrayFeatureExtractor", ["x", "i"], ["y"])],
        outputs: ["y"],
      });
    }
  });
  it("folds ArrayFeatureExtractor of constants", () =>
    expectAgreement({
      inputs: [x],
      weights: [tensor("w", [1, 4], [1, 2, 3, 4]), integers("i", [3])],
      nodes: [classical("ArrayFeatureExtractor", ["w", "i"], ["c"]), node("Mul", ["x", "c"], ["y"])],
      outputs: ["y"],
    }));

  const classifier = (labels: Attributes) =>
    classical("LinearClassifier", ["x"], ["label", "scores"], {
      coefficients: floats([1, -1, 0.5, 0, 0, 1, -0.5, 1, -1, 0, 2, 0.25]),
      intercepts: floats([0.5, 0, -0.5]),
      ...labels,
    });
  const encoded = (labels: Attributes, attributes: Attributes, classicalOpset = 2) => ({
    classicalOpset,
    inputs: [info("x", ["N", 4])],
    nodes: [classifier(labels), classical("LabelEncoder", ["label"], ["y"], attributes)],
    outputs: ["y"],
  });
  it("imports LabelEncoder in the forms of its versions", async () => {
    const strings = { classlabels_strings: ["a", "b", "c"] };
    const ints = { classlabels_ints: [0, 1, 2] };
    await expectAgreement(encoded(strings, { classes_strings: ["b", "c"], default_int64: -5 }, 1));
    await expectAgreement(encoded(ints, { classes_strings: ["zero", "one"], default_string: "none" }, 1));
    await expectAgreement(encoded(strings, { keys_strings: ["a", "c"], values_int64s: [4, 9], default_int64: 7 }));
    await expectAgreement(
      encoded(strings, { keys_strings: ["a", "c"], values_floats: floats([0.5, 9]), default_float: float(2.5) }),
    );
    await expectAgreement(encoded(ints, { keys_int64s: [0, 2], values_strings: ["x", "z"] }));
    await expectAgreement(encoded(ints, { keys_int64s: [0, 2], values_strings: ["x", "z"], default_string: "y" }, 3));
    await expectAgreement(encoded(ints, { keys_int64s: [2, 0], values_int64s: [5, 6] }, 4));
    const tensors = {
      keys_tensor: { dims: [2], dataType: ELEMENT.string, stringData: [text("a"), text("c")] },
      values_tensor: integers("", [5, 6]),
      default_tensor: integers("", [42]),
    };
    await expectAgreement(encoded(strings, tensors, 4));
  });
});
