import { expect } from "chai";

import { importOnnx } from "../../../src/model/onnx/import.ts";
import { ELEMENT } from "../../../src/model/onnx/schema.ts";
import { bytesOfModel, expectAgreement, float, info, integers, node, tensor } from "../../helpers/onnx.ts";
import type { Attributes } from "../../helpers/onnx.ts";

const x = info("x", ["N", 2, 3, 4]);
const one = (opType: string, attributes: Attributes = {}, opset = 17) => ({
  opset,
  inputs: [x],
  nodes: [node(opType, ["x"], ["y"], attributes)],
  outputs: ["y"],
});
/** With further inputs of whole numbers. */
const withLists = (
  opType: string,
  lists: readonly (readonly number[] | undefined)[],
  opset = 17,
  attributes: Attributes = {},
) => ({
  opset,
  inputs: [x],
  weights: lists.flatMap((list, index) => (list === undefined ? [] : [integers(`i${index}`, list)])),
  nodes: [
    node(opType, ["x", ...lists.map((list, index) => (list === undefined ? "" : `i${index}`))], ["y"], attributes),
  ],
  outputs: ["y"],
});

describe("ONNX shapes and places", () => {
  it("imports Identity and Dropout", async () => {
    // An output may not be an input itself in the runtime.
    const twice = (opType: string, opset: number, attributes: Attributes = {}) => ({
      opset,
      inputs: [x],
      nodes: [node(opType, ["x"], ["d"], attributes), node("Relu", ["d"], ["y"])],
      outputs: ["y"],
    });
    await expectAgreement(twice("Identity", 17));
    await expectAgreement(twice("Dropout", 9, { ratio: float(0.7) }));
    await expectAgreement(twice("Dropout", 12));
    const flags = [tensor("ratio", [], [0.7]), { name: "training", dims: [], dataType: ELEMENT.bool, int32Data: [0] }];
    const nodes = [node("Dropout", ["x", "ratio", "training"], ["d"]), node("Relu", ["d"], ["y"])];
    await expectAgreement({ ...twice("Dropout", 13), weights: flags, nodes });
  });
  for (const axis of [undefined, 0, 2, 4, -1]) {
    it(`imports Flatten with axis ${axis}`, () => expectAgreement(one("Flatten", axis === undefined ? {} : { axis })));
  }
  for (const shape of [[1, 24], [-1, 6], [0, 0, -1], [2, 3, 4], [-1], [0, 6, 4]]) {
    it(`imports Reshape to [${shape.join(", ")}]`, () => expectAgreement(withLists("Reshape", [shape])));
  }
  it("imports Reshape with allowzero", () => expectAgreement(withLists("Reshape", [[1, 24]], 14, { allowzero: 1 })));

  for (const perm of [undefined, [0, 2, 3, 1], [3, 0, 1, 2], [0, 1, 2, 3]]) {
    it(`imports Transpose by ${perm?.join(", ")}`, () =>
      expectAgreement(one("Transpose", perm === undefined ? {} : { perm })));
  }
  it("imports Squeeze and Unsqueeze with axes as attributes or inputs, or none", async () => {
    await expectAgreement(one("Squeeze", { axes: [0] }, 9));
    await expectAgreement(one("Squeeze", {}, 9));
    await expectAgreement(one("Squeeze", { axes: [-4] }, 11));
    await expectAgreement(withLists("Squeeze", [[0]], 13));
    await expectAgreement(one("Squeeze", {}, 13));
    await expectAgreement(one("Unsqueeze", { axes: [0, 3] }, 9));
    await expectAgreement(one("Unsqueeze", { axes: [-1, 1] }, 11));
    await expectAgreement(withLists("Unsqueeze", [[5, 0]], 13));
  });
  it("keeps shapes as the runtime does", () =>
    // A product by a matrix after each says whether the shape is right.
    expectAgreement({
      inputs: [x],
      weights: [
        integers("last", [-1]),
        integers("middle", [2]),
        tensor(
          "w",
          [4, 5],
          Array.from({ length: 20 }, (_, i) => i / 8),
        ),
      ],
      nodes: [
        node("Unsqueeze", ["x", "middle"], ["a"]),
        node("Squeeze", ["a", "middle"], ["b"]),
        node("Flatten", ["b"], ["c"], { axis: 3 }),
        node("MatMul", ["c", "w"], ["d"]),
        node("Transpose", ["d"], ["e"]),
        node("Unsqueeze", ["e", "last"], ["y"]),
      ],
      outputs: ["y"],
    }));

  for (const axis of [1, 2, 3, -1]) {
    it(`imports Concat along axis ${axis}`, () => {
      const dims = [1, 2, 3, 4].with(axis, 2);
      const size = dims.reduce((product, length) => product * length, 1);
      return expectAgreement({
        inputs: [x, info("z", ["N", ...dims.slice(1)])],
        weights: [
          tensor(
            "c",
            dims,
            Array.from({ length: size }, (_, index) => index / 4),
          ),
        ],
        nodes: [node("Concat", ["z", "c", "x", "z"], ["y"], { axis })],
        outputs: ["y"],
      });
    });
  }

  it("imports Slice with attributes", async () => {
    await expectAgreement(one("Slice", { starts: [1, 0], ends: [2, -1], axes: [1, 3] }, 9));
    await expectAgreement(one("Slice", { starts: [0, -1], ends: [1, 100] }, 9));
  });
  it("imports Slice with inputs", async () => {
    for (const opset of [10, 11, 13]) {
      await expectAgreement(
        withLists(
          "Slice",
          [
            [1, 0],
            [2, -1],
            [1, 3],
          ],
          opset,
        ),
      );
      await expectAgreement(withLists("Slice", [[-1], [-1000], [3], [-2]], opset));
      await expectAgreement(withLists("Slice", [[0, 1], [2 ** 63, 3], undefined, [1, 1]], opset));
      await expectAgreement(withLists("Slice", [[-3], [-1], [-2], [1]], opset));
    }
  });

  it("imports Pad with attributes", async () => {
    await expectAgreement(one("Pad", { pads: [0, 0, 1, 2, 0, 0, 0, 1] }, 9));
    await expectAgreement(one("Pad", { pads: [0, 0, 1, 2, 0, 1, 0, -1], mode: "constant", value: float(2.5) }, 10));
  });
  it("imports Pad with inputs", async () => {
    for (const opset of [11, 13, 18, 21]) {
      await expectAgreement(withLists("Pad", [[0, 0, 1, 2, 0, 0, 0, 1]], opset));
      const filled = withLists("Pad", [[0, 0, 1, 2, 0, 0, 0, 1], []], opset);
      await expectAgreement({ ...filled, weights: [...filled.weights.slice(0, 1), tensor("i1", [], [-0.75])] });
    }
    await expectAgreement(withLists("Pad", [[1, 2, 0, -1], undefined, [-1, 1]], 18));
  });
  it("imports Expand", async () => {
    await expectAgreement({ ...withLists("Expand", [[2, 1, 3, 1]]), inputs: [info("x", ["N", 1, 3, 4])] });
  });

  it("makes one gather of many, and none of those that undo each other", () => {
    const there = node("Transpose", ["x"], ["a"], { perm: [0, 2, 3, 1] });
    const back = node("Transpose", ["b"], ["c"], { perm: [0, 3, 1, 2] });
    const between = (opType: string, attributes: Attributes = {}) => [
      there,
      node(opType, ["a"], ["b"], attributes),
      back,
    ];
    const kindsOf = (nodes: ReturnType<typeof between>): string[] => {
      const model = { opset: 9, inputs: [x], nodes: [...nodes, node("Relu", ["c"], ["y"])], outputs: ["y"] };
      return importOnnx(bytesOfModel(model)).nodes.map(({ operator }) => operator.kind);
    };
    expect(kindsOf(between("Identity"))).to.deep.equal(["relu"]);
    expect(kindsOf(between("Slice", { starts: [1], ends: [2], axes: [1] }))).to.deep.equal(["gather", "relu"]);
  });

  it("drops what no output needs", () => {
    const nodes = [node("Sigmoid", ["x"], ["unused"]), node("Tanh", ["unused"], ["more"]), node("Relu", ["x"], ["y"])];
    const graph = importOnnx(bytesOfModel({ inputs: [x], nodes, outputs: ["y"] }));
    expect(graph.nodes.map(({ id }) => id)).to.deep.equal(["y"]);
  });
});
