import { expectAgreement, info, integers, node } from "../../helpers/onnx.ts";
import type { Attributes } from "../../helpers/onnx.ts";

const x = info("x", ["N", 2, 3, 4]);

describe("ONNX reductions", () => {
  /** The axes become an input at different opsets. */
  const since = { ReduceSum: 13, ReduceMean: 18 } as const;
  for (const [opType, inputSince] of Object.entries(since)) {
    for (const axes of [undefined, [1], [2, 3], [-1, 1], [0]]) {
      for (const keepdims of [0, 1]) {
        const named = `${opType} along ${axes?.join(", ")} with keepdims ${keepdims}`;
        it(`imports ${named}, axes as an attribute`, () => {
          const attributes: Attributes = axes === undefined ? { keepdims } : { keepdims, axes };
          return expectAgreement({
            // Negative axes came with opset 11.
            opset: Math.min(inputSince - 1, 12),
            inputs: [x],
            nodes: [node(opType, ["x"], ["y"], attributes)],
            outputs: ["y"],
          });
        });
        it(`imports ${named}, axes as an input`, () =>
          expectAgreement({
            opset: inputSince,
            inputs: [x],
            weights: axes === undefined ? [] : [integers("axes", axes)],
            nodes: [node(opType, axes === undefined ? ["x"] : ["x", "axes"], ["y"], { keepdims })],
            outputs: ["y"],
          }));
      }
    }
    it(`imports ${opType} that does nothing without axes`, () =>
      expectAgreement({
        opset: inputSince,
        inputs: [x],
        nodes: [node(opType, ["x"], ["y"], { noop_with_empty_axes: 1 })],
        outputs: ["y"],
      }));
  }
  it("keeps the shape that later operators see", () =>
    expectAgreement({
      opset: 9,
      inputs: [x],
      nodes: [
        node("ReduceMean", ["x"], ["mean"], { axes: [1, 3], keepdims: 1 }),
        node("Sub", ["x", "mean"], ["centred"]),
        node("ReduceSum", ["centred"], ["y"], { axes: [2], keepdims: 0 }),
      ],
      outputs: ["y"],
    }));
});
