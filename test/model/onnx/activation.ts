import { expectAgreement, float, info, node, tensor } from "../../helpers/onnx.ts";
import type { Attributes } from "../../helpers/onnx.ts";

const one = (opType: string, attributes: Attributes = {}, opset = 17) => ({
  opset,
  inputs: [info("x", ["N", 2, 3, 4])],
  nodes: [node(opType, ["x"], ["y"], attributes)],
  outputs: ["y"],
});

describe("ONNX activations", () => {
  for (const opset of [9, 14, 21]) {
    for (const opType of ["Relu", "LeakyRelu", "Sigmoid", "Tanh"]) {
      it(`imports ${opType}, opset ${opset}`, () => expectAgreement(one(opType, {}, opset)));
    }
  }
  it("imports LeakyRelu with a slope", () => expectAgreement(one("LeakyRelu", { alpha: float(0.3) })));

  for (const bounds of [{ min: float(-1) }, { max: float(0.5) }, { min: float(0), max: float(1) }, {}]) {
    it(`imports Clip with attributes ${JSON.stringify(bounds)}`, () => expectAgreement(one("Clip", bounds, 9)));
  }
  for (const inputs of [["x"], ["x", "low"], ["x", "", "high"], ["x", "low", "high"], ["x", "zero"]]) {
    for (const opset of [11, 13]) {
      it(`imports Clip of [${inputs.join(", ")}], opset ${opset}`, () =>
        expectAgreement({
          ...one("Clip", {}, opset),
          weights: [tensor("low", [], [-1]), tensor("high", [], [0.5]), tensor("zero", [], [0])],
          nodes: [node("Clip", inputs, ["y"])],
        }));
    }
  }

  for (const opset of [9, 11, 13]) {
    for (const axis of [undefined, 1, 2, 3]) {
      const attributes = axis === undefined ? {} : { axis };
      it(`imports Softmax, opset ${opset}, axis ${axis}`, () => expectAgreement(one("Softmax", attributes, opset)));
      it(`imports ArgMax, opset ${opset}, axis ${axis}`, () => expectAgreement(one("ArgMax", attributes, opset)));
    }
  }
  it("imports Softmax with an axis from the end", () => expectAgreement(one("Softmax", { axis: -2 }, 13)));
  it("imports ArgMax with an axis from the end and without that dimension", () =>
    expectAgreement(one("ArgMax", { axis: -2, keepdims: 0 })));
  it("gives the first of equals", () =>
    expectAgreement(one("ArgMax", { axis: 3 }), {
      samples: [Array.from({ length: 24 }, (_, index) => (index % 4 > 1 ? 1 : 0))],
    }));
  it("calculates with indices", () =>
    expectAgreement({
      inputs: [info("x", ["N", 5])],
      weights: [tensor("three", [], [3])],
      nodes: [
        node("ArgMax", ["x"], ["i"], { axis: 1 }),
        node("Cast", ["i"], ["f"], { to: 1 }),
        node("Mul", ["f", "three"], ["y"]),
      ],
      outputs: ["y"],
    }));
});
