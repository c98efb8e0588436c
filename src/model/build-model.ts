/** From a model's source to everything that follows from it, up to its circuit. */
import { join } from "node:path";

import { costOf, type CostReport } from "./circuit/cost.ts";
import { emitCircuit } from "./circuit/emit.ts";
import { planCircuit } from "./circuit/plan.ts";
import { readRows, type DataRow } from "./data.ts";
import { readWhole } from "./files.ts";
import type { Graph } from "./graph.ts";
import { importOnnx } from "./onnx/import.ts";
import { certificateOf, type Certificate } from "./program/certificate.ts";
import { checkCertificate } from "./program/check-certificate.ts";
import { checkLabels } from "./program/labels.ts";
import type { Program } from "./program/program.ts";
import { agreementOf, floatAnswersOf, type Agreement } from "./quantise/agreement.ts";
import { searchWidths } from "./quantise/search.ts";
import { codecsOf, type ModelSource, type Widths } from "./source.ts";
import { readSource } from "./source-file.ts";

export type DerivedModel = {
  readonly source: ModelSource;
  readonly graph: Graph;
  readonly widths: Widths;
  readonly program: Program;
  /** What one integer step of each number of the output stands for. */
  readonly scales: readonly number[];
  readonly certificate: Certificate;
  readonly cost: CostReport;
  /** The circuit, in circom. */
  readonly circuit: string;
  readonly agreement: Agreement;
};

/** What a model's folder holds. */
export type ModelParts = {
  readonly source: ModelSource;
  readonly graph: Graph;
  /** Rows to calibrate with, and rows to judge the result by. */
  readonly rows: readonly DataRow[];
  readonly evaluated: readonly DataRow[];
};

export type DeriveOptions = {
  /** Refuse a circuit with more rows. */
  readonly limit?: number | undefined;
  readonly onStep?: (words: string) => void;
  readonly onProgress?: (words: string) => void;
};

/**
 * Derives a model from its folder, which holds `model.json`, `model.onnx` and the rows to calibrate with.
 *
 * @example
 * const { cost } = await deriveModel("models/iris");
 */
export async function deriveModel(folder: string, options: DeriveOptions = {}): Promise<DerivedModel> {
  options.onStep?.("reading the model");
  return deriveFrom(await readParts(folder), options);
}

/** Reads a model's folder. */
export async function readParts(folder: string): Promise<ModelParts> {
  const source = readSource((await readWhole(join(folder, "model.json"))).toString("utf8"));
  const graph = importOnnx(await readWhole(join(folder, "model.onnx")));
  const names = codecsOf(source).map(({ name }) => name);
  const load = async (file: string) => readRows(file, await readWhole(join(folder, file)), names);
  const rows = await load(source.calibration);
  return { source, graph, rows, evaluated: source.evaluation === undefined ? rows : await load(source.evaluation) };
}

/** Derives a model from what its folder holds. */
export function deriveFrom(
  { source, graph, rows, evaluated }: ModelParts,
  { limit, onStep = () => {}, onProgress = () => {} }: DeriveOptions = {},
): DerivedModel {
  onStep("quantising");
  const { widths, ...model } = searchWidths(graph, source, rows, onProgress);
  onStep("certifying");
  const { program, intervals, scales } = model;
  checkCertificate(program, intervals);
  checkLabels(source.output, program, intervals);
  onStep("planning the circuit");
  const plan = planCircuit(program, intervals);
  const cost = costOf(plan);
  if (limit !== undefined && cost.rows > limit) throw new CircuitTooLargeError(cost, limit);
  return {
    source,
    graph,
    widths,
    program,
    scales,
    certificate: certificateOf(intervals),
    cost,
    circuit: emitCircuit(plan),
    agreement: agreementOf(model, floatAnswersOf(graph, source, evaluated), source, codecsOf(source), evaluated),
  };
}

/** The layers that cost most. */
const NAMED_LAYERS = 3;

/** A model's circuit would be larger than was allowed. */
export class CircuitTooLargeError extends Error {
  override readonly name = "CircuitTooLargeError";
  readonly rows: number;
  readonly limit: number;

  constructor({ rows, lines }: CostReport, limit: number) {
    const byLayer = [...Map.groupBy(lines, ({ layer }) => layer)].map(([layer, own]) => {
      return { layer, cost: own.reduce((sum, { nonlinear, linear }) => sum + nonlinear + linear, 0) };
    });
    const costliest = byLayer.sort((a, b) => b.cost - a.cost).slice(0, NAMED_LAYERS);
    const named = costliest.map(({ layer, cost }) => `${layer} (${cost})`);
    super(
      `The circuit would have ${rows} constraints, and ${limit} are allowed. Most of them are in ${named.join(", ")}. ` +
        "Use fewer bits, or a smaller model.",
    );
    this.rows = rows;
    this.limit = limit;
  }
}
