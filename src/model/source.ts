/** `model.json`: what a model's author says about it, beside the ONNX file. */
import type { FieldCodec } from "./codec.ts";
import type { Visibility } from "./program/program.ts";

export type ModelSource = {
  readonly name: string;
  /** One sentence: what it is for. */
  readonly purpose: string;
  readonly input: { readonly visibility: Visibility; readonly fields: readonly FieldSource[] };
  readonly output: OutputSource;
  readonly widths?: Widths;
  /** Private weights are known to the model's author alone; others are part of the circuit, and cost nothing. */
  readonly weights?: "private";
  /** Rows to calibrate with: a CSV with the fields' names as its head, and the answer's name last; or JSON. */
  readonly calibration: string;
  /** Rows that the model was not trained on, for its report. */
  readonly evaluation?: string;
  /** Which part of the calibration rows the integers must answer as the floats do; 0.99 if not said. */
  readonly agreement?: number;
  /** For its card: where its data is from, and how it was trained. */
  readonly card?: { readonly data: string; readonly training: string };
};

/** A field, or `count` fields of one kind, such as pixels. */
export type FieldSource = FieldCodec & { readonly count?: number };

export type OutputSource = {
  readonly visibility: Visibility;
  readonly name: string;
  /** The likeliest class; the scores of all classes, or any other numbers. */
  readonly kind: "label" | "numbers";
  readonly labels?: readonly string[];
  readonly unit?: string;
  /** What numbers are counted in, as a decimal or a fraction; else each step is whatever costs least. */
  readonly step?: string;
  /** The most bits that each number may take; what does not fit is rounded. */
  readonly bits?: number;
};

/** Bits of weights and activations; searched where nothing is said. */
export type Widths = {
  readonly weights?: number;
  readonly activations?: number;
  /** By the name of a layer. */
  readonly layers?: Readonly<Record<string, LayerWidths>>;
};

export type LayerWidths = {
  readonly weights?: number;
  readonly activations?: number;
  /** How many low bits an activation drops; by default as many as leave the largest number seen in its width. */
  readonly shift?: number;
  /** Bits that hold each sum with private weights; by default as few as these very weights need. */
  readonly sum?: number;
};

/** More would be a mistake, or an attempt on somebody's memory. */
export const MOST_FIELDS = 2 ** 20;

/** A name that two fields share, if any: one value would serve both. */
export function repeatedName(fields: readonly FieldSource[]): string | undefined {
  const names = fields.map(({ name }) => name);
  return names.find((name, at) => names.indexOf(name) !== at);
}

/** One codec for each number that the model takes. */
export function codecsOf({ input }: Pick<ModelSource, "input">): FieldCodec[] {
  return input.fields.flatMap(({ count, ...codec }) => {
    if (count === undefined) return [codec];
    return Array.from({ length: count }, (_, index) => ({ ...codec, name: `${codec.name}[${index}]` }));
  });
}
