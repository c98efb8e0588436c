/** From a graph of real numbers to a program of integers. */
import { codecsOf, type ModelSource, type OutputSource, type Widths } from "../source.ts";
import { decodeNumber, widthOf, type FieldCodec } from "../codec.ts";
import { INPUT, inputsOf, type Graph, type Node } from "../graph.ts";
import { bitLength, signedBits } from "../integers.ts";
import type { Intervals } from "../program/intervals.ts";
import type { OutputField, Program } from "../program/program.ts";
import { MAX_BITS } from "../../protocol/packing.ts";
import { fractionFrom, toNumber } from "../rational.ts";
import type { Ranges } from "./calibrate.ts";
import { ProgramBuilder, scaleOf, type Layer, type Quantised } from "./layer.ts";
import { made, quantiseAffine, quantiseConv, quantiseDense, quantiseSum } from "./linear.ts";
import {
  quantiseArgMax,
  quantiseClip,
  quantiseCurve,
  quantiseLeakyRelu,
  quantiseMaximum,
  quantiseProduct,
  quantiseRelu,
} from "./nonlinear.ts";
import { quantiseTrees } from "./trees.ts";

/** A program, and what the numbers of its output stand for. */
export type QuantisedModel = {
  readonly program: Program;
  /** Of every number of the program. */
  readonly intervals: Intervals;
  /** Output number i is `integers[i] * scales[i]`; a label's scale is one. */
  readonly scales: readonly number[];
};

export const DEFAULT_WIDTHS = { weights: 8, activations: 8 } as const;

/** Quantises a graph, by the ranges that its tensors were seen in. */
export function quantise(
  graph: Graph,
  source: ModelSource,
  ranges: Ranges,
  widths: Widths = source.widths ?? {},
): QuantisedModel {
  const codecs = codecsOf(source);
  if (codecs.length !== graph.inputSize) throw new FieldCountError(codecs.length, graph.inputSize);
  const ids = graph.nodes.map(({ id }) => id);
  const unknown = Object.keys(widths.layers ?? {}).find((name) => !ids.includes(name));
  if (unknown !== undefined) throw new UnknownLayerError(unknown, ids);
  const program = new ProgramBuilder(codecs.map(widthOf), source.weights === "private");
  const answer = answerOf(graph, source.output);
  const tensors = new Map<string, Quantised>([[INPUT, inputAs(codecs)]]);
  const needed = tensorsBehind(graph, answer);
  for (const node of graph.nodes.filter(({ id }) => needed.has(id))) {
    const layer = { ...layerOf(node, widths, ranges), ...(node.id === answer ? unitOf(source.output) : {}) };
    if (source.weights === "private" && BAKED.has(node.operator.kind)) {
      throw new BakedWeightsError(node.origin, node.operator.kind);
    }
    tensors.set(node.id, quantiseNode(node, layer, tensors, graph, codecs, program));
  }
  const result = tensors.get(answer) as Quantised;
  return finish(result, source, program, codecs);
}

/** What has weights that only a circuit can hold. */
const BAKED: ReadonlySet<string> = new Set(["conv", "affine", "sum", "trees"]);

/** The step of a field is its scale, and its least value its offset. */
function inputAs(codecs: readonly FieldCodec[]): Quantised {
  return {
    tensor: "input",
    scales: Float64Array.from(codecs, ({ step }) => toNumber(fractionFrom(step))),
    offsets: Float64Array.from(codecs, (codec) => decodeNumber(codec, 0)),
  };
}

/** Which tensor answers. What only maps scores to probabilities, and keeps their order, is left out of the proof. */
function answerOf(graph: Graph, { kind }: OutputSource): string {
  const labelled = graph.outputs.find(({ labels }) => labels !== undefined);
  const numbers = graph.outputs.find(({ labels }) => labels === undefined);
  const output = kind === "label" ? (labelled ?? numbers) : (numbers ?? labelled);
  if (output === undefined) throw new NoOutputError();
  const node = graph.nodes.find(({ id }) => id === output.tensor);
  const isLast = node?.operator.kind === "softmax" || node?.operator.kind === "normalize";
  return isLast ? node.operator.input : output.tensor;
}

function unitOf({ step }: OutputSource): Pick<Layer, "unit"> {
  return step === undefined ? {} : { unit: toNumber(fractionFrom(step)) };
}

function tensorsBehind(graph: Graph, answer: string): ReadonlySet<string> {
  const needed = new Set([answer]);
  for (const node of graph.nodes.toReversed()) {
    if (needed.has(node.id)) for (const name of inputsOf(node.operator)) needed.add(name);
  }
  return needed;
}

function layerOf({ id, origin }: Node, widths: Widths, ranges: Ranges): Layer {
  const { shift, sum, ...own } = widths.layers?.[id] ?? {};
  const { least, most } = ranges.get(id) ?? { least: 0, most: 1 };
  return {
    id,
    origin,
    weightBits: own.weights ?? widths.weights ?? DEFAULT_WIDTHS.weights,
    activationBits: own.activations ?? widths.activations ?? DEFAULT_WIDTHS.activations,
    least,
    most,
    ...(shift === undefined ? {} : { shift }),
    ...(sum === undefined ? {} : { sumBits: sum }),
  };
}

function quantiseNode(
  { id, size, origin, operator }: Node,
  layer: Layer,
  tensors: ReadonlyMap<string, Quantised>,
  graph: Graph,
  codecs: readonly FieldCodec[],
  program: ProgramBuilder,
): Quantised {
  const read = (name: string): Quantised => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new LateTensorError(id, name);
    return tensor;
  };
  const even = (name: string): Quantised => made(read(name), layer, program);
  switch (operator.kind) {
    case "dense":
      return quantiseDense(operator, read(operator.input), layer, program);
    case "conv":
      return quantiseConv(operator, read(operator.input), layer, size, program);
    case "affine":
      return quantiseAffine(operator, read(operator.input), layer, program);
    case "sum":
      return quantiseSum(operator, operator.inputs.map(read), layer, program);
    case "gather":
      return gather(operator.inputs.map(read), operator.indices, layer, size, program);
    case "relu":
      return quantiseRelu(even(operator.input), layer, program);
    case "leakyRelu":
      return quantiseLeakyRelu(operator, even(operator.input), layer, program);
    case "clip":
      return quantiseClip(operator, even(operator.input), layer, program);
    case "sigmoid":
    case "tanh":
      return quantiseCurve(operator, even(operator.input), layer, program);
    case "product": {
      const left = even(operator.left);
      return quantiseProduct(left, operator.left === operator.right ? left : even(operator.right), layer, program);
    }
    case "max":
      return quantiseMaximum(operator, even(operator.input), size, layer, program);
    case "argmax":
      return quantiseArgMax(operator.length, even(operator.input), size, layer, program);
    case "trees":
      return quantiseTrees(operator, graph, codecs, layer, program);
    case "softmax":
    case "normalize":
      throw new UnprovableOperatorError(origin, operator.kind);
  }
}

/** Moves numbers with what they stand for; where nothing is, there is a zero. */
function gather(
  inputs: readonly Quantised[],
  indices: Int32Array,
  layer: Layer,
  size: number,
  program: ProgramBuilder,
): Quantised {
  const isMixed = indices.includes(-1) || inputs.length > 1;
  // A zero is an integer only where there are no offsets.
  const ready =
    isMixed && inputs.some((input) => input.offsets.some((offset) => offset !== 0))
      ? inputs.map((input) => made(input, layer, program))
      : inputs;
  const tensor = program.add(layer, size, {
    kind: "gather",
    inputs: ready.map((input) => input.tensor),
    indices: Array.from(indices),
  });
  const scales = ready.flatMap((input) => Array.from(input.scales));
  const offsets = ready.flatMap((input) => Array.from(input.offsets));
  return {
    tensor,
    scales: Float64Array.from(indices, (index) => scales[Math.max(index, 0)] ?? 1),
    offsets: Float64Array.from(indices, (index) => (index < 0 ? 0 : (offsets[index] ?? 0))),
  };
}

/** Chooses the label where one is asked for, and rounds numbers that are too wide. */
function finish(
  result: Quantised,
  { input, output }: ModelSource,
  program: ProgramBuilder,
  codecs: readonly FieldCodec[],
): QuantisedModel {
  const layer = { id: "answer", origin: "answer", weightBits: 8, activationBits: 8, least: 0, most: 1 };
  let answer = made(result, layer, program);
  const isLabel = program.steps.at(-1)?.operation.kind === "argmax";
  if (output.kind === "label" && !isLabel) {
    answer = quantiseArgMax(answer.scales.length, answer, 1, layer, program);
  }
  const count = answer.scales.length;
  let scale = scaleOf(answer) ?? 1;
  if (output.step !== undefined) {
    const shift = Math.log2(toNumber(fractionFrom(output.step)) / scale);
    if (!Number.isInteger(shift) || shift < 0) throw new OutputStepError(output.step);
    answer = rescaled(answer, shift, layer, program);
    scale *= 2 ** shift;
  }
  const most = Math.min(output.bits ?? MAX_BITS, Math.floor(MAX_BITS / count));
  const excess = program.bitsOf(answer.tensor) - most;
  if (most < 1) throw new OutputCountError(count);
  if (excess > 0 && output.kind !== "label" && output.step === undefined) {
    // One more, since rounding half up may carry.
    answer = rescaled(answer, excess + 1, layer, program);
    scale *= 2 ** (excess + 1);
  }
  const fields = Array.from({ length: count }, (_, index) => fieldOf(answer.tensor, index, program));
  return {
    program: {
      input: { visibility: input.visibility, widths: codecs.map(widthOf) },
      steps: program.steps,
      output: { visibility: output.visibility, fields },
    },
    intervals: program.intervals,
    scales: fields.map(() => scale),
  };
}

function rescaled(input: Quantised, shift: number, layer: Layer, program: ProgramBuilder): Quantised {
  if (shift === 0) return input;
  const shifts = Array.from(input.scales, () => shift);
  return { ...input, tensor: program.add(layer, shifts.length, { kind: "rescale", input: input.tensor, shifts }) };
}

/** As narrow as the certificate allows: numbers that are never negative need no offset. */
function fieldOf(tensor: string, index: number, program: ProgramBuilder): OutputField {
  const { lo, hi } = program.intervals.get(tensor)?.[index] ?? { lo: 0n, hi: 0n };
  if (lo >= 0n) return { tensor, index, bits: Math.max(1, bitLength(hi)), encoding: "plain" };
  return { tensor, index, bits: signedBits(lo, hi), encoding: "offset" };
}

/** The source names more or fewer fields than the model takes. */
export class FieldCountError extends Error {
  override readonly name = "FieldCountError";

  constructor(fields: number, inputs: number) {
    super(
      `The model takes ${inputs} numbers, but its source names ${fields} fields. Name one for each, in their order.`,
    );
  }
}

/** A model without an output that can be answered with. */
export class NoOutputError extends Error {
  override readonly name = "NoOutputError";

  constructor() {
    super("The model has no output. Export it with its scores or its label as an output of the graph.");
  }
}

/** The answer cannot be counted in the step that was asked for. */
export class OutputStepError extends Error {
  override readonly name = "OutputStepError";

  constructor(step: string) {
    super(
      `The model cannot answer in steps of ${step}: only what ends in a dense layer, a convolution, a sum, a curve or trees ` +
        'can. Leave out "step", or add such a layer.',
    );
  }
}

/** More numbers than one element can hold. */
export class OutputCountError extends Error {
  override readonly name = "OutputCountError";

  constructor(count: number) {
    super(`The model answers ${count} numbers, and one element holds ${MAX_BITS} bits. Answer with the label instead.`);
  }
}

/** Widths are given for a layer that the model does not have. */
export class UnknownLayerError extends Error {
  override readonly name = "UnknownLayerError";

  constructor(given: string, layers: readonly string[]) {
    super(`The model has no layer ${JSON.stringify(given)} to settle the widths of. It has ${layers.join(", ")}.`);
  }
}

/** Private weights are asked for where a circuit would have to show them. */
export class BakedWeightsError extends Error {
  override readonly name = "BakedWeightsError";

  constructor(origin: string, kind: string) {
    super(
      `${origin} is a ${kind}, whose numbers would be part of the circuit for all to see; only dense layers keep theirs ` +
        'private. Leave it out, merge it into a dense layer, or do without "weights": "private".',
    );
  }
}

/** An operator that is provable at the end of a model alone, where it is left out. */
export class UnprovableOperatorError extends Error {
  override readonly name = "UnprovableOperatorError";

  constructor(origin: string, kind: string) {
    super(
      `${origin} is a ${kind} in the middle of the model, which has no circuit. At the end of a model it is left out, ` +
        "since it keeps the order of scores.",
    );
  }
}

/** A graph whose nodes are out of order: a mistake of the importer's. */
export class LateTensorError extends Error {
  override readonly name = "LateTensorError";

  constructor(node: string, tensor: string) {
    super(`${node} reads ${tensor} before it is made. Report this: a graph must be in order.`);
  }
}
