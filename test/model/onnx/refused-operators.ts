import { BadNodeError, UnsupportedOperatorError } from "../../../src/model/onnx/node.ts";
import { ELEMENT } from "../../../src/model/onnx/schema.ts";
import { NotFiniteError } from "../../../src/model/onnx/tensor.ts";
import {
  classical,
  float,
  floats,
  info,
  integers,
  node,
  refusalOf as refusalOfModel,
  tensor,
} from "../../helpers/onnx.ts";
import type { Attributes, TestModel } from "../../helpers/onnx.ts";

const x = info("x", ["N", 4]);
const image = info("x", ["N", 2, 4, 4]);
const base: TestModel = { inputs: [x], nodes: [], outputs: ["y"] };

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
  describe("of operators", () => {
    it("those that it does not know: it names node, operator, domain, opset and what it knows", () => {
      refusalOfNode("Erf", ["x"], {}).to.throw(
        UnsupportedOperatorError,
        /Erf "Erf_y" \(ai\.onnx, opset 17\).*Add, .*Unsqueeze/s,
      );
      const nodes = [classical("Imputer", ["x"], ["y"], {})];
      refusalOf({ nodes }).to.throw(
        UnsupportedOperatorError,
        /Imputer "Imputer_y" \(ai\.onnx\.ml, opset 3\).*LinearClassifier/s,
      );
      for (const name of ["constructor", "toString", "__proto__"]) {
        refusalOfNode(name, ["x"], {}).to.throw(UnsupportedOperatorError);
      }
    });
    it("attributes of another type", () => {
      refusalOfNode("LeakyRelu", ["x"], { alpha: 1 }).to.throw(BadNodeError, "alpha");
      refusalOfNode("Transpose", ["x"], { perm: float(1) }).to.throw(BadNodeError, "perm");
    });

    const weights = [
      tensor("w", [4], [1, 2, 0, 4]),
      tensor("m", [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
      integers("i", [1, 0]),
    ];
    const more = { weights };
    it("arithmetic that is not linear, or does not broadcast", () => {
      const both = { inputs: [x, info("z", ["N", 4])] };
      refusalOfNode("Div", ["x", "z"], {}, both).to.throw(UnsupportedOperatorError, "divisor must be constant");
      refusalOfNode("Div", ["x", "w"], {}, more).to.throw(UnsupportedOperatorError, "divisor is zero");
      refusalOfNode("Div", ["w", "x"], {}, more).to.throw(UnsupportedOperatorError, "constant");
      refusalOfNode("Add", ["x", "m"], {}, more).to.throw(BadNodeError, "do not broadcast");
      refusalOfNode("MatMul", ["x", "m"], {}, more).to.throw(BadNodeError, "do not multiply");
      refusalOfNode("Gemm", ["x", "w"], {}, more).to.throw(UnsupportedOperatorError, "2 dimensions");
      refusalOfNode("Sum", [], {}).to.throw(BadNodeError, "no inputs");
    });
    it("activations with strange parameters", () => {
      refusalOfNode("Clip", ["x", "w"], {}, more).to.throw(BadNodeError, "not one number");
      refusalOfNode("Clip", ["x"], { min: float(2), max: float(1) }, { opset: 9 }).to.throw(
        UnsupportedOperatorError,
        "nothing between",
      );
      refusalOfNode("ArgMax", ["x"], { axis: 1, select_last_index: 1 }).to.throw(
        UnsupportedOperatorError,
        "select_last_index",
      );
      refusalOfNode("Softmax", ["x"], { axis: 2 }).to.throw(BadNodeError, "axis 2");
    });
    it("windows that do not fit, or of three dimensions", () => {
      const conv = (dims: readonly number[], attributes: Attributes, inputs = [image]) => {
        const size = dims.reduce((product, length) => product * length, 1);
        return refusalOfNode("Conv", ["x", "w"], attributes, {
          inputs,
          weights: [tensor("w", dims, new Float32Array(size))],
        });
      };
      conv([1, 3, 2, 2], {}).to.throw(BadNodeError, "2 channels");
      conv([3, 1, 2, 2], { group: 2 }).to.throw(BadNodeError, "2 groups");
      conv([1, 2, 5, 5], {}).to.throw(BadNodeError, "does not fit");
      conv([1, 2, 2, 2], { kernel_shape: [3, 3] }).to.throw(BadNodeError, "kernel_shape");
      conv([1, 2, 2, 2], { strides: [0, 1] }).to.throw(BadNodeError, "strides");
      conv([1, 2, 2, 2], { pads: [1, 1] }).to.throw(BadNodeError, "pads");
      conv([1, 2, 2, 2], { auto_pad: "SOME" }).to.throw(BadNodeError, "auto_pad");
      conv([1, 2, 2, 2, 2], {}, [info("x", ["N", 2, 4, 4, 4])]).to.throw(UnsupportedOperatorError, "3 or 4 dimensions");
      conv([1, 2, 2, 2], {}, [info("x", [2, 2, 4, 4])]).to.throw(UnsupportedOperatorError, "batch");
      refusalOfNode("Conv", ["x", "x"], {}, { inputs: [image] }).to.throw(UnsupportedOperatorError, "constant");
      refusalOfNode("MaxPool", ["x"], {}, { inputs: [image] }).to.throw(BadNodeError, "kernel_shape");
      const outside = { kernel_shape: [1, 1], pads: [1, 1, 1, 1] };
      refusalOfNode("MaxPool", ["x"], outside, { inputs: [image] }).to.throw(UnsupportedOperatorError, "padding");
      refusalOfNode("AveragePool", ["x"], outside, { inputs: [image] }).to.throw(UnsupportedOperatorError, "padding");
      const indices = [node("MaxPool", ["x"], ["m", "i"], { kernel_shape: [2, 2] }), node("Relu", ["i"], ["y"])];
      refusalOf({ inputs: [image], nodes: indices }).to.throw(BadNodeError, '"i"');
    });
    it("training", () => {
      const statistics = [tensor("s", [2], [1, 1])];
      const trained = (attributes: Attributes, outputs: readonly string[], opset: number) =>
        refusalOf({
          opset,
          inputs: [image],
          weights: statistics,
          nodes: [node("BatchNormalization", ["x", "s", "s", "s", "s"], outputs, attributes)],
        });
      trained({ training_mode: 1 }, ["y"], 14).to.throw(UnsupportedOperatorError, "training");
      trained({}, ["y", "mean", "variance"], 9).to.throw(UnsupportedOperatorError, "training");
      const negative = [tensor("s", [2], [-1, -1])];
      refusalOf({
        inputs: [image],
        weights: negative,
        nodes: [node("BatchNormalization", ["x", "s", "s", "s", "s"], ["y"])],
      }).to.throw(BadNodeError, "variance");
      const flag = [{ name: "t", dims: [], dataType: ELEMENT.bool, int32Data: [1] }];
      refusalOfNode("Dropout", ["x", "", "t"], {}, { weights: flag }).to.throw(UnsupportedOperatorError, "training");
    });
    it("shapes that do not fit", () => {
      const shaped = (list: readonly number[], attributes = {}) =>
        refusalOfNode("Reshape", ["x", "s"], attributes, { weights: [integers("s", list)] });
      shaped([3, 2]).to.throw(BadNodeError);
      shaped([-1, 3]).to.throw(BadNodeError);
      shaped([-1, -1]).to.throw(BadNodeError);
      shaped([0, 0, 0]).to.throw(BadNodeError);
      shaped([0, 4], { allowzero: 1 }).to.throw(BadNodeError);
      const halves = { weights: [tensor("s", [2], [0.5, 8])] };
      refusalOfNode("Reshape", ["x", "s"], {}, halves).to.throw(BadNodeError, "[0.5, 8]");
      refusalOfNode("Reshape", ["x", "x"], {}).to.throw(UnsupportedOperatorError, "constant");
      refusalOfNode("Squeeze", ["x"], { axes: [1] }, { opset: 11 }).to.throw(BadNodeError, "length 1");
      refusalOfNode("Unsqueeze", ["x"], {}, { opset: 11 }).to.throw(BadNodeError, "no axes");
      refusalOfNode("Unsqueeze", ["x"], { axes: [0, 0] }, { opset: 11 }).to.throw(BadNodeError, "repeats");
      refusalOfNode("Flatten", ["x"], { axis: 3 }).to.throw(BadNodeError, "axis 3");
      refusalOfNode("Transpose", ["x"], { perm: [0, 0] }).to.throw(BadNodeError, "perm");
      refusalOfNode("Concat", ["x", "z"], { axis: 1 }, { inputs: [x, info("z", [1, 2, 2])] }).to.throw(
        BadNodeError,
        "do not join",
      );
      refusalOfNode("Expand", ["x", "i"], {}, { weights: [integers("i", [3, 3])] }).to.throw(BadNodeError, "expand");
      refusalOfNode("Slice", ["x"], { starts: [0], ends: [1, 2] }, { opset: 9 }).to.throw(BadNodeError, "do not fit");
      refusalOfNode("Slice", ["x"], { starts: [2], ends: [2], axes: [1] }, { opset: 9 }).to.throw(
        UnsupportedOperatorError,
        "empty",
      );
      refusalOfNode("Pad", ["x"], { pads: [0, 0, 0, 1], mode: "reflect" }, { opset: 9 }).to.throw(
        UnsupportedOperatorError,
        "reflect",
      );
      refusalOfNode("Pad", ["x"], { pads: [0] }, { opset: 9 }).to.throw(BadNodeError, "pads");
      refusalOfNode("Gather", ["x", "i"], { axis: 1 }, { weights: [integers("i", [4])] }).to.throw(
        BadNodeError,
        "index",
      );
      refusalOfNode("ReduceSum", ["x"], { axes: [2] }, { opset: 11 }).to.throw(BadNodeError, "axis 2");
    });
    it("numbers that it would have to round", () => {
      for (const to of [ELEMENT.int64, ELEMENT.bool, ELEMENT.string]) {
        refusalOfNode("Cast", ["x"], { to }).to.throw(UnsupportedOperatorError, "rounds");
      }
    });
    it("constants that are not finite", () => {
      const zero = [tensor("one", [1], [1]), tensor("zero", [1], [0])];
      const nodes = [node("Div", ["one", "zero"], ["c"]), node("Mul", ["x", "c"], ["y"])];
      refusalOf({ nodes, weights: zero }).to.throw(BadNodeError, "not finite");
    });
  });

  describe("of classical models", () => {
    const coefficients = floats([1, 2, 3, 4, 5, 6, 7, 8]);
    const two = { coefficients, intercepts: floats([1, 2]), classlabels_ints: [0, 1] };
    const machine = {
      support_vectors: coefficients,
      coefficients: floats([1, -1]),
      rho: floats([0]),
      vectors_per_class: [1, 1],
      classlabels_ints: [0, 1],
    };

    it("post_transforms that it does not know, or that runtimes do not agree on", () => {
      refusalOfClassical("LinearClassifier", { ...two, post_transform: "PROBIT" }).to.throw(
        UnsupportedOperatorError,
        "PROBIT",
      );
      const one = { coefficients: floats([1, 2, 3, 4]), post_transform: "LOGISTIC" };
      refusalOfClassical("LinearRegressor", one).to.throw(UnsupportedOperatorError, "single target");
      refusalOfClassical("SVMClassifier", { ...machine, post_transform: "SOFTMAX" }).to.throw(
        UnsupportedOperatorError,
        "post_transform",
      );
    });
    it("coefficients that do not fit", () => {
      refusalOfClassical("LinearClassifier", { ...two, intercepts: floats([1]) }).to.throw(
        BadNodeError,
        "8 coefficients",
      );
      refusalOfClassical("LinearClassifier", { ...two, classlabels_ints: [1, 2, 3] }).to.throw(
        BadNodeError,
        "3 labels",
      );
      refusalOfClassical("LinearRegressor", { coefficients, targets: 3 }).to.throw(BadNodeError);
      refusalOfClassical("LinearRegressor", { coefficients, targets: 0 }).to.throw(BadNodeError, "0 targets");
      refusalOfClassical("Scaler", { scale: floats([1, 2]) }).to.throw(BadNodeError, "scale");
      refusalOfClassical("Normalizer", { norm: "L3" }).to.throw(BadNodeError, "L3");
      refusalOfClassical("Scaler", {}, { inputs: [info("x", [2, 4])] }).to.throw(UnsupportedOperatorError, "one row");
    });
    it("support vector machines with a kernel, with probabilities, or with vectors that do not fit", () => {
      refusalOfClassical("SVMClassifier", { ...machine, kernel_type: "RBF" }).to.throw(UnsupportedOperatorError, "RBF");
      refusalOfClassical("SVMRegressor", { kernel_type: "POLY" }).to.throw(UnsupportedOperatorError, "POLY");
      refusalOfClassical("SVMClassifier", { ...machine, prob_a: floats([1]), prob_b: floats([1]) }).to.throw(
        UnsupportedOperatorError,
        "prob_a",
      );
      refusalOfClassical("SVMClassifier", { ...machine, vectors_per_class: [1, 2] }).to.throw(
        BadNodeError,
        "support vectors",
      );
      refusalOfClassical("SVMClassifier", { ...machine, coefficients: floats([1]) }).to.throw(
        BadNodeError,
        "do not fit",
      );
      refusalOfClassical("SVMClassifier", { ...machine, vectors_per_class: [] }).to.throw(
        UnsupportedOperatorError,
        "without support vectors",
      );
      refusalOfClassical("SVMClassifier", { ...machine, classlabels_ints: [0] }).to.throw(
        UnsupportedOperatorError,
        "1 classes",
      );
    });
    it("labels as numbers, or encoded before they are known", () => {
      const labelled = classical("LinearClassifier", ["x"], ["l", "s"], { ...two, classlabels_ints: [5, 6] });
      refusalOf({ nodes: [labelled, node("Mul", ["l", "l"], ["y"])] }).to.throw(
        UnsupportedOperatorError,
        "class labels",
      );
      refusalOfClassical("LabelEncoder", { keys_int64s: [1], values_int64s: [2] }).to.throw(
        UnsupportedOperatorError,
        "classifier",
      );
      const encoder = classical("LabelEncoder", ["l"], ["y"], { keys_int64s: [1, 2], values_int64s: [2] });
      refusalOf({ nodes: [labelled, encoder] }).to.throw(BadNodeError, "2 keys");
    });

    const stump = {
      nodes_treeids: [0, 0, 0],
      nodes_nodeids: [0, 1, 2],
      nodes_featureids: [0, 0, 0],
      nodes_modes: ["BRANCH_LEQ", "LEAF", "LEAF"],
      nodes_values: floats([0, 0, 0]),
      nodes_truenodeids: [1, 0, 0],
      nodes_falsenodeids: [2, 0, 0],
    };
    const target = {
      target_treeids: [0, 0],
      target_nodeids: [1, 2],
      target_ids: [0, 0],
      target_weights: floats([1, -2]),
      n_targets: 1,
    };
    const classes = {
      class_treeids: [0, 0],
      class_nodeids: [1, 2],
      class_ids: [0, 0],
      class_weights: floats([1, -2]),
      classlabels_int64s: [0, 1],
    };
    const tree = (changes: Attributes) =>
      refusalOfClassical("TreeEnsembleRegressor", { ...stump, ...target, ...changes });
    const trees = (changes: Attributes) =>
      refusalOfClassical("TreeEnsembleClassifier", { ...stump, ...classes, ...changes });

    it("trees that are none", () => {
      tree({}).not.to.throw();
      tree({ nodes_truenodeids: [0, 0, 0] }).to.throw(BadNodeError, "two parents");
      tree({ nodes_truenodeids: [2, 0, 0] }).to.throw(BadNodeError, "two parents");
      tree({ nodes_truenodeids: [9, 0, 0] }).to.throw(BadNodeError, "no node 9");
      tree({ nodes_nodeids: [0, 1, 1] }).to.throw(BadNodeError, "same tree and number");
      tree({ nodes_featureids: [4, 0, 0] }).to.throw(BadNodeError, "feature 4 of 4");
      tree({ nodes_values: floats([0, 0]) }).to.throw(BadNodeError, "nodes_values has 2");
      tree({ nodes_values: floats([Number.NaN, 0, 0]) }).to.throw(NotFiniteError, "nodes_values");
      tree({ target_nodeids: [1, 7] }).to.throw(BadNodeError, "not there");
      tree({ target_ids: [0, 1] }).to.throw(BadNodeError, "weighs on 1 of 1");
      tree({ target_weights: floats([1, Infinity]) }).to.throw(NotFiniteError, "target_weights");
      tree({ base_values: floats([1, 2]) }).to.throw(BadNodeError, "base_values");
    });
    it("trees deeper than any exporter writes", () => {
      const depth = 3000;
      const branches = Array.from({ length: depth }, (_, index) => index);
      const ids = [...branches, ...branches.map((index) => depth + index), 2 * depth];
      const chain = {
        nodes_treeids: ids.map(() => 0),
        nodes_nodeids: ids,
        nodes_featureids: ids.map(() => 0),
        nodes_modes: ids.map((id) => (id < depth ? "BRANCH_LEQ" : "LEAF")),
        nodes_values: floats(ids.map(() => 0)),
        nodes_truenodeids: ids.map((id) => depth + id),
        nodes_falsenodeids: ids.map((id) => (id === depth - 1 ? 2 * depth : id + 1)),
      };
      tree(chain).to.throw(UnsupportedOperatorError, "deeper");
    });
    it("comparisons by equality, and other sums", () => {
      for (const mode of ["BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER"]) {
        tree({ nodes_modes: [mode, "LEAF", "LEAF"] }).to.throw(UnsupportedOperatorError, mode);
      }
      tree({ aggregate_function: "MAX" }).to.throw(UnsupportedOperatorError, "MAX");
      tree({ post_transform: "LOGISTIC" }).to.throw(UnsupportedOperatorError, "single target");
    });
    it("classifiers on which runtimes do not agree", () => {
      trees({}).not.to.throw();
      trees({ class_ids: [0, 1] }).to.throw(UnsupportedOperatorError, "weights of one");
      trees({ base_values: floats([1, 2]) }).to.throw(UnsupportedOperatorError, "base_values");
      trees({ class_ids: [1, 1], base_values: floats([1]) }).to.throw(UnsupportedOperatorError, "base_values");
      trees({ post_transform: "SOFTMAX" }).to.throw(UnsupportedOperatorError, "SOFTMAX");
      trees({ classlabels_int64s: [4] }).to.throw(UnsupportedOperatorError, "1 classes");
      trees({ classlabels_int64s: [4, 5, 6], class_ids: [0, 1] }).to.throw(
        UnsupportedOperatorError,
        "negative weights",
      );
      trees({ classlabels_int64s: [4, 5, 6], base_values: floats([1]) }).to.throw(BadNodeError, "base_values");
    });
  });
});
