import { expect } from "chai";

import { evaluate } from "../../../src/model/float.ts";
import type { ConvGeometry, Graph, Node, Operator } from "../../../src/model/graph.ts";
import { mergeAverages } from "../../../src/model/onnx/merge-averages.ts";
import { outputPlane } from "../../../src/model/program/linear-rows.ts";
import { seededRandom } from "../../helpers/random.ts";

const random = seededRandom(9);
const reals = (count: number): Float64Array => Float64Array.from({ length: count }, () => random.below(2001) / 500 - 2);

function conv(id: string, input: string, geometry: ConvGeometry): Node {
  const { channels, groups, filters, kernel } = geometry;
  const weights = reals(filters * (channels / groups) * kernel[0] * kernel[1]);
  const [rows, columns] = outputPlane(geometry);
  const operator: Operator = { kind: "conv", input, geometry, weights, bias: reals(filters) };
  return { id, size: filters * rows * columns, origin: id, operator };
}

const PLAIN = { dilations: [1, 1], pads: [0, 0, 0, 0] } as const;
const FIRST: ConvGeometry = {
  ...PLAIN,
  channels: 2,
  height: 8,
  width: 9,
  filters: 4,
  kernel: [3, 2],
  strides: [1, 1],
  groups: 1,
};
const AVERAGE: ConvGeometry = {
  ...PLAIN,
  channels: 4,
  height: 6,
  width: 8,
  filters: 4,
  kernel: [2, 3],
  strides: [2, 1],
  groups: 4,
};

const graphOf = (nodes: readonly Node[], ...outputs: string[]): Graph => {
  return { inputSize: 144, nodes, outputs: outputs.map((tensor) => ({ name: tensor, tensor })) };
};

function expectClose(before: Graph, after: Graph): void {
  for (let run = 0; run < 20; run++) {
    const input = reals(144);
    const [expected = [], found = []] = [before, after].map((graph) => {
      const tensors = evaluate(graph, input);
      return graph.outputs.flatMap(({ tensor }) => Array.from(tensors.get(tensor) ?? []));
    });
    expect(found.length).to.equal(expected.length);
    for (const [index, value] of expected.entries()) expect(found[index]).to.be.closeTo(value, 1e-9);
  }
}

describe("merging averages", () => {
  const variants: readonly (readonly [string, ConvGeometry, ConvGeometry, boolean])[] = [
    ["a convolution and one average for each plane", FIRST, AVERAGE, true],
    [
      "a convolution with padding, groups and strides of its own",
      { ...FIRST, height: 11, width: 9, pads: [1, 0, 1, 0], strides: [2, 1], groups: 2, channels: 2 },
      AVERAGE,
      true,
    ],
    ["a convolution with gaps", { ...FIRST, dilations: [2, 1], height: 10 }, AVERAGE, false],
    ["an average that pads", FIRST, { ...AVERAGE, pads: [1, 0, 1, 0] }, false],
    ["a second convolution of all planes", FIRST, { ...AVERAGE, groups: 1 }, false],
  ];
  for (const [name, first, second, isMerged] of variants) {
    it(`${isMerged ? "makes one of" : "leaves"} ${name}`, () => {
      const graph = {
        ...graphOf([conv("first", "input", first), conv("second", "first", second)], "second"),
        inputSize: first.channels * first.height * first.width,
      };
      const after = mergeAverages(graph);
      expect(after.nodes.map(({ id }) => id)).to.deep.equal(isMerged ? ["first"] : ["first", "second"]);
      const input = reals(graph.inputSize);
      const [expected = [], found = []] = [graph, after].map((each) => {
        return Array.from(evaluate(each, input).get(each.outputs[0]?.tensor ?? "") ?? []);
      });
      expect(found.length).to.equal(expected.length).and.to.be.greaterThan(0);
      for (const [index, value] of expected.entries()) expect(found[index]).to.be.closeTo(value, 1e-9);
    });
  }

  it("renames what reads the average, and leaves a convolution that others read", () => {
    const nodes = [conv("first", "input", FIRST), conv("second", "first", AVERAGE)];
    const relu: Node = {
      id: "relu",
      size: nodes[1]?.size ?? 0,
      origin: "relu",
      operator: { kind: "relu", input: "second" },
    };
    expectClose(
      graphOf([...nodes, relu], "relu", "second"),
      mergeAverages(graphOf([...nodes, relu], "relu", "second")),
    );
    const shared = graphOf(nodes, "first", "second");
    expect(mergeAverages(shared)).to.deep.equal(shared);
  });
});
