/**
 * Networks and trees of known shapes, which were never trained: what a circuit costs depends on its shape and widths, and
 * on how the sizes of weights are spread, which is as in trained networks.
 */
import { seededRandom, type Random } from "../../models/training/random.ts";
import type { ModelParts } from "../../src/model/build-model.ts";
import type { DataRow } from "../../src/model/data.ts";
import {
  INPUT,
  type Branch,
  type Conv,
  type ConvGeometry,
  type Dense,
  type Graph,
  type Leaf,
  type Node,
  type Operator,
  type TreeNode,
} from "../../src/model/graph.ts";
import { simplify } from "../../src/model/onnx/simplify.ts";
import type { ModelSource, OutputSource, Widths } from "../../src/model/source.ts";

const SEED = 20_260_101;
const ROWS = 20;

/** Pixels of a drawing on an empty ground. */
const SIDE = 28;
const EMPTY = 0.8;
const DIGITS = 10;

/** 30 features with 13 thresholds each that trees choose from: about 390 are chosen. */
const FEATURES = 30;
const FEATURE_BITS = 16;
const THRESHOLDS = 13;
const TREES = 100;
const DEPTH = 3;

/** The shapes by their names. */
export const SHAPES: Readonly<Record<string, (name: string) => ModelParts>> = {
  "lenet-8": (name) => image(name, 8, { weights: 8, activations: 8 }, lenet("ReLU first")),
  "lenet-8-pool-first": (name) => image(name, 8, { weights: 8, activations: 8 }, lenet("pool first")),
  "mlp-784-56-10-w8": (name) => image(name, 8, { weights: 8, activations: 8 }, perceptron),
  "mlp-784-56-10-w6": (name) => image(name, 4, { weights: 6, activations: 8 }, perceptron),
  "trees-100x3": forest,
};

type Layers = (layers: Layering) => void;

function image(name: string, bits: number, widths: Widths, layers: Layers): ModelParts {
  const random = seededRandom(SEED);
  const most = 2 ** bits - 1;
  const layering = new Layering(SIDE * SIDE, random);
  layers(layering);
  layering.put({ kind: "argmax", input: layering.last, length: DIGITS }, 1);
  return {
    source: sourceOf(name, { name: "pixel", most, count: SIDE * SIDE }, { kind: "label", labels: digits() }, widths),
    graph: simplify(layering.graph(digits())),
    ...rowsOf(SIDE * SIDE, () => (random.unit() < EMPTY ? 0 : random.below(most + 1))),
  };
}

/** Two convolutions, each with ReLU and an average pool in either order, and a dense layer. */
function lenet(order: "ReLU first" | "pool first"): Layers {
  return (layers) => {
    const bend = (): void => {
      if (order === "ReLU first") layers.relu();
      layers.halve();
      if (order === "pool first") layers.relu();
    };
    layers.convolve({ channels: 1, height: SIDE, width: SIDE, filters: 6 });
    bend();
    layers.convolve({ channels: 6, height: 12, width: 12, filters: 16 });
    bend();
    layers.dense(DIGITS);
  };
}

function perceptron(layers: Layering): void {
  layers.dense(56);
  layers.relu();
  layers.dense(DIGITS);
}

type Plane = Pick<ConvGeometry, "channels" | "height" | "width" | "filters">;

/** A graph while it grows, one layer on the other. */
class Layering {
  readonly #inputSize: number;
  readonly #random: Random;
  readonly #nodes: Node[] = [];
  #plane: Plane = { channels: 1, height: 1, width: 1, filters: 1 };

  constructor(inputSize: number, random: Random) {
    this.#inputSize = inputSize;
    this.#random = random;
  }

  get last(): string {
    return this.#nodes.at(-1)?.id ?? INPUT;
  }

  get #size(): number {
    return this.#nodes.at(-1)?.size ?? this.#inputSize;
  }

  put(operator: Operator, size: number): void {
    const id = `${operator.kind}${this.#nodes.length}`;
    this.#nodes.push({ id, size, origin: id, operator });
  }

  dense(rows: number): void {
    const columns = this.#size;
    const weights = this.#weights(rows * columns, columns);
    const operator: Dense = { kind: "dense", input: this.last, columns, weights, bias: this.#weights(rows, 1) };
    this.put(operator, rows);
  }

  relu(): void {
    this.put({ kind: "relu", input: this.last }, this.#size);
  }

  /** A convolution by 5 x 5 pixels, without padding. */
  convolve(plane: Plane): void {
    const side = 5;
    const window = plane.channels * side ** 2;
    const [weights, bias] = [this.#weights(plane.filters * window, window), this.#weights(plane.filters, 1)];
    this.#convolve({ ...plane, kernel: [side, side], strides: [1, 1], groups: 1 }, weights, bias);
  }

  /** Averages of 2 x 2 pixels. */
  halve(): void {
    const { channels } = this.#plane;
    const [weights, bias] = [new Float64Array(channels * 4).fill(1 / 4), new Float64Array(channels)];
    this.#convolve(
      { ...this.#plane, filters: channels, kernel: [2, 2], strides: [2, 2], groups: channels },
      weights,
      bias,
    );
  }

  graph(labels: readonly string[]): Graph {
    return { inputSize: this.#inputSize, nodes: this.#nodes, outputs: [{ name: "label", tensor: this.last, labels }] };
  }

  #convolve(shape: Omit<ConvGeometry, "dilations" | "pads">, weights: Float64Array, bias: Float64Array): void {
    const operator: Conv = {
      kind: "conv",
      input: this.last,
      geometry: { ...shape, dilations: [1, 1], pads: [0, 0, 0, 0] },
      weights,
      bias,
    };
    const [height, width] = ([shape.height, shape.width] as const).map(
      (length, axis) => Math.floor((length - (shape.kernel[axis] ?? 1)) / (shape.strides[axis] ?? 1)) + 1,
    ) as [number, number];
    this.#plane = { channels: shape.filters, height, width, filters: shape.filters };
    this.put(operator, shape.filters * height * width);
  }

  /**
   * Most weights are small and few are large, and the more inputs a sum has, the smaller they are. Such a sum of products
   * has a Laplace distribution, but for the tails that these normal numbers lack.
   */
  #weights(count: number, inputs: number): Float64Array {
    const product = (): number => this.#random.normal() * this.#random.normal();
    return Float64Array.from({ length: count }, () => (product() + product()) / Math.sqrt(inputs));
  }
}

function forest(name: string): ModelParts {
  const random = seededRandom(SEED);
  const most = 2 ** FEATURE_BITS - 1;
  // Halfway between the numbers that a feature takes, where libraries put theirs.
  const thresholds = Array.from({ length: FEATURES }, () => {
    return Array.from({ length: THRESHOLDS }, () => random.below(most) + 0.5);
  });
  const leaf = (): Leaf => ({ targets: [0], weights: [random.normal()] });
  const branch = (depth: number): TreeNode => {
    if (depth === 0) return leaf();
    const feature = random.below(FEATURES);
    const threshold = thresholds[feature]?.[random.below(THRESHOLDS)] ?? 0;
    return {
      feature,
      threshold,
      comparison: "<=",
      below: branch(depth - 1),
      above: branch(depth - 1),
    } satisfies Branch;
  };
  const trees = Array.from({ length: TREES }, () => branch(DEPTH));
  const operator = { kind: "trees", input: INPUT, base: new Float64Array(1), trees, precision: "float32" } as const;
  return {
    source: sourceOf(
      name,
      { name: "feature", most, count: FEATURES },
      { kind: "numbers" },
      { weights: 8, activations: 8 },
    ),
    graph: {
      inputSize: FEATURES,
      nodes: [{ id: "trees", size: 1, origin: "trees", operator }],
      outputs: [{ name: "score", tensor: "trees" }],
    },
    ...rowsOf(FEATURES, () => random.below(most + 1)),
  };
}

type Fields = { readonly name: string; readonly most: number; readonly count: number };

function sourceOf(
  name: string,
  { most, ...field }: Fields,
  output: Pick<OutputSource, "kind" | "labels">,
  widths: Widths,
): ModelSource {
  return {
    name,
    purpose: "Is measured.",
    input: { visibility: "hidden", fields: [{ ...field, min: "0", max: String(most), step: "1" }] },
    output: { visibility: "public", name: "answer", ...output },
    widths,
    calibration: "",
  };
}

function digits(): string[] {
  return Array.from({ length: DIGITS }, (_, digit) => String(digit));
}

function rowsOf(count: number, draw: () => number): { rows: DataRow[]; evaluated: DataRow[] } {
  const rows = Array.from({ length: ROWS }, () => ({ inputs: Array.from({ length: count }, draw), answer: undefined }));
  return { rows, evaluated: rows };
}
