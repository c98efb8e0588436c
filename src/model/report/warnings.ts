/** What whoever builds or buys a model should look at. */
import type { Program } from "../program/program.ts";
import type { ModelReport } from "./report.ts";
import { grouped, percent, points } from "./words.ts";

export type ReportWarning = {
  readonly kind:
    "rounded output" | "costly layer" | "little headroom" | "lost accuracy" | "rows seen in training" | "no answers";
  readonly text: string;
};

/** Of the domain; with less, a small change of the model doubles what proving costs. */
const LITTLE_HEADROOM = 0.02;
/** In points. */
const MUCH_LOST = 0.3;

export function warningsOf(report: Omit<ModelReport, "warnings">, program: Program): ReportWarning[] {
  return [
    ...roundedOutput(program),
    ...lostAccuracy(report),
    ...costlyLayer(report),
    ...littleHeadroom(report),
    ...unknownAccuracy(report),
  ];
}

/** A label is exact; numbers are whatever the last step leaves of them. */
function roundedOutput({ output, steps }: Program): ReportWarning[] {
  const last = steps.find(({ id }) => id === output.fields[0]?.tensor);
  if (last?.operation.kind !== "rescale") return [];
  const dropped = Math.max(...last.operation.shifts);
  if (dropped === 0) return [];
  const text = `The numbers of the output are rounded: their ${dropped} lowest bits are dropped, so that the rest fits.`;
  return [{ kind: "rounded output", text }];
}

function lostAccuracy({ agreement: { metric, lost = 0 } }: Omit<ModelReport, "warnings">): ReportWarning[] {
  if (metric !== "accuracy" || lost <= MUCH_LOST) return [];
  const text = `The integers lose ${points(lost)} of accuracy. Allow wider weights or activations.`;
  return [{ kind: "lost accuracy", text }];
}

function costlyLayer({ cost }: Omit<ModelReport, "warnings">): ReportWarning[] {
  const layer = cost.layers.find(({ rows }) => 2 * rows > cost.rows);
  if (layer === undefined) return [];
  const text = `${layer.name} takes ${percent(layer.rows / cost.rows)} of the rows. To make the model cheaper, start there.`;
  return [{ kind: "costly layer", text }];
}

function littleHeadroom({ cost: { headroom, domain, domainBits } }: Omit<ModelReport, "warnings">): ReportWarning[] {
  if (headroom >= LITTLE_HEADROOM * domain) return [];
  const text =
    `Only ${grouped(headroom)} of ${grouped(domain)} rows are free. With more than that, the domain becomes ` +
    `2^${domainBits + 1}, and proving costs about twice as much.`;
  return [{ kind: "little headroom", text }];
}

function unknownAccuracy({ agreement }: Omit<ModelReport, "warnings">): ReportWarning[] {
  const { data, float, isHeldOut } = agreement;
  if (float === undefined) {
    return [{ kind: "no answers", text: `${data} has no answers to compare with, so that the accuracy is unknown.` }];
  }
  if (isHeldOut) return [];
  const text = `The accuracy is on ${data}, which the model may have been trained on. Name rows for "evaluation".`;
  return [{ kind: "rows seen in training", text }];
}
