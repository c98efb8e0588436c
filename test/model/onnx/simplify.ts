import { expect } from "chai";

import { evaluate } from "../../../src/model/float.ts";
import type { Graph, Node, Operator } from "../../../src/model/graph.ts";
import { simplify } from "../../../src/model/onnx/simplify.ts";

const node = (id: string, operator: Operator): Node => ({ id, size: 2, origin: id, operator });
const affine = (id: string, input: string, multiplier: number, offset: number): Node => {
  const [multipliers, offsets] = [multiplier, offset].map((value) => Float64Array.of(value, value + 1));
  return node(id, { kind: "affine", input, multipliers, offsets } as Operator);
};
const DENSE = node("dense", {
  kind: "dense",
  input: "input",
  columns: 2,
  weights: Float64Array.of(1, 2, 3, 4),
  bias: Float64Array.of(-1, 0.5),
});
const graphOf = (nodes: readonly Node[], ...outputs: string[]): Graph => {
  return { inputSize: 2, nodes, outputs: outputs.map((tensor) => ({ name: tensor, tensor })) };
};

function expectSame(before: Graph, after: Graph): void {
  for (const input of [Float64Array.of(0, 0), Float64Array.of(1, -2), Float64Array.of(0.25, 8)]) {
    const [expected, found] = [before, after].map((graph) => {
      const tensors = evaluate(graph, input);
      return graph.outputs.map(({ tensor }) => Array.from(tensors.get(tensor) ?? []));
    });
    expect(found).to.deep.equal(expected);
  }
}

describe("simplifying a graph", () => {
  it("merges factors and offsets into the layer before them, which keeps its name", () => {
    const graph = graphOf([DENSE, affine("bias", "dense", 1, 2), affine("scale", "bias", 3, 0)], "scale");
    const after = simplify(graph);
    expectSame(graph, after);
    expect(after.nodes.map(({ id }) => id)).to.deep.equal(["dense"]);
    expect(after.outputs).to.deep.equal([{ name: "scale", tensor: "dense" }]);
  });

  it("leaves a layer that others read, and one whose merged form others read", () => {
    const both = graphOf([DENSE, affine("first", "dense", 2, 1), affine("second", "dense", 3, 0)], "first", "second");
    const chain = graphOf(
      [DENSE, affine("bias", "dense", 1, 2), affine("first", "bias", 3, 0), affine("second", "bias", 5, 1)],
      "first",
      "second",
    );
    const shown = graphOf([DENSE, affine("bias", "dense", 1, 2), affine("first", "bias", 3, 0)], "bias", "first");
    for (const graph of [both, chain, shown]) expectSame(graph, simplify(graph));
    expect(simplify(chain).nodes.map(({ id }) => id)).to.deep.equal(["dense", "first", "second"]);
  });

  it("drops what no output needs", () => {
    const graph = graphOf([DENSE, node("relu", { kind: "relu", input: "dense" })], "dense");
    expect(simplify(graph).nodes.map(({ id }) => id)).to.deep.equal(["dense"]);
  });
});
