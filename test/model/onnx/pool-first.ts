import { expect } from "chai";

import { evaluate } from "../../../src/model/float.ts";
import type { Graph, Node, Operator } from "../../../src/model/graph.ts";
import { poolFirst } from "../../../src/model/onnx/pool-first.ts";
import { seededRandom } from "../../helpers/random.ts";

const random = seededRandom(5);
const reals = (count: number): Float64Array => Float64Array.from({ length: count }, () => random.below(2001) / 500 - 2);
const node = (id: string, operator: Operator, size: number): Node => ({ id, size, origin: id, operator });

const WINDOWS = Int32Array.of(0, 1, 4, 5, 2, 3, 6, 7, 1, 2, -1, -1);
const DENSE = node("dense", { kind: "dense", input: "input", columns: 3, weights: reals(24), bias: reals(8) }, 8);
const max = (input: string, id = "max"): Node => node(id, { kind: "max", input, length: 4, indices: WINDOWS }, 3);
const last = node("last", { kind: "affine", input: "max", multipliers: reals(3), offsets: reals(3) }, 3);
const graphOf = (...nodes: readonly Node[]): Graph => {
  return { inputSize: 3, nodes, outputs: [{ name: "y", tensor: nodes.at(-1)?.id ?? "" }] };
};

/** By what each is, and whether a maximum over it can come first. */
const BENDS: readonly (readonly [string, Operator, boolean])[] = [
  ["ReLU", { kind: "relu", input: "dense" }, true],
  ["leaky ReLU", { kind: "leakyRelu", input: "dense", slope: 0.1 }, true],
  ["leaky ReLU that turns the lower part around", { kind: "leakyRelu", input: "dense", slope: -0.1 }, false],
  ["clip", { kind: "clip", input: "dense", min: -0.5, max: 1.5 }, true],
  ["sigmoid", { kind: "sigmoid", input: "dense" }, true],
  ["tanh", { kind: "tanh", input: "dense" }, true],
];

function expectSame(before: Graph, after: Graph): void {
  for (let run = 0; run < 50; run++) {
    const input = reals(3);
    const [expected, found] = [before, after].map((graph) =>
      evaluate(graph, input).get(graph.outputs[0]?.tensor ?? ""),
    );
    expect(found).to.deep.equal(expected);
  }
}

describe("taking the largest first", () => {
  for (const [name, operator, isMoved] of BENDS) {
    it(`${isMoved ? "moves" : "leaves"} ${name}, and changes no answer`, () => {
      const bend = node("bend", operator, 8);
      for (const graph of [graphOf(DENSE, bend, max("bend")), graphOf(DENSE, bend, max("bend"), last)]) {
        const after = poolFirst(graph);
        expectSame(graph, after);
        expect(after.nodes.find(({ id }) => id === "bend")?.size).to.equal(isMoved ? 3 : 8);
      }
    });
  }

  it("moves one activation over two maxima in a row", () => {
    const graph = graphOf(
      DENSE,
      node("bend", { kind: "relu", input: "dense" }, 8),
      max("bend"),
      node("second", { kind: "max", input: "max", length: 3, indices: Int32Array.of(0, 1, 2) }, 1),
    );
    const after = poolFirst(graph);
    expectSame(graph, after);
    expect(after.nodes.find(({ id }) => id === "bend")?.size).to.equal(1);
  });

  it("leaves what others read as well", () => {
    const bend = node("bend", { kind: "relu", input: "dense" }, 8);
    const other = node("other", { kind: "gather", inputs: ["max", "bend"], indices: Int32Array.of(0, 3) }, 2);
    const graph = graphOf(DENSE, bend, max("bend"), other);
    expect(poolFirst(graph)).to.deep.equal(graph);
  });
});
