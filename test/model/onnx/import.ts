import { expect } from "chai";

import { evaluate } from "../../../src/model/float.ts";
import { INPUT } from "../../../src/model/graph.ts";
import { importOnnx } from "../../../src/model/onnx/import.ts";
import { ELEMENT } from "../../../src/model/onnx/schema.ts";
import {
  bytesOfModel,
  classical,
  expectAgreement,
  float,
  floats,
  info,
  integers,
  node,
  randomNumbers,
  tensor,
} from "../../helpers/onnx.ts";
import type { TestModel } from "../../helpers/onnx.ts";

/** Weights small enough that values stay near 1 through the layers. */
function random(name: string, dims: readonly number[], seed: number) {
  const size = dims.reduce((product, length) => product * length, 1);
  const scale = 1 / Math.sqrt(size / (dims[0] ?? 1));
  return tensor(
    name,
    dims,
    Array.from(randomNumbers(seed, size), (number) => Math.fround(number * scale)),
  );
}

const kindsOf = (model: TestModel): string[] =>
  importOnnx(bytesOfModel(model)).nodes.map(({ operator }) => operator.kind);

const lenet: TestModel = {
  opset: 13,
  inputs: [info("image", ["batch", 1, 28, 28])],
  weights: [
    random("conv1.weight", [6, 1, 5, 5], 1),
    random("conv1.bias", [6], 2),
    random("conv2.weight", [16, 6, 5, 5], 3),
    random("conv2.bias", [16], 4),
    random("fc.weight", [10, 256], 5),
    random("fc.bias", [10], 6),
  ],
  nodes: [
    node("Conv", ["image", "conv1.weight", "conv1.bias"], ["c1"], { kernel_shape: [5, 5] }),
    node("Relu", ["c1"], ["r1"]),
    node("AveragePool", ["r1"], ["p1"], { kernel_shape: [2, 2], strides: [2, 2] }),
    node("Conv", ["p1", "conv2.weight", "conv2.bias"], ["c2"]),
    node("Relu", ["c2"], ["r2"]),
    node("AveragePool", ["r2"], ["p2"], { kernel_shape: [2, 2], strides: [2, 2] }),
    node("Flatten", ["p2"], ["f"]),
    node("Gemm", ["f", "fc.weight", "fc.bias"], ["logits"], { transB: 1 }),
    node("ArgMax", ["logits"], ["digit"], { axis: 1, keepdims: 0 }),
  ],
  outputs: ["logits", "digit"],
};

describe("importing whole models", () => {
  it("imports a LeNet", async () => {
    await expectAgreement(lenet);
    expect(kindsOf(lenet)).to.deep.equal(["conv", "relu", "conv", "conv", "relu", "conv", "dense", "argmax"]);
    const [, , pool] = importOnnx(bytesOfModel(lenet)).nodes;
    expect(pool?.operator).to.deep.include({ kind: "conv", weights: new Float64Array(24).fill(0.25) });
    expect(pool).to.include({ id: "p1", size: 864, origin: 'AveragePool "AveragePool_p1"' });
  });

  it("imports a residual network with normalisation, pooling and shapes that are calculated", async () => {
    const channels = 4;
    const statistics = (name: string, seed: number) => [
      random(`${name}.scale`, [channels], seed),
      random(`${name}.bias`, [channels], seed + 1),
      random(`${name}.mean`, [channels], seed + 2),
      tensor(`${name}.variance`, [channels], [0.5, 1, 2, 0.25]),
    ];
    const normalize = (name: string, input: string, output: string) =>
      node(
        "BatchNormalization",
        [input, `${name}.scale`, `${name}.bias`, `${name}.mean`, `${name}.variance`],
        [output],
      );
    const model: TestModel = {
      opset: 11,
      inputs: [info("x", ["N", channels, 6, 6])],
      weights: [
        random("w1", [channels, channels, 3, 3], 1),
        random("w2", [channels, 1, 3, 3], 2),
        ...statistics("n1", 3),
        ...statistics("n2", 10),
        random("fc", [channels, 3], 20),
        integers("zero", [0], []),
      ],
      nodes: [
        node("Conv", ["x", "w1"], ["c1"], { pads: [1, 1, 1, 1] }),
        normalize("n1", "c1", "b1"),
        node("Clip", ["b1", "low", "six"], ["r1"]),
        node("Conv", ["r1", "w2"], ["c2"], { pads: [1, 1, 1, 1], group: channels }),
        normalize("n2", "c2", "b2"),
        node("Add", ["b2", "x"], ["sum"]),
        node("Relu", ["sum"], ["r2"]),
        node("GlobalAveragePool", ["r2"], ["g"]),
        node("Shape", ["g"], ["shape"]),
        node("Gather", ["shape", "zero"], ["n"], { axis: 0 }),
        node("Constant", [], ["minus"], { value: integers("", [-1]) }),
        node("Unsqueeze", ["n"], ["ns"], { axes: [0] }),
        node("Concat", ["ns", "minus"], ["flat"], { axis: 0 }),
        node("Reshape", ["g", "flat"], ["f"]),
        node("MatMul", ["f", "fc"], ["y"]),
      ],
      outputs: ["y"],
    };
    const bounds = [tensor("low", [], [0]), tensor("six", [], [6])];
    const whole = { ...model, weights: [...(model.weights ?? []), ...bounds] };
    await expectAgreement(whole);
    expect(kindsOf(whole)).to.deep.equal(["conv", "clip", "conv", "sum", "relu", "conv", "dense"]);
  });

  it("imports one attention head", () =>
    expectAgreement({
      opset: 17,
      inputs: [info("x", ["N", 3, 4])],
      weights: [random("q", [4, 4], 1), random("k", [4, 4], 2), random("v", [4, 2], 3), tensor("scale", [], [2])],
      nodes: [
        node("MatMul", ["x", "q"], ["xq"]),
        node("MatMul", ["x", "k"], ["xk"]),
        node("MatMul", ["x", "v"], ["xv"]),
        node("Transpose", ["xk"], ["kt"], { perm: [0, 2, 1] }),
        node("MatMul", ["xq", "kt"], ["scores"]),
        node("Div", ["scores", "scale"], ["scaled"]),
        node("Softmax", ["scaled"], ["weights"], { axis: -1 }),
        node("MatMul", ["weights", "xv"], ["y"]),
      ],
      outputs: ["y"],
    }));

  it("imports a network over channels that come last", () =>
    expectAgreement({
      inputs: [info("x", ["N", 6, 6, 2])],
      weights: [random("w", [3, 2, 3, 3], 1), random("fc", [48, 2], 2), integers("flat", [-1, 48])],
      nodes: [
        node("Transpose", ["x"], ["t"], { perm: [0, 3, 1, 2] }),
        node("Conv", ["t", "w"], ["c"]),
        node("LeakyRelu", ["c"], ["r"], { alpha: float(0.125) }),
        node("Transpose", ["r"], ["back"], { perm: [0, 2, 3, 1] }),
        node("Reshape", ["back", "flat"], ["f"]),
        node("MatMul", ["f", "fc"], ["y"]),
      ],
      outputs: ["y"],
    }));

  it("puts all inputs into one, in their order", async () => {
    const model: TestModel = {
      inputs: [info("age", ["N", 1]), info("rest", ["N", 3]), info("count", ["N", 1], ELEMENT.int64)],
      nodes: [
        node("Cast", ["count"], ["number"], { to: ELEMENT.float }),
        node("Concat", ["rest", "number", "age"], ["all"], { axis: 1 }),
        classical("LinearRegressor", ["all"], ["y"], {
          coefficients: floats([1, 2, 3, 4, 5]),
          intercepts: floats([6]),
        }),
      ],
      outputs: ["y"],
    };
    await expectAgreement(model);
    const graph = importOnnx(bytesOfModel(model));
    expect(graph.inputSize).to.equal(5);
    expect(graph.nodes.map(({ operator }) => operator.kind)).to.deep.equal(["gather", "dense"]);
    expect(Array.from(evaluate(graph, Float64Array.of(1, 10, 100, 1000, 10000)).get("y") ?? [])).to.deep.equal([
      10 + 200 + 3000 + 40000 + 5 + 6,
    ]);
  });

  it("gives tensors names of their own, whatever the file's are", async () => {
    const model: TestModel = {
      inputs: [info("x", ["N", 2])],
      weights: [tensor("w", [2, 3], randomNumbers(1, 6))],
      nodes: [
        node("Relu", ["x"], [INPUT]),
        node("Gemm", [INPUT, "w"], ["y"], { alpha: float(2) }),
        node("Softmax", ["y"], ["z"]),
      ],
      outputs: ["y", "z", INPUT],
    };
    await expectAgreement(model);
    const ids = importOnnx(bytesOfModel(model)).nodes.map(({ id }) => id);
    expect(new Set([...ids, INPUT]).size).to.equal(ids.length + 1);
  });

  it("names the outputs as the file does, with what class indices stand for", () => {
    const model: TestModel = {
      inputs: [info("x", ["N", 2])],
      nodes: [
        classical("LinearClassifier", ["x"], ["label", "scores"], {
          coefficients: floats([1, 2, 3, 4, 5, 6]),
          intercepts: floats([0, 0, 0]),
          classlabels_strings: ["a", "b", "c"],
        }),
      ],
      outputs: ["scores", "label"],
    };
    const { nodes, outputs } = importOnnx(bytesOfModel(model));
    const [scores, label] = nodes;
    expect(outputs).to.deep.equal([
      { name: "scores", tensor: scores?.id },
      { name: "label", tensor: label?.id, labels: ["a", "b", "c"] },
    ]);
  });

  it("gives an input itself as an output", () => {
    const model: TestModel = { inputs: [info("x", ["N", 2])], nodes: [node("Identity", ["x"], ["y"])], outputs: ["y"] };
    expect(importOnnx(bytesOfModel(model))).to.deep.equal({
      inputSize: 2,
      nodes: [],
      outputs: [{ name: "y", tensor: INPUT }],
    });
  });
});
