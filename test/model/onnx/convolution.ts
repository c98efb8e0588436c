import { expect } from "chai";

import { importOnnx } from "../../../src/model/onnx/import.ts";
import { bytesOfModel, expectAgreement, float, info, node, randomNumbers, tensor } from "../../helpers/onnx.ts";
import type { Attributes } from "../../helpers/onnx.ts";

const random = (name: string, dims: readonly number[], seed = 7) =>
  tensor(
    name,
    dims,
    randomNumbers(
      seed,
      dims.reduce((size, length) => size * length, 1),
    ),
  );

const named = (attributes: Attributes): string => JSON.stringify(attributes).replaceAll('"', "");

describe("ONNX convolutions", () => {
  const cases: { x: number[]; w: number[]; attributes: Attributes }[] = [
    { x: [2, 6, 5], w: [3, 2, 3, 2], attributes: {} },
    { x: [2, 6, 5], w: [3, 2, 3, 2], attributes: { kernel_shape: [3, 2], pads: [1, 0, 2, 1], strides: [2, 1] } },
    { x: [1, 9, 9], w: [2, 1, 3, 3], attributes: { dilations: [2, 3] } },
    { x: [4, 5, 5], w: [6, 2, 2, 2], attributes: { group: 2 } },
    { x: [4, 5, 5], w: [4, 1, 3, 3], attributes: { group: 4, pads: [1, 1, 1, 1] } },
    { x: [2, 7, 6], w: [2, 2, 3, 3], attributes: { auto_pad: "SAME_UPPER", strides: [2, 2] } },
    { x: [2, 7, 6], w: [2, 2, 2, 2], attributes: { auto_pad: "SAME_UPPER" } },
    { x: [2, 7, 6], w: [2, 2, 2, 4], attributes: { auto_pad: "SAME_LOWER", strides: [1, 2] } },
    { x: [2, 7, 6], w: [2, 2, 3, 3], attributes: { auto_pad: "VALID", strides: [3, 2] } },
    { x: [3, 8], w: [2, 3, 3], attributes: {} },
    { x: [3, 9], w: [4, 3, 2], attributes: { strides: [2], pads: [1, 2], dilations: [3] } },
    { x: [4, 9], w: [4, 2, 3], attributes: { group: 2, auto_pad: "SAME_LOWER" } },
  ];
  for (const { x, w, attributes } of cases) {
    it(`imports Conv of [${x.join(", ")}] by [${w.join(", ")}] with ${named(attributes)}`, () =>
      expectAgreement({
        inputs: [info("x", ["N", ...x])],
        weights: [random("w", w), random("b", [w[0] ?? 0], 2)],
        nodes: [node("Conv", ["x", "w", "b"], ["y"], attributes)],
        outputs: ["y"],
      }));
  }
  it("imports Conv without a bias", () =>
    expectAgreement({
      opset: 9,
      inputs: [info("x", [1, 1, 4, 4])],
      weights: [random("w", [1, 1, 2, 2])],
      nodes: [node("Conv", ["x", "w"], ["y"])],
      outputs: ["y"],
    }));

  const pools: { x: number[]; attributes: Attributes; opset?: number }[] = [
    { x: [2, 6, 6], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
    { x: [2, 6, 6], attributes: { kernel_shape: [2, 2], strides: [2, 2] }, opset: 9 },
    { x: [1, 7, 5], attributes: { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] } },
    { x: [1, 7, 7], attributes: { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }, opset: 10 },
    { x: [1, 7, 7], attributes: { kernel_shape: [3, 3], strides: [3, 3], pads: [1, 1, 1, 1], ceil_mode: 1 } },
    {
      x: [1, 6, 6],
      attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 0, 0], ceil_mode: 1 },
      opset: 21,
    },
    { x: [2, 7, 6], attributes: { kernel_shape: [3, 3], auto_pad: "SAME_UPPER", strides: [2, 2] } },
    { x: [2, 7, 6], attributes: { kernel_shape: [2, 2], auto_pad: "SAME_LOWER" } },
    { x: [2, 7, 6], attributes: { kernel_shape: [2, 3], auto_pad: "VALID" } },
    { x: [2, 9], attributes: { kernel_shape: [3], strides: [2], pads: [1, 1] } },
  ];
  for (const { x, attributes, opset = 17 } of pools) {
    it(`imports MaxPool of [${x.join(", ")}], opset ${opset}, with ${named(attributes)}`, () =>
      expectAgreement({
        opset,
        inputs: [info("x", ["N", ...x])],
        nodes: [node("MaxPool", ["x"], ["y"], attributes)],
        outputs: ["y"],
      }));
    for (const count_include_pad of [0, 1]) {
      it(`imports AveragePool of [${x.join(", ")}], opset ${opset}, with ${named({ ...attributes, count_include_pad })}`, () =>
        expectAgreement({
          opset,
          inputs: [info("x", ["N", ...x])],
          nodes: [node("AveragePool", ["x"], ["y"], { ...attributes, count_include_pad })],
          outputs: ["y"],
        }));
    }
  }
  it("imports MaxPool with dilations", () =>
    expectAgreement({
      opset: 10,
      inputs: [info("x", ["N", 2, 7, 7])],
      nodes: [node("MaxPool", ["x"], ["y"], { kernel_shape: [2, 3], dilations: [3, 2] })],
      outputs: ["y"],
    }));
  it("imports AveragePool with dilations", () =>
    expectAgreement({
      opset: 19,
      inputs: [info("x", ["N", 2, 7, 7])],
      nodes: [node("AveragePool", ["x"], ["y"], { kernel_shape: [2, 3], dilations: [3, 2] })],
      outputs: ["y"],
    }));
  for (const x of [
    [3, 4, 5],
    [3, 6],
  ]) {
    it(`imports GlobalAveragePool of [${x.join(", ")}]`, () =>
      expectAgreement({
        inputs: [info("x", ["N", ...x])],
        nodes: [node("GlobalAveragePool", ["x"], ["y"])],
        outputs: ["y"],
      }));
  }

  const statistics = [
    random("scale", [3], 1),
    random("bias", [3], 2),
    random("mean", [3], 3),
    tensor("variance", [3], [0.5, 2, 0.01]),
  ];
  const normalize = (input: string) =>
    node("BatchNormalization", [input, "scale", "bias", "mean", "variance"], ["y"], { epsilon: float(0.001) });
  for (const opset of [9, 14, 15]) {
    for (const x of [[3], [3, 4], [3, 2, 2]]) {
      it(`imports BatchNormalization of [${x.join(", ")}], opset ${opset}`, () =>
        expectAgreement({
          opset,
          inputs: [info("x", ["N", ...x])],
          weights: statistics,
          nodes: [normalize("x")],
          outputs: ["y"],
        }));
    }
  }
  it("folds BatchNormalization into the Conv or Gemm before it", async () => {
    const conv = {
      inputs: [info("x", ["N", 2, 5, 5])],
      weights: [...statistics, random("w", [3, 2, 3, 3]), random("b", [3])],
      nodes: [node("Conv", ["x", "w", "b"], ["c"]), normalize("c")],
      outputs: ["y"],
    };
    const gemm = {
      inputs: [info("x", ["N", 4])],
      weights: [...statistics, random("w", [4, 3])],
      nodes: [node("Gemm", ["x", "w"], ["c"]), normalize("c")],
      outputs: ["y"],
    };
    await expectAgreement(conv);
    await expectAgreement(gemm);
    const kinds = [conv, gemm].map((model) =>
      importOnnx(bytesOfModel(model)).nodes.map(({ operator }) => operator.kind),
    );
    expect(kinds).to.deep.equal([["conv"], ["dense"]]);
    expect(importOnnx(bytesOfModel(conv)).nodes[0]?.origin).to.equal(
      'Conv "Conv_c", BatchNormalization "BatchNormalization_y"',
    );
  });
  it("keeps a Conv that is used before its BatchNormalization too", () =>
    expectAgreement({
      inputs: [info("x", ["N", 2, 5, 5])],
      weights: [...statistics, random("w", [3, 2, 3, 3]), random("b", [3])],
      nodes: [node("Conv", ["x", "w", "b"], ["c"]), normalize("c")],
      outputs: ["y", "c"],
    }));
});
