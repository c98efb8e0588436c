/** How many classes a program tells apart, and whether each has a name. */
import type { Intervals } from "./intervals.ts";
import type { Program } from "./program.ts";

type Named = { readonly kind: "label" | "numbers"; readonly labels?: readonly string[] };

/** Refuses labels that are fewer or more than what a program answers with. */
export function checkLabels({ kind, labels }: Named, program: Program, intervals: Intervals): void {
  if (kind !== "label") return;
  const [answer, ...others] = program.output.fields;
  const interval = intervals.get(answer?.tensor ?? "")?.[answer?.index ?? 0];
  const most = Number(interval?.hi ?? 0n);
  if (others.length > 0 || interval === undefined || interval.lo < 0n) throw new NoLabelError();
  if (labels !== undefined && labels.length !== most + 1) throw new LabelCountError(labels.length, most + 1);
}

/** A model that should answer with a label answers with something else. */
export class NoLabelError extends Error {
  override readonly name = "NoLabelError";

  constructor() {
    super("The model does not answer with the index of a label. Ask for numbers, or for its scores' label.");
  }
}

/** A model has more or fewer classes than labels. */
export class LabelCountError extends Error {
  override readonly name = "LabelCountError";

  constructor(labels: number, classes: number) {
    super(`The model tells ${classes} classes apart, and has ${labels} labels. Name each class, in the model's order.`);
  }
}
