import { expect } from "chai";

import { importOnnx } from "../../../src/model/onnx/import.ts";
import { ELEMENT } from "../../../src/model/onnx/schema.ts";
import { bytesOfModel, expectAgreement, float, floats, info, integers, node, tensor } from "../../helpers/onnx.ts";

const x = info("x", ["N", 2, 3, 4]);

describe("ONNX constants", () => {
  it("imports Constant in each of its forms", async () => {
    for (const [attributes, opset] of [
      [{ value: tensor("v", [4], [1, 2, 3, 4]) }, 9],
      [{ value_float: float(1.5) }, 12],
      [{ value_floats: floats([1, -2, 3, -4]) }, 13],
    ] as const) {
      const nodes = [node("Constant", [], ["c"], attributes), node("Mul", ["x", "c"], ["y"])];
      await expectAgreement({ opset, inputs: [x], nodes, outputs: ["y"] });
    }
    for (const attributes of [{ value_ints: [2, 12] }, { value: integers("v", [2, 12]) }]) {
      const nodes = [node("Constant", [], ["c"], attributes), node("Reshape", ["x", "c"], ["y"])];
      await expectAgreement({ inputs: [x], nodes, outputs: ["y"] });
    }
    const scalar = [
      node("Constant", [], ["c"], { value_int: 3 }),
      node("Cast", ["c"], ["f"], { to: ELEMENT.float }),
      node("Sub", ["x", "f"], ["y"]),
    ];
    await expectAgreement({ inputs: [x], nodes: scalar, outputs: ["y"] });
  });

  it("folds the shapes that PyTorch's exporter calculates", () =>
    expectAgreement({
      opset: 11,
      inputs: [x],
      weights: [integers("zero", [0], []), integers("minus", [-1])],
      nodes: [
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "zero"], ["batch"], { axis: 0 }),
        node("Unsqueeze", ["batch"], ["batches"], { axes: [0] }),
        node("Concat", ["batches", "minus"], ["flat"], { axis: 0 }),
        node("Reshape", ["x", "flat"], ["y"]),
      ],
      outputs: ["y"],
    }));
  it("folds the shapes of an expansion", () =>
    expectAgreement({
      inputs: [info("x", ["N", 1, 4])],
      weights: [integers("wanted", [-1, 3, -1]), integers("minus", [-1]), integers("rank", [3])],
      nodes: [
        node("ConstantOfShape", ["rank"], ["ones"], { value: integers("v", [1]) }),
        node("Mul", ["ones", "minus"], ["negative"]),
        node("Equal", ["wanted", "negative"], ["open"]),
        node("Where", ["open", "ones", "wanted"], ["shape"]),
        node("Expand", ["x", "shape"], ["y"]),
      ],
      outputs: ["y"],
    }));
  it("folds Shape with ends, Size, Range and Slice", () =>
    expectAgreement({
      opset: 15,
      inputs: [x],
      weights: [integers("start", [2], []), integers("step", [5], []), integers("one", [1]), integers("four", [4])],
      nodes: [
        node("Shape", ["x"], ["two_three"], { start: 1, end: -1 }),
        node("Size", ["x"], ["size"]),
        node("Range", ["start", "size", "step"], ["range"]),
        node("Cast", ["range"], ["floats"], { to: ELEMENT.float }),
        node("Slice", ["floats", "one", "four"], ["some"]),
        node("Concat", ["two_three", "four"], ["shape"], { axis: 0 }),
        node("Reshape", ["x", "shape"], ["z"]),
        node("ReduceMean", ["some"], ["mean"], { keepdims: 0 }),
        node("Add", ["z", "mean"], ["y"]),
      ],
      outputs: ["y"],
    }));
  it("fills with zeros by default", () =>
    expectAgreement({
      inputs: [info("x", [3])],
      weights: [integers("shape", [2, 1])],
      nodes: [node("ConstantOfShape", ["shape"], ["zeros"]), node("Add", ["x", "zeros"], ["y"])],
      outputs: ["y"],
    }));
  it("folds functions of constants", async () => {
    const weights = [tensor("a", [3], [1, 4, 2.25]), tensor("b", [3], [2, 0.5, -1])];
    for (const opType of ["Pow", "Min", "Max", "Add", "Sub", "Mul", "Div", "Sum"]) {
      const nodes = [node(opType, ["a", "b"], ["c"]), node("Mul", ["x", "c"], ["y"])];
      await expectAgreement({ inputs: [info("x", [3])], weights, nodes, outputs: ["y"] });
    }
    for (const opType of [
      "Sqrt",
      "Exp",
      "Reciprocal",
      "Abs",
      "Neg",
      "Floor",
      "Ceil",
      "Sigmoid",
      "Tanh",
      "Relu",
      "Identity",
    ]) {
      const nodes = [node(opType, ["a"], ["c"]), node("Mul", ["x", "c"], ["y"])];
      await expectAgreement({ inputs: [info("x", [3])], weights, nodes, outputs: ["y"] });
    }
    for (const opType of ["Less", "Greater"]) {
      const nodes = [
        node(opType, ["a", "b"], ["c"]),
        node("Not", ["c"], ["d"]),
        node("Cast", ["d"], ["e"], { to: 1 }),
        node("Mul", ["x", "e"], ["y"]),
      ];
      await expectAgreement({ inputs: [info("x", [3])], weights, nodes, outputs: ["y"] });
    }
  });
  it("casts", async () => {
    const whole = [
      node("Cast", ["x"], ["a"], { to: ELEMENT.double }),
      node("Cast", ["a"], ["b"], { to: ELEMENT.float }),
      node("Relu", ["b"], ["y"]),
    ];
    for (const type of [ELEMENT.int64, ELEMENT.int32, ELEMENT.float]) {
      await expectAgreement({ inputs: [info("x", ["N", 4], type)], nodes: whole, outputs: ["y"] });
    }
    const weights = [tensor("w", [4], [1.75, -1.75, 0.5, 0])];
    for (const to of [ELEMENT.int64, ELEMENT.bool]) {
      const nodes = [
        node("Cast", ["w"], ["a"], { to }),
        node("Cast", ["a"], ["b"], { to: 1 }),
        node("Mul", ["x", "b"], ["y"]),
      ];
      await expectAgreement({ inputs: [info("x", ["N", 4])], weights, nodes, outputs: ["y"] });
    }
  });

  const stored = [
    { name: "float32, raw", dataType: ELEMENT.float, rawData: new Uint8Array(Float32Array.of(1.5, -2, 0.25).buffer) },
    { name: "float32", dataType: ELEMENT.float, floatData: [1.5, -2, 0.25] },
    { name: "float64, raw", dataType: ELEMENT.double, rawData: new Uint8Array(Float64Array.of(1.5, -2, 0.25).buffer) },
    { name: "float64", dataType: ELEMENT.double, doubleData: [1.5, -2, 0.25] },
    {
      name: "float16, raw",
      dataType: ELEMENT.float16,
      rawData: new Uint8Array(Uint16Array.of(0x3e00, 0xc000, 1).buffer),
    },
    { name: "float16", dataType: ELEMENT.float16, int32Data: [0x3e00, 0xc000, 0x3400] },
    { name: "int64, raw", dataType: ELEMENT.int64, rawData: new Uint8Array(BigInt64Array.of(3n, -4n, 5n).buffer) },
    { name: "int64", dataType: ELEMENT.int64, int64Data: [3, -4, 5] },
    { name: "int32, raw", dataType: ELEMENT.int32, rawData: new Uint8Array(Int32Array.of(3, -4, 5).buffer) },
    { name: "int32", dataType: ELEMENT.int32, int32Data: [3, -4, 5] },
    { name: "int16, raw", dataType: ELEMENT.int16, rawData: new Uint8Array(Int16Array.of(3, -4, 5).buffer) },
    { name: "uint16, raw", dataType: ELEMENT.uint16, rawData: new Uint8Array(Uint16Array.of(3, 65535, 5).buffer) },
    { name: "int8, raw", dataType: ELEMENT.int8, rawData: new Uint8Array(Int8Array.of(3, -4, 5).buffer) },
    { name: "int8", dataType: ELEMENT.int8, int32Data: [3, -4, 5] },
    { name: "uint8, raw", dataType: ELEMENT.uint8, rawData: Uint8Array.of(3, 255, 5) },
    { name: "uint32, raw", dataType: ELEMENT.uint32, rawData: new Uint8Array(Uint32Array.of(3, 4, 2 ** 31).buffer) },
    { name: "uint32", dataType: ELEMENT.uint32, uint64Data: [3, 4, 5] },
    { name: "uint64", dataType: ELEMENT.uint64, uint64Data: [3, 4, 5] },
    { name: "uint64, raw", dataType: ELEMENT.uint64, rawData: new Uint8Array(BigUint64Array.of(3n, 4n, 5n).buffer) },
    { name: "bool, raw", dataType: ELEMENT.bool, rawData: Uint8Array.of(1, 0, 1) },
    { name: "bool", dataType: ELEMENT.bool, int32Data: [1, 0, 1] },
  ];
  for (const weights of stored) {
    it(`reads tensors of ${weights.name}`, () =>
      expectAgreement({
        inputs: [info("x", [3])],
        weights: [{ ...weights, name: "w", dims: [3] }],
        nodes: [node("Cast", ["w"], ["f"], { to: ELEMENT.float }), node("Mul", ["x", "f"], ["y"])],
        outputs: ["y"],
      }));
  }
  it("reads tensors of bfloat16, whose bits are the upper half of a float32's", () => {
    // The runtime does not convert them: 0x3fc0 is 1.5, 0xc000 is -2, 0x3e80 is 0.25.
    for (const data of [
      { int32Data: [0x3fc0, 0xc000, 0x3e80] },
      { rawData: new Uint8Array(Uint16Array.of(0x3fc0, 0xc000, 0x3e80).buffer) },
    ]) {
      const weights = [{ name: "w", dims: [3], dataType: ELEMENT.bfloat16, ...data }];
      const bytes = bytesOfModel({
        inputs: [info("x", [3])],
        weights,
        nodes: [node("Mul", ["x", "w"], ["y"])],
        outputs: ["y"],
      });
      const [only] = importOnnx(bytes).nodes;
      expect(only?.operator.kind === "affine" && Array.from(only.operator.multipliers)).to.deep.equal([1.5, -2, 0.25]);
    }
  });
});
