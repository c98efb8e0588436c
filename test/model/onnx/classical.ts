import { expect } from "chai";

import { importOnnx } from "../../../src/model/onnx/import.ts";
import { ELEMENT } from "../../../src/model/onnx/schema.ts";
import {
  bytesOfModel,
  classical,
  expectAgreement,
  floats,
  imported,
  info,
  integers,
  node,
  randomNumbers,
  tensor,
} from "../../helpers/onnx.ts";
import type { Attributes } from "../../helpers/onnx.ts";

const x = info("x", ["N", 4]);
const random = (seed: number, count: number) => floats(randomNumbers(seed, count));
const one = (opType: string, attributes: Attributes, outputs = ["y"]) => ({
  inputs: [x],
  nodes: [classical(opType, ["x"], outputs, attributes)],
  outputs,
});
const ANSWERS = ["label", "scores"];

describe("ONNX linear models", () => {
  it("imports Scaler", async () => {
    await expectAgreement(one("Scaler", { offset: random(1, 4), scale: random(2, 4) }));
    await expectAgreement(one("Scaler", { offset: floats([0.5]), scale: floats([-3]) }));
    for (const type of [ELEMENT.double, ELEMENT.int64, ELEMENT.int32]) {
      const model = one("Scaler", { offset: random(1, 4), scale: random(2, 4) });
      await expectAgreement({ ...model, inputs: [info("x", ["N", 4], type)] });
    }
  });
  for (const norm of ["L1", "L2", "MAX"]) {
    it(`imports Normalizer by ${norm}`, () =>
      expectAgreement(one("Normalizer", { norm }), {
        samples: [
          [0, 0, 0, 0],
          [-1, -2, -3, 0],
          [-1, -2, -3, -4],
        ],
      }));
  }
  it("imports LinearRegressor", async () => {
    await expectAgreement(
      one("LinearRegressor", { coefficients: random(3, 4), intercepts: floats([0.5]), targets: 1 }),
    );
    await expectAgreement(one("LinearRegressor", { coefficients: random(3, 4) }));
    for (const post_transform of ["NONE", "LOGISTIC", "SOFTMAX"]) {
      const attributes = { coefficients: random(3, 12), intercepts: random(4, 3), targets: 3, post_transform };
      await expectAgreement(one("LinearRegressor", attributes));
    }
  });

  for (const post_transform of ["NONE", "LOGISTIC", "SOFTMAX"]) {
    const many = { coefficients: random(3, 12), intercepts: random(4, 3), post_transform };
    it(`imports LinearClassifier of three classes with ${post_transform}`, async () => {
      await expectAgreement(one("LinearClassifier", { ...many, classlabels_ints: [7, -1, 3] }, ANSWERS));
      await expectAgreement(one("LinearClassifier", { ...many, classlabels_strings: ["a", "b", "c"] }, ANSWERS));
    });
    it(`imports LinearClassifier of two classes with two weight sets and ${post_transform}`, () => {
      // As scikit-learn's exporter writes logistic regression: the first set is the second one's negative.
      const [weights, bias] = [[0.5, -1, 2, 0.25], 0.125];
      const attributes = {
        coefficients: floats([...weights.map((weight) => -weight), ...weights]),
        intercepts: floats([-bias, bias]),
        classlabels_ints: [0, 1],
        multi_class: 1,
        post_transform,
      };
      return expectAgreement(one("LinearClassifier", attributes, ANSWERS), { samples: [[-0.25, 0, 0, 0]] });
    });
    it(`imports LinearClassifier of two classes with one weight set and ${post_transform}`, async () => {
      const single = { coefficients: floats([0.5, -1, 2, 0.25]), intercepts: floats([0.125]), post_transform };
      const tie = { samples: [[-0.25, 0, 0, 0]] };
      await expectAgreement(one("LinearClassifier", { ...single, classlabels_ints: [5, 6] }, ANSWERS), tie);
      await expectAgreement(one("LinearClassifier", { ...single, classlabels_strings: ["no", "yes"] }, ANSWERS), tie);
    });
  }
  it("decides two classes of one weight set by one linear step", () => {
    const single = { coefficients: floats([0.5, -1, 2, 0.25]), intercepts: floats([0.125]), classlabels_ints: [5, 6] };
    const { nodes } = importOnnx(bytesOfModel({ ...one("LinearClassifier", single, ANSWERS), outputs: ["label"] }));
    expect(nodes.map(({ operator }) => operator.kind)).to.deep.equal(["dense", "argmax"]);
  });
  it("takes intercepts that are left out as zeros", () => {
    // The runtime demands them; the definition of the operator does not.
    const labels = { classlabels_ints: [4, 5, 6] };
    const answersOf = (intercepts: Attributes) => {
      const attributes = { coefficients: random(3, 12), ...labels, ...intercepts };
      return imported(bytesOfModel(one("LinearClassifier", attributes, ANSWERS)), [1, -2, 0.5, 3]);
    };
    const zeros = answersOf({ intercepts: floats([0, 0, 0]) });
    expect(answersOf({})).to.deep.equal(zeros);
    expect(answersOf({ intercepts: floats([]) })).to.deep.equal(zeros);
  });
  it("gives the first of equal classes", () =>
    expectAgreement(
      one(
        "LinearClassifier",
        {
          coefficients: floats([1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0]),
          intercepts: floats([0, 0, 0]),
          classlabels_ints: [4, 5, 6],
        },
        ANSWERS,
      ),
      {
        samples: [
          [1, 1, 0, 0],
          [-1, -1, 0, 0],
          [0, 1, 0, 0],
        ],
      },
    ));

  it("imports a pipeline as scikit-learn's exporter writes it", async () => {
    const nodes = [
      classical("Scaler", ["x"], ["scaled"], { offset: random(1, 4), scale: random(2, 4) }),
      classical("LinearClassifier", ["scaled"], ["label", "raw"], {
        coefficients: random(3, 12),
        intercepts: random(4, 3),
        classlabels_strings: ["setosa", "versicolor", "virginica"],
        post_transform: "LOGISTIC",
      }),
      classical("Normalizer", ["raw"], ["probabilities"], { norm: "L1" }),
      node("Cast", ["label"], ["output_label"], { to: ELEMENT.string }),
    ];
    const outputs = ["output_label", "probabilities"];
    const model = { opset: 15, classicalOpset: 1, inputs: [x], nodes, outputs };
    await expectAgreement(model);

    // The runtime for JavaScript does not return maps: with ZipMap the scores must be those without.
    const zipped = {
      ...model,
      nodes: [...nodes, classical("ZipMap", ["probabilities"], ["maps"], { classlabels_strings: ["a", "b", "c"] })],
    };
    const input = randomNumbers(9, 4);
    expect(imported(bytesOfModel({ ...zipped, outputs: ["output_label", "maps"] }), input)).to.deep.equal(
      imported(bytesOfModel(model), input),
    );
  });
  it("imports a network as scikit-learn's exporter writes it", async () => {
    const common = [
      node("Cast", ["x"], ["cast"], { to: ELEMENT.float }),
      node("MatMul", ["cast", "w1"], ["m1"]),
      node("Add", ["m1", "b1"], ["a1"]),
      node("Relu", ["a1"], ["r1"]),
      node("MatMul", ["r1", "w2"], ["m2"]),
      node("Add", ["m2", "b2"], ["a2"]),
      node("Softmax", ["a2"], ["probabilities"], { axis: -1 }),
      node("ArgMax", ["probabilities"], ["index"], { axis: 1 }),
      classical("ArrayFeatureExtractor", ["classes", "index"], ["found"]),
    ];
    const weights = [
      tensor("w1", [4, 5], randomNumbers(1, 20)),
      tensor("b1", [5], randomNumbers(2, 5)),
      tensor("w2", [5, 3], randomNumbers(3, 15)),
      tensor("b2", [3], randomNumbers(4, 3)),
      integers("shape", [-1]),
    ];
    await expectAgreement({
      inputs: [x],
      weights: [...weights, { name: "classes", dims: [3], dataType: ELEMENT.int32, int32Data: [10, 20, 30] }],
      nodes: [
        ...common,
        node("Cast", ["found"], ["float"], { to: ELEMENT.float }),
        node("Reshape", ["float", "shape"], ["flat"]),
        node("Cast", ["flat"], ["label"], { to: ELEMENT.int64 }),
      ],
      outputs: ["label", "probabilities"],
    });
    const names = ["ham", "eggs", "spam"].map((name) => new TextEncoder().encode(name));
    await expectAgreement({
      inputs: [x],
      weights: [...weights, { name: "classes", dims: [3], dataType: ELEMENT.string, stringData: names }],
      nodes: [...common, node("Reshape", ["found", "shape"], ["label"])],
      outputs: ["label", "probabilities"],
    });
  });
  it("imports a binary linear machine's decision as scikit-learn's exporter writes it", () =>
    expectAgreement({
      inputs: [x],
      weights: [integers("second", [1], [])],
      nodes: [
        classical("LinearClassifier", ["x"], ["label", "raw"], {
          coefficients: floats([-1, 2, 0.5, 1, 1, -2, -0.5, -1]),
          intercepts: floats([0.5, -0.5]),
          classlabels_ints: [0, 1],
        }),
        classical("ArrayFeatureExtractor", ["raw", "second"], ["scores"]),
      ],
      outputs: ANSWERS,
    }));
});
