import { expect } from "chai";

import { encodeNearest, type FieldCodec } from "../../src/model/codec.ts";
import { evaluate } from "../../src/model/float.ts";
import type { ConvGeometry, Graph, Node, Operator } from "../../src/model/graph.ts";
import { executorOf, outputOf } from "../../src/model/program/execute.ts";
import { calibrate, NoCalibrationError } from "../../src/model/quantise/calibrate.ts";
import {
  FieldCountError,
  OutputStepError,
  quantise,
  UnprovableOperatorError,
} from "../../src/model/quantise/quantise.ts";
import { ComputedFeatureError } from "../../src/model/quantise/trees.ts";
import { codecsOf, type ModelSource } from "../../src/model/source.ts";
import { seededRandom } from "../helpers/random.ts";

const SIZE = 8;
const FINE = { weights: 14, activations: 14 };

const SOURCE: ModelSource = {
  name: "test",
  purpose: "a test",
  input: { visibility: "hidden", fields: [{ name: "x", min: "-2", max: "2", step: "0.01", count: SIZE }] },
  output: { visibility: "public", name: "y", kind: "numbers" },
  calibration: "none.csv",
};

const random = seededRandom(11);
const real = (): number => random.below(2001) / 1000 - 1;
const reals = (count: number): Float64Array => Float64Array.from({ length: count }, real);
const node = (id: string, operator: Operator, size = SIZE): Node => ({ id, size, origin: id, operator });

const GEOMETRY: ConvGeometry = {
  channels: 2,
  height: 2,
  width: 2,
  filters: 2,
  kernel: [2, 2],
  strides: [1, 1],
  dilations: [1, 1],
  pads: [1, 0, 0, 1],
  groups: 1,
};

const DENSE = node("dense", {
  kind: "dense",
  input: "input",
  columns: SIZE,
  weights: reals(SIZE * SIZE),
  bias: reals(SIZE),
});

/** By the operator that each ends in. */
const GRAPHS: Readonly<Record<string, readonly Node[]>> = {
  dense: [DENSE],
  conv: [node("conv", { kind: "conv", input: "input", geometry: GEOMETRY, weights: reals(16), bias: reals(2) })],
  affine: [node("affine", { kind: "affine", input: "input", multipliers: reals(SIZE), offsets: reals(SIZE) })],
  gather: [node("gather", { kind: "gather", inputs: ["input"], indices: Int32Array.of(7, -1, 0, 0, 3, 2, -1, 5) })],
  sum: [DENSE, node("sum", { kind: "sum", inputs: ["dense", "input"], coefficients: [1, -0.5] })],
  relu: [DENSE, node("relu", { kind: "relu", input: "dense" })],
  leakyRelu: [DENSE, node("leaky", { kind: "leakyRelu", input: "dense", slope: 0.1 })],
  clip: [DENSE, node("clip", { kind: "clip", input: "dense", min: -0.5, max: 1 })],
  "clip at one end": [DENSE, node("clip", { kind: "clip", input: "dense", min: 0.25, max: Infinity })],
  sigmoid: [DENSE, node("sigmoid", { kind: "sigmoid", input: "dense" })],
  tanh: [DENSE, node("tanh", { kind: "tanh", input: "dense" })],
  product: [DENSE, node("product", { kind: "product", left: "dense", right: "input" })],
  square: [DENSE, node("square", { kind: "product", left: "dense", right: "dense" })],
  max: [DENSE, node("max", { kind: "max", input: "dense", length: 3, indices: Int32Array.of(0, 1, 2, 7, -1, 4) }, 2)],
};

const codecs = codecsOf(SOURCE);
const rows = Array.from({ length: 60 }, () => {
  return codecs.map((codec) => Number((random.below(401) / 100 + Number(codec.min)).toFixed(2)));
});
const graphOf = (nodes: readonly Node[]): Graph => {
  return { inputSize: SIZE, nodes, outputs: [{ name: "y", tensor: nodes.at(-1)?.id ?? "" }] };
};
const rangesOf = (graph: Graph) =>
  calibrate(
    graph,
    rows.map((row) => Float64Array.from(row)),
  );

describe("quantising", () => {
  for (const [name, nodes] of Object.entries(GRAPHS)) {
    it(`keeps ${name} within a hundredth of its range, when widths are generous`, () => {
      const graph = graphOf(nodes);
      const { program, scales } = quantise(graph, SOURCE, rangesOf(graph), FINE);
      const execute = executorOf(program);
      const answers = rows.map((row) => {
        const steps = row.map((value, field) => encodeNearest(codecs[field] as FieldCodec, value));
        const integers = outputOf(program, execute(steps)).map((value, index) => Number(value) * (scales[index] ?? 0));
        const floats = evaluate(graph, Float64Array.from(row)).get(nodes.at(-1)?.id ?? "") as Float64Array;
        return { integers, floats: Array.from(floats) };
      });
      const all = answers.flatMap(({ floats }) => floats);
      const tolerance = (Math.max(...all) - Math.min(...all)) / 100;
      expect(tolerance).to.be.greaterThan(0);
      for (const { integers, floats } of answers) {
        for (const [index, value] of floats.entries()) expect(integers[index]).to.be.closeTo(value, tolerance);
      }
    });
  }

  it("chooses the label where the graph has scores alone", () => {
    const graph = graphOf([DENSE]);
    const source = { ...SOURCE, output: { ...SOURCE.output, kind: "label" as const } };
    const { program } = quantise(graph, source, rangesOf(graph), FINE);
    const execute = executorOf(program);
    for (const row of rows) {
      const scores = evaluate(graph, Float64Array.from(row)).get("dense") as Float64Array;
      const [label] = outputOf(
        program,
        execute(row.map((value, at) => encodeNearest(codecs[at] as FieldCodec, value))),
      );
      const best = Math.max(...scores);
      expect(scores[Number(label)]).to.be.closeTo(best, 0.01);
    }
  });

  it("counts numbers in the step that was asked for, where the last layer can", () => {
    const inSteps = (nodes: readonly Node[], step: string) => {
      const graph = graphOf(nodes);
      return quantise(graph, { ...SOURCE, output: { ...SOURCE.output, step } }, rangesOf(graph), FINE);
    };
    for (const name of ["dense", "conv", "affine", "sum", "sigmoid", "tanh"]) {
      for (const step of ["0.01", "1/3", "2"]) {
        const { scales } = inSteps(GRAPHS[name] as readonly Node[], step);
        expect(new Set(scales), `${name} in steps of ${step}`).to.deep.equal(
          new Set([{ "0.01": 0.01, 2: 2 }[step] ?? 1 / 3]),
        );
      }
    }
    expect(() => inSteps(GRAPHS["relu"] as readonly Node[], "0.01")).to.throw(OutputStepError, "0.01");
  });

  it("cuts numbers to bits before a curve only where that costs less", () => {
    const rescales = (nodes: readonly Node[], widths: typeof FINE): number => {
      const graph = graphOf(nodes);
      const { steps } = quantise(graph, SOURCE, rangesOf(graph), widths).program;
      return steps.filter(({ operation }) => operation.kind === "rescale").length;
    };
    expect(rescales(GRAPHS["tanh"] as readonly Node[], FINE)).to.equal(0);
    expect(rescales(GRAPHS["tanh"] as readonly Node[], { weights: 16, activations: 4 })).to.equal(1);
  });

  it("leaves a softmax out at the end, and refuses one in the middle", () => {
    const softmax = node("softmax", { kind: "softmax", input: "dense", length: SIZE });
    const end = graphOf([DENSE, softmax]);
    const { program } = quantise(end, SOURCE, rangesOf(end), FINE);
    expect(program.steps.map(({ id }) => id)).to.deep.equal(["dense"]);
    const middle = graphOf([DENSE, softmax, node("relu", { kind: "relu", input: "softmax" })]);
    expect(() => quantise(middle, SOURCE, rangesOf(middle), FINE)).to.throw(UnprovableOperatorError, "softmax");
  });

  it("compares in trees exactly as floats of the exporter's precision do", () => {
    const leaf = (weight: number) => ({ targets: [0], weights: [weight] });
    // 0.1 in float32 is above 0.1 in float64, so that `<=` tells the two precisions apart.
    for (const precision of ["float32", "float64"] as const) {
      for (const comparison of ["<", "<="] as const) {
        for (const threshold of [0.1, Math.fround(0.1), -1.37, 0, 2, 5, -5]) {
          const branch = { feature: 3, threshold, comparison, below: leaf(-1), above: leaf(1) };
          const trees = {
            kind: "trees",
            input: "input",
            base: new Float64Array(1),
            trees: [branch],
            precision,
          } as const;
          const graph = graphOf([node("trees", trees, 1)]);
          const { program, scales } = quantise(graph, SOURCE, rangesOf(graph), FINE);
          const execute = executorOf(program);
          for (let steps = 0; steps <= 400; steps++) {
            const row = new Float64Array(SIZE).fill(Number((steps / 100 - 2).toFixed(2)));
            const expected = evaluate(graph, row).get("trees")?.[0];
            const [answer] = outputOf(program, execute(Array.from({ length: SIZE }, () => steps)));
            expect(Number(answer) * (scales[0] ?? 0), `${row[0]} ${comparison} ${threshold}`).to.be.closeTo(
              expected as number,
              1e-9,
            );
          }
        }
      }
    }
    const computed = graphOf([
      DENSE,
      node(
        "trees",
        {
          kind: "trees",
          input: "dense",
          base: new Float64Array(1),
          trees: [{ feature: 0, threshold: 0, comparison: "<", below: leaf(0), above: leaf(1) }],
          precision: "float32",
        },
        1,
      ),
    ]);
    expect(() => quantise(computed, SOURCE, rangesOf(computed), FINE)).to.throw(ComputedFeatureError);
  });

  it("refuses fields that do not match the model, and nothing to calibrate with", () => {
    const graph = graphOf([DENSE]);
    const [field] = SOURCE.input.fields;
    const narrow: ModelSource = {
      ...SOURCE,
      input: { ...SOURCE.input, fields: field === undefined ? [] : [{ ...field, count: 3 }] },
    };
    expect(() => quantise(graph, narrow, rangesOf(graph), FINE)).to.throw(FieldCountError, "8 numbers");
    expect(() => calibrate(graph, [])).to.throw(NoCalibrationError);
  });
});
