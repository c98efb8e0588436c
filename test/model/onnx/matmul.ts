import { expectAgreement, float, info, node, randomNumbers, tensor } from "../../helpers/onnx.ts";

const random = (name: string, dims: readonly number[], seed = 7) =>
  tensor(
    name,
    dims,
    randomNumbers(
      seed,
      dims.reduce((size, length) => size * length, 1),
    ),
  );

describe("ONNX matrix products", () => {
  const shapes = [
    { x: ["N", 4], w: [4, 3] },
    { x: [4], w: [4, 3] },
    { x: ["N", 4], w: [4] },
    { x: [4], w: [4] },
    { x: [5, 4], w: [4, 3] },
    { x: ["N", 5, 4], w: [4, 3] },
    { x: ["N", 2, 5, 4], w: [4, 3] },
    { x: ["N", 2, 5, 4], w: [2, 4, 3] },
    { x: ["N", 5, 4], w: [2, 4, 3] },
    { x: ["N", 2, 5, 4], w: [4] },
  ];
  for (const { x, w } of shapes) {
    it(`imports MatMul of [${x.join(", ")}] by constant [${w.join(", ")}]`, () =>
      expectAgreement({
        inputs: [info("x", x)],
        weights: [random("w", w)],
        nodes: [node("MatMul", ["x", "w"], ["y"])],
        outputs: ["y"],
      }));
  }
  for (const { x, w } of [
    { w: [3, 4], x: [4] },
    { w: [3, 4], x: [4, 1] },
    { w: [3, 4], x: [4, 5] },
    { w: [3, 4], x: ["N", 4, 5] },
    { w: [2, 3, 4], x: ["N", 2, 4, 5] },
    { w: [4], x: [4, 5] },
  ]) {
    it(`imports MatMul of constant [${w.join(", ")}] by [${x.join(", ")}]`, () =>
      expectAgreement({
        inputs: [info("x", x)],
        weights: [random("w", w)],
        nodes: [node("MatMul", ["w", "x"], ["y"])],
        outputs: ["y"],
      }));
  }
  for (const { x, z } of [
    { x: ["N", 5, 4], z: ["N", 4, 3] },
    { x: ["N", 2, 5, 4], z: ["N", 1, 4, 3] },
    { x: ["N", 4], z: [4, 3] },
    { x: [4], z: [4] },
    { x: ["N", 5, 4], z: [4] },
  ]) {
    it(`imports MatMul of two tensors, [${x.join(", ")}] and [${z.join(", ")}]`, () =>
      expectAgreement({
        inputs: [info("x", x), info("z", z)],
        nodes: [node("MatMul", ["x", "z"], ["y"])],
        outputs: ["y"],
      }));
  }
  it("folds MatMul of constants", () =>
    expectAgreement({
      inputs: [info("x", ["N", 4])],
      weights: [random("v", [4, 5]), random("w", [5, 3])],
      nodes: [node("MatMul", ["v", "w"], ["vw"]), node("MatMul", ["x", "vw"], ["y"])],
      outputs: ["y"],
    }));

  for (const [opset, c] of [
    [9, [3]],
    [11, [1, 3]],
    [13, [1]],
    [21, []],
  ] as const) {
    it(`imports Gemm of opset ${opset} with C of [${c.join(", ")}]`, () =>
      expectAgreement({
        opset,
        inputs: [info("x", ["N", 4])],
        weights: [random("w", [3, 4]), random("c", c, 3)],
        nodes: [node("Gemm", ["x", "w", "c"], ["y"], { transB: 1, alpha: float(0.5), beta: float(-2) })],
        outputs: ["y"],
      }));
  }
  it("imports Gemm without C, of several rows, turned", () =>
    expectAgreement({
      inputs: [info("x", [4, 5])],
      weights: [random("w", [4, 3])],
      nodes: [node("Gemm", ["x", "w"], ["y"], { transA: 1 })],
      outputs: ["y"],
    }));
  it("imports Gemm with a dynamic C", () =>
    expectAgreement({
      inputs: [info("x", ["N", 4]), info("c", ["N", 3])],
      weights: [random("w", [4, 3])],
      nodes: [node("Gemm", ["x", "w", "c"], ["y"], { beta: float(3) })],
      outputs: ["y"],
    }));
  it("imports Gemm of two tensors", () =>
    expectAgreement({
      inputs: [info("x", [2, 4]), info("z", [3, 4])],
      nodes: [node("Gemm", ["x", "z"], ["y"], { transB: 1 })],
      outputs: ["y"],
    }));
});
