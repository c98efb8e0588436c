/** All that there is to say about a model, as one plain object: what it takes, answers, costs and loses. */
import type { CostLine } from "../circuit/cost.ts";
import { widthOf } from "../codec.ts";
import type { DerivedModel } from "../build-model.ts";
import { bitLength, signedBits } from "../integers.ts";
import type { Run } from "../program/certificate.ts";
import type { Operation, Visibility } from "../program/program.ts";
import type { Agreement } from "../quantise/agreement.ts";
import { DEFAULT_WIDTHS } from "../quantise/quantise.ts";
import type { FieldSource, ModelSource } from "../source.ts";
import { warningsOf, type ReportWarning } from "./warnings.ts";

export type ModelReport = {
  readonly name: string;
  readonly purpose: string;
  readonly visibility: {
    readonly input: Visibility;
    readonly output: Visibility;
    readonly weights: "private" | "public";
  };
  readonly fields: readonly FieldReport[];
  readonly output: OutputReport;
  readonly widths: WidthsReport;
  readonly cost: ReportedCost;
  /** How many bits hold the numbers of each layer, by the certificate. */
  readonly intervals: readonly LayerIntervals[];
  readonly agreement: AgreementReport;
  readonly warnings: readonly ReportWarning[];
};

/** `count` fields of `bits` bits each. */
export type FieldReport = Required<Omit<FieldSource, "unit">> & { readonly unit?: string; readonly bits: number };

export type OutputReport = {
  readonly name: string;
  readonly kind: "label" | "numbers";
  readonly unit?: string;
  readonly labels?: readonly string[];
  /** In the order in which they are packed; a label is one number, its index. */
  readonly numbers: readonly OutputNumber[];
};

/** An integer i of so many bits stands for `i * scale`. */
export type OutputNumber = { readonly bits: number; readonly scale: number };

export type WidthsReport = {
  readonly weights: number;
  readonly activations: number;
  /** Those that have widths of their own. */
  readonly layers: readonly { readonly name: string; readonly weights: number; readonly activations: number }[];
};

export type ReportedCost = {
  /** Those that multiply. */
  readonly constraints: number;
  /** All of them. */
  readonly rows: number;
  readonly domainBits: number;
  readonly domain: number;
  /** How many more rows the domain has room for. */
  readonly headroom: number;
  readonly layers: readonly LayerCost[];
  readonly gadgets: readonly GadgetCost[];
};

export type LayerCost = {
  readonly name: string;
  readonly constraints: number;
  readonly rows: number;
  readonly gadgets: readonly GadgetCost[];
};

export type GadgetCost = {
  readonly gadget: CostLine["gadget"];
  readonly count: number;
  readonly constraints: number;
  readonly rows: number;
};

export type LayerIntervals = {
  readonly layer: string;
  /** Of its widest tensor. */
  readonly bits: number;
  readonly tensors: readonly TensorInterval[];
};

export type TensorInterval = {
  readonly id: string;
  readonly operation: Operation["kind"] | "input";
  readonly size: number;
  /** Of its widest number, with a sign where it may be negative. */
  readonly bits: number;
};

export type AgreementReport = Agreement & {
  /** The file of the rows. */
  readonly data: string;
  /** Whether the model's author says that it was not trained on them. */
  readonly isHeldOut: boolean;
  /** By how much the integers are worse: in points of accuracy, or in the output's unit. */
  readonly lost?: number;
};

/**
 * Reports on a model.
 *
 * @example
 * const report = reportOf(await deriveModel("models/iris"));
 */
export function reportOf(model: DerivedModel): ModelReport {
  const { source } = model;
  const facts = {
    name: source.name,
    purpose: source.purpose,
    visibility: {
      input: source.input.visibility,
      output: source.output.visibility,
      weights: source.weights ?? "public",
    },
    fields: source.input.fields.map(fieldOf),
    output: outputOf(model),
    widths: widthsOf(model),
    cost: costOf(model),
    intervals: intervalsOf(model),
    agreement: agreementOf(model.agreement, source),
  } as const;
  return { ...facts, warnings: warningsOf(facts, model.program) };
}

function fieldOf({ name, unit, min, max, step, count = 1 }: FieldSource): FieldReport {
  const bits = widthOf({ name, min, max, step });
  return { name, ...(unit === undefined ? {} : { unit }), min, max, step, bits, count };
}

function outputOf({ source, program, scales }: DerivedModel): OutputReport {
  const { name, kind, unit, labels } = source.output;
  return {
    name,
    kind,
    ...(unit === undefined ? {} : { unit }),
    ...(labels === undefined ? {} : { labels }),
    numbers: program.output.fields.map(({ bits }, index) => ({ bits, scale: scales[index] ?? 1 })),
  };
}

function widthsOf({ widths }: DerivedModel): WidthsReport {
  const { weights, activations } = { ...DEFAULT_WIDTHS, ...widths };
  const layers = Object.entries(widths.layers ?? {}).map(([name, own]) => {
    return { name, weights: own.weights ?? weights, activations: own.activations ?? activations };
  });
  return { weights, activations, layers };
}

function costOf({ cost }: DerivedModel): ReportedCost {
  const { constraints, rows, domainBits, publicWires, lines } = cost;
  const domain = 2 ** domainBits;
  // There is one more wire, which is always one.
  const taken = rows + publicWires + 1;
  const layers = [...Map.groupBy(lines, ({ layer }) => layer)].map(([name, own]): LayerCost => {
    const total = totalOf(own);
    return { name, constraints: total.constraints, rows: total.rows, gadgets: gadgetsOf(own) };
  });
  return { constraints, rows, domainBits, domain, headroom: domain - taken, layers, gadgets: gadgetsOf(lines) };
}

function gadgetsOf(lines: readonly CostLine[]): GadgetCost[] {
  return [...Map.groupBy(lines, ({ gadget }) => gadget)].map(([gadget, own]) => {
    const { count, constraints, rows } = totalOf(own);
    return { gadget, count, constraints, rows };
  });
}

function totalOf(lines: readonly CostLine[]): Omit<GadgetCost, "gadget"> {
  const total = { count: 0, constraints: 0, rows: 0 };
  for (const { count, nonlinear, linear } of lines) {
    total.count += count;
    total.constraints += nonlinear;
    total.rows += nonlinear + linear;
  }
  return total;
}

function intervalsOf({ program, certificate }: DerivedModel): LayerIntervals[] {
  const runs = new Map(Object.entries(certificate.tensors));
  const input = {
    layer: "input",
    id: "input",
    size: program.input.widths.length,
    operation: "input",
  } as const;
  const steps = program.steps.map(({ id, size, origin, operation }) => {
    return { layer: origin, id, size, operation: operation.kind };
  });
  return [...Map.groupBy([input, ...steps], ({ layer }) => layer)].map(([layer, own]) => {
    const tensors = own.map(({ id, operation, size }) => ({ id, operation, size, bits: widest(runs.get(id) ?? []) }));
    return { layer, bits: Math.max(...tensors.map(({ bits }) => bits)), tensors };
  });
}

function widest(runs: readonly Run[]): number {
  return runs.reduce((most, [, lo, hi]) => Math.max(most, bitsOf(BigInt(lo), BigInt(hi))), 0);
}

function bitsOf(lo: bigint, hi: bigint): number {
  return lo < 0n ? signedBits(lo, hi) : bitLength(hi);
}

function agreementOf({ rows, agreement, metric, float, integer }: Agreement, source: ModelSource): AgreementReport {
  const { calibration, evaluation } = source;
  const data = { data: evaluation ?? calibration, isHeldOut: evaluation !== undefined };
  const compared = { rows, agreement, metric, ...data };
  if (float === undefined || integer === undefined) return compared;
  // An answer that is no number has no error; JSON could not tell what comes of it.
  if (!Number.isFinite(float) || !Number.isFinite(integer)) return compared;
  return { ...compared, float, integer, lost: metric === "accuracy" ? 100 * (float - integer) : integer - float };
}
