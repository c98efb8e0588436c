/** How often the integers answer as the floats do, and as the data says. */
import { encodeNearest, type FieldCodec } from "../codec.ts";
import type { DataRow } from "../data.ts";
import { evaluate } from "../float.ts";
import type { Graph } from "../graph.ts";
import { executorOf, outputOf } from "../program/execute.ts";
import type { ModelSource } from "../source.ts";
import type { QuantisedModel } from "./quantise.ts";

export type Agreement = {
  readonly rows: number;
  /** The part of all rows on which the integers answer as the floats. Numbers agree within 1% of their range. */
  readonly agreement: number;
  /** Where the data has answers: the part of right labels, or the mean absolute error of numbers. */
  readonly metric: "accuracy" | "mean absolute error";
  readonly float?: number;
  readonly integer?: number;
};

/** The first number of the answer: a label's index, or what the output starts with. */
function floatAnswer(graph: Graph, { output }: ModelSource): (row: readonly number[]) => number {
  const labelled = graph.outputs.find(({ labels }) => labels !== undefined);
  const numbers = graph.outputs.find(({ labels }) => labels === undefined);
  return (row) => {
    const tensors = evaluate(graph, Float64Array.from(row));
    if (output.kind === "label" && labelled !== undefined) return tensors.get(labelled.tensor)?.[0] ?? Number.NaN;
    const answer = tensors.get((numbers ?? labelled)?.tensor ?? "") ?? new Float64Array();
    return output.kind === "label" ? answer.indexOf(Math.max(...answer)) : (answer[0] ?? Number.NaN);
  };
}

/** What the float model answers these rows with, which no width changes. */
export function floatAnswersOf(graph: Graph, source: ModelSource, rows: readonly DataRow[]): number[] {
  const answer = floatAnswer(graph, source);
  return rows.map(({ inputs }) => answer(inputs));
}

/** Compares a quantised model with the float model's answers on rows of data. */
export function agreementOf(
  { program, intervals, scales }: QuantisedModel,
  floats: readonly number[],
  source: ModelSource,
  codecs: readonly FieldCodec[],
  rows: readonly DataRow[],
): Agreement {
  const execute = executorOf(program, intervals);
  const isLabel = source.output.kind === "label";
  const answers = rows.map(({ inputs, answer }, row) => {
    const steps = inputs.map((value, index) => encodeNearest(codecs[index] as FieldCodec, value));
    const [integer = 0n] = outputOf(program, execute(steps));
    return { float: floats[row] ?? Number.NaN, integer: Number(integer) * (scales[0] ?? 1), answer };
  });
  const tolerance = isLabel ? 0 : 0.01 * (Math.max(...floats) - Math.min(...floats));
  const agreeing = answers.filter(({ float, integer }) => Math.abs(float - integer) <= tolerance).length;
  const told = answers.filter(({ answer }) => answer !== undefined);
  const agreement = agreeing / Math.max(1, answers.length);
  const metric = isLabel ? "accuracy" : "mean absolute error";
  if (told.length === 0) return { rows: rows.length, agreement, metric };
  const score = (which: "float" | "integer"): number => {
    const errors = told.map((row) => errorOf(row[which], row.answer ?? "", source));
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    return isLabel ? 1 - mean : mean;
  };
  return { rows: rows.length, agreement, metric, float: score("float"), integer: score("integer") };
}

function errorOf(value: number, answer: string, { output }: ModelSource): number {
  if (output.kind !== "label") return Math.abs(value - Number(answer));
  // Some data has the label, and some its index.
  const isLabel = output.labels?.includes(answer) === true;
  return answer === (isLabel ? output.labels[value] : String(value)) ? 0 : 1;
}
