import { expect } from "chai";

import { evaluate, MissingTensorError, WrongInputSizeError } from "../../src/model/float.ts";
import { INPUT } from "../../src/model/graph.ts";
import type { Operator } from "../../src/model/graph.ts";

/** What one operator makes of the input. */
function apply(operator: Operator, size: number, input: readonly number[]): number[] {
  const graph = { inputSize: input.length, nodes: [{ id: "y", size, origin: "test", operator }], outputs: [] };
  return Array.from(evaluate(graph, Float64Array.from(input)).get("y") ?? []);
}

const numbers = (...values: number[]): Float64Array => Float64Array.from(values);
const input = INPUT;

describe("evaluating a graph", () => {
  it("gives every tensor by its name, the input too", () => {
    const nodes = [
      {
        id: "a",
        size: 2,
        origin: "",
        operator: { kind: "affine", input, multipliers: numbers(2, 3), offsets: numbers(1, 0) },
      },
      { id: "b", size: 2, origin: "", operator: { kind: "sum", inputs: ["a", input], coefficients: [1, -1] } },
      { id: "c", size: 2, origin: "", operator: { kind: "product", left: "a", right: "b" } },
    ] as const;
    const tensors = evaluate({ inputSize: 2, nodes, outputs: [] }, numbers(4, -5));
    expect(Object.fromEntries(Array.from(tensors, ([name, values]) => [name, Array.from(values)]))).to.deep.equal({
      input: [4, -5],
      a: [9, -15],
      b: [5, -10],
      c: [45, 150],
    });
  });
  it("refuses too few or too many numbers, and tensors that nothing makes", () => {
    const graph = { inputSize: 2, nodes: [], outputs: [] };
    expect(() => evaluate(graph, numbers(1))).to.throw(WrongInputSizeError, "2 numbers, and was given 1");
    expect(() => evaluate(graph, numbers(1, 2, 3))).to.throw(WrongInputSizeError);
    const node = { id: "y", size: 2, origin: "", operator: { kind: "relu", input: "z" } } as const;
    expect(() => evaluate({ ...graph, nodes: [node] }, numbers(1, 2))).to.throw(MissingTensorError, '"z"');
  });

  it("multiplies by weights", () => {
    const operator = {
      kind: "dense",
      input,
      columns: 2,
      weights: numbers(1, 2, 3, 4, 5, 6),
      bias: numbers(0.5, 0, -1),
    } as const;
    expect(apply(operator, 3, [10, -1])).to.deep.equal([8.5, 26, 43]);
  });
  it("convolves, with padding, strides, dilations and groups", () => {
    const geometry = {
      channels: 2,
      height: 3,
      width: 3,
      filters: 2,
      kernel: [2, 2],
      strides: [2, 1],
      dilations: [1, 2],
      pads: [1, 0, 0, 1],
      groups: 2,
    } as const;
    const operator = {
      kind: "conv",
      input,
      geometry,
      weights: numbers(1, 10, 100, 1000, 0, 0, 0, 1),
      bias: numbers(0, 0.5),
    } as const;
    const planes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 0, 0, 0, 0, 0, 0, 2];
    expect(apply(operator, 8, planes)).to.deep.equal([3100, 200, 9764, 805, 0.5, 0.5, 2.5, 0.5]);
  });
  it("gathers over all inputs, and zero for none", () => {
    const operator = { kind: "gather", inputs: [input, input], indices: Int32Array.of(3, -1, 0, 2) } as const;
    expect(apply(operator, 4, [7, 8])).to.deep.equal([8, 0, 7, 7]);
  });
  it("takes the largest of each group, over no index that is -1", () => {
    const operator = { kind: "max", input, length: 2, indices: Int32Array.of(0, 1, 2, -1, -1, 0) } as const;
    expect(apply(operator, 3, [-3, -2, -9])).to.deep.equal([-2, -9, -3]);
  });
  it("takes the lowest index of equals", () => {
    expect(apply({ kind: "argmax", input, length: 3 }, 2, [1, 5, 5, -1, -1, -2])).to.deep.equal([1, 0]);
  });
  it("weighs by softmax without overflow", () => {
    expect(apply({ kind: "softmax", input, length: 2 }, 4, [1000, 1000, -1000, 1000])).to.deep.equal([0.5, 0.5, 0, 1]);
  });
  it("divides by norms, but not by zero", () => {
    expect(apply({ kind: "normalize", input, length: 2, norm: "l1" }, 4, [1, -3, 0, 0])).to.deep.equal([
      0.25, -0.75, 0, 0,
    ]);
    expect(apply({ kind: "normalize", input, length: 2, norm: "l2" }, 2, [3, -4])).to.deep.equal([0.6, -0.8]);
    expect(apply({ kind: "normalize", input, length: 2, norm: "max" }, 2, [2, -4])).to.deep.equal([1, -2]);
  });
  it("applies functions to each element", () => {
    expect(apply({ kind: "relu", input }, 2, [-1, 2])).to.deep.equal([0, 2]);
    expect(apply({ kind: "leakyRelu", input, slope: 0.5 }, 2, [-1, 2])).to.deep.equal([-0.5, 2]);
    expect(apply({ kind: "clip", input, min: -1, max: Infinity }, 2, [-3, 2])).to.deep.equal([-1, 2]);
    expect(apply({ kind: "sigmoid", input }, 3, [0, -1000, 1000])).to.deep.equal([0.5, 0, 1]);
    expect(apply({ kind: "tanh", input }, 1, [0.5])).to.deep.equal([Math.tanh(0.5)]);
  });
  it("adds what trees say, comparing in their precision", () => {
    const leaf = (weight: number) => ({ targets: [1], weights: [weight] });
    const tree = (comparison: "<" | "<=") => ({
      feature: 0,
      threshold: 0.1,
      comparison,
      below: leaf(1),
      above: leaf(10),
    });
    const sum = (precision: "float32" | "float64", value: number): number[] => {
      const operator = {
        kind: "trees",
        input,
        base: numbers(0.5, 0),
        trees: [tree("<"), tree("<=")],
        precision,
      } as const;
      return apply(operator, 2, [value]);
    };
    expect(sum("float64", 0.1)).to.deep.equal([0.5, 11]);
    expect(sum("float64", 0.1 + 1e-12)).to.deep.equal([0.5, 20]);
    expect(sum("float32", 0.1 + 1e-12)).to.deep.equal([0.5, 11]);
    expect(sum("float32", 0.05)).to.deep.equal([0.5, 2]);
  });
});
