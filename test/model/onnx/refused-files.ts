import { expect } from "chai";

import { CorruptFileError, encodeModel } from "../../../src/model/onnx/file.ts";
import { ConstantOutputError, importOnnx, SparseTensorError } from "../../../src/model/onnx/import.ts";
import {
  DynamicShapeError,
  UnknownInputError,
  UnsupportedInputError,
  WrongShapeError,
} from "../../../src/model/onnx/inputs.ts";
import { BadNodeError } from "../../../src/model/onnx/node.ts";
import { UnknownOpsetError } from "../../../src/model/onnx/opset.ts";
import { ELEMENT } from "../../../src/model/onnx/schema.ts";
import { BadTensorError, ExternalDataError, NotFiniteError } from "../../../src/model/onnx/tensor.ts";
import { TensorTooLargeError } from "../../../src/model/onnx/value.ts";
import {
  bytesOfModel,
  classical,
  expectAgreement,
  float,
  floats,
  info,
  integers,
  modelOf,
  node,
  refusalOf as refusalOfModel,
  tensor,
} from "../../helpers/onnx.ts";
import type { Attributes, TestModel } from "../../helpers/onnx.ts";

const x = info("x", ["N", 4]);
const relu = node("Relu", ["x"], ["y"]);
const base: TestModel = { inputs: [x], nodes: [relu], outputs: ["y"] };

const refusalOf = (model: Partial<TestModel>, options = {}) => refusalOfModel({ ...base, ...model }, options);
const refusalOfNode = (
  opType: string,
  inputs: readonly string[],
  attributes: Attributes,
  more: Partial<TestModel> = {},
) => refusalOf({ nodes: [node(opType, inputs, ["y"], attributes)], ...more });
const refusalOfClassical = (opType: string, attributes: Attributes, more: Partial<TestModel> = {}) =>
  refusalOf({ nodes: [classical(opType, ["x"], ["y", "z"], attributes)], ...more });

describe("what ONNX import refuses", () => {
  describe("of a file", () => {
    it("nothing in it, or something else", () => {
      const noise = Uint8Array.from({ length: 300 }, (_, index) => (index * 89 + 7) % 256);
      for (const bytes of [new Uint8Array(), noise, new TextEncoder().encode("not a model")]) {
        expect(() => importOnnx(bytes)).to.throw(CorruptFileError);
      }
    });
    it("a file cut short", () => {
      const bytes = bytesOfModel(base);
      expect(() => importOnnx(bytes.subarray(0, bytes.length - 3))).to.throw(CorruptFileError);
    });
    it("a graph without outputs, or with one that nothing gives", () => {
      refusalOf({ outputs: [] }).to.throw(CorruptFileError, "no outputs");
      refusalOf({ outputs: ["z"] }).to.throw(CorruptFileError, '"z"');
    });
    it("an output that no input changes", () => {
      const nodes = [relu, node("Constant", [], ["c"], { value_float: float(1) })];
      refusalOf({ nodes, outputs: ["y", "c"] }).to.throw(ConstantOutputError, '"c"');
    });
    it("nodes out of order, missing inputs and repeated names", () => {
      refusalOf({ nodes: [node("Relu", ["a"], ["y"]), node("Tanh", ["x"], ["a"])] }).to.throw(BadNodeError, '"a"');
      refusalOf({ nodes: [node("Relu", [], ["y"])] }).to.throw(BadNodeError, "input 0 is missing");
      refusalOf({ nodes: [node("Relu", [""], ["y"])] }).to.throw(BadNodeError, "input 0 is missing");
      refusalOf({ nodes: [relu, relu] }).to.throw(BadNodeError, '"y"');
      refusalOf({ nodes: [node("Relu", ["x"], ["x"])] }).to.throw(BadNodeError, '"x"');
    });
  });

  describe("of opsets", () => {
    it("versions outside those that it knows", async () => {
      for (const opset of [0, 8, 22, 1000]) refusalOf({ opset }).to.throw(UnknownOpsetError, `opset ${opset}`);
      for (const opset of [9, 21]) await expectAgreement({ ...base, opset });
    });
    it("versions of ai.onnx.ml, where it is used", () => {
      const nodes = [classical("Scaler", ["x"], ["y"], {})];
      for (const classicalOpset of [0, 6]) {
        refusalOf({ nodes, classicalOpset }).to.throw(UnknownOpsetError, `opset ${classicalOpset}`);
        refusalOf({ classicalOpset }).not.to.throw();
      }
    });
    it("a version that is not declared", () => {
      const { opsetImport: _, ...rest } = modelOf(base);
      expect(() => importOnnx(encodeModel(rest))).to.throw(UnknownOpsetError, "declares no known version");
    });
    it("other domains, naming the node", () => {
      const nodes = [{ ...relu, domain: "com.microsoft" }];
      refusalOf({ nodes }).to.throw(UnknownOpsetError, /Relu "Relu_y".*com\.microsoft/);
    });
    it("but not the default domain's other name", () => {
      refusalOf({ nodes: [{ ...relu, domain: "ai.onnx" }] }).not.to.throw();
    });
  });

  describe("of tensors", () => {
    const weighted = (weight: object) => refusalOfNode("Mul", ["x", "w"], {}, { weights: [{ name: "w", ...weight }] });
    it("data in another file", () => {
      const externalData = [{ key: "location", value: "weights.bin" }];
      weighted({ dims: [4], dataType: ELEMENT.float, externalData, dataLocation: 1 }).to.throw(
        ExternalDataError,
        '"w"',
      );
      weighted({ dims: [4], dataType: ELEMENT.float, dataLocation: 1 }).to.throw(ExternalDataError, '"w"');
    });
    it("NaN and infinities, naming the tensor", () => {
      for (const strange of [Number.NaN, Infinity, -Infinity]) {
        weighted(tensor("w", [4], [1, 2, strange, 4])).to.throw(
          NotFiniteError,
          `Element 2 of tensor "w" is ${strange}`,
        );
      }
      const constant = [
        node("Constant", [], ["c"], { value: tensor("", [1], [Number.NaN]) }),
        node("Mul", ["x", "c"], ["y"]),
      ];
      refusalOf({ nodes: constant }).to.throw(NotFiniteError, "Constant_c.value");
      const half = { dims: [1], dataType: ELEMENT.float16 };
      weighted({ ...half, int32Data: [0x7c00] }).to.throw(NotFiniteError);
      weighted({ ...half, int32Data: [0x7e00] }).to.throw(NotFiniteError);
    });
    it("NaN and infinities in attributes", () => {
      refusalOfNode("LeakyRelu", ["x"], { alpha: float(Number.NaN) }).to.throw(NotFiniteError, "LeakyRelu_y.alpha");
      const attributes = { coefficients: floats([1, 2, 3, Infinity]), intercepts: floats([0]) };
      refusalOfClassical("LinearRegressor", attributes).to.throw(NotFiniteError, "coefficients");
    });
    it("too few or too many elements, or parts of one", () => {
      weighted({ dims: [4], dataType: ELEMENT.float, floatData: [1, 2, 3] }).to.throw(BadTensorError, "4 elements");
      weighted({ dims: [4], dataType: ELEMENT.float, rawData: new Uint8Array(15) }).to.throw(
        BadTensorError,
        "15 bytes",
      );
      weighted({ dims: [4], dataType: ELEMENT.float, rawData: new Uint8Array(20) }).to.throw(BadTensorError, "has 5");
      weighted({ dims: [-4], dataType: ELEMENT.float }).to.throw(BadTensorError, "[-4]");
      weighted({ dims: [2], dataType: ELEMENT.string, stringData: [] }).to.throw(BadTensorError, "2 elements");
    });
    it("types that it does not know", () => {
      for (const dataType of [0, 14, 15, 17, 22, 99]) {
        weighted({ dims: [0], dataType }).to.throw(BadTensorError, `${dataType}`);
      }
    });
    it("sparse weights", () => {
      const model = modelOf(base);
      const sparseInitializer = [{ values: tensor("thin", [1], [1]) }];
      const bytes = encodeModel({ ...model, graph: { ...model.graph, sparseInitializer } });
      expect(() => importOnnx(bytes)).to.throw(SparseTensorError, '"thin"');
    });
    it("more elements than can be proven", () => {
      refusalOf({ inputs: [info("x", [1, 5000, 5000])] }).to.throw(TensorTooLargeError, "[1, 5000, 5000]");
      refusalOfNode("Expand", ["x", "s"], {}, { weights: [integers("s", [1e6, 1e6, 4])] }).to.throw(
        TensorTooLargeError,
      );
      const nodes = [node("ConstantOfShape", ["s"], ["c"]), node("Mul", ["x", "c"], ["y"])];
      refusalOf({ nodes, weights: [integers("s", [1e9])] }).to.throw(TensorTooLargeError);
    });
  });

  describe("of inputs", () => {
    it("shapes that nothing fixes, naming the input", () => {
      for (const dims of [
        ["N", "F"],
        ["N", 4, "W"],
        ["N", -1],
      ]) {
        refusalOf({ inputs: [info("x", dims)] })
          .to.throw(DynamicShapeError, '"x"')
          .with.property("input", "x");
      }
      refusalOf({ inputs: [{ name: "x", type: { tensorType: { elemType: 1 } } }] }).to.throw(
        DynamicShapeError,
        "no shape",
      );
    });
    it("but not an open batch, however it is written", () => {
      for (const batch of ["N", -1, 0]) {
        expect(importOnnx(bytesOfModel({ ...base, inputs: [info("x", [batch, 4])] })).inputSize).to.equal(4);
      }
    });
    it("nor those that an option fixes", async () => {
      await expectAgreement({ ...base, inputs: [info("x", ["N", "F"])] }, { options: { shapes: { x: [1, 3] } } });
      await expectAgreement({ ...base, inputs: [info("x", ["N", 4])] }, { options: { shapes: { x: [2, 4] } } });
    });
    it("options that contradict the file, or name no input", () => {
      for (const shape of [[1, 5], [1], [1, 4, 1], [0, 4], [1.5, 4]]) {
        refusalOf({}, { shapes: { x: shape } }).to.throw(WrongShapeError, "[?, 4]");
      }
      refusalOf({}, { shapes: { z: [1, 4] } }).to.throw(UnknownInputError, '"z"');
    });
    it("strings, flags, other types than tensors, or none", () => {
      for (const type of [ELEMENT.string, ELEMENT.bool, 0]) {
        refusalOf({ inputs: [info("x", ["N", 4], type)] }).to.throw(UnsupportedInputError, '"x"');
      }
      refusalOf({ inputs: [{ name: "x", type: { sequenceType: new Uint8Array() } }] }).to.throw(UnsupportedInputError);
      refusalOf({ inputs: [{ name: "x" }] }).to.throw(UnsupportedInputError);
      refusalOf({ inputs: [] }).to.throw(UnsupportedInputError, "has none");
    });
    it("but not initializers among the inputs, as old files have them", async () => {
      const weights = [tensor("w", [4], [1, 2, 3, 4])];
      const model = { ...base, inputs: [x, info("w", [4])], weights, nodes: [node("Mul", ["x", "w"], ["y"])] };
      expect(importOnnx(bytesOfModel(model)).inputSize).to.equal(4);
    });
  });
});
