/** Rows of invented data, as the fields of a `model.json` allow them. */
import { readFileSync } from "node:fs";

import { decodeNumber, encodeNearest, type FieldCodec } from "../../src/model/codec.ts";
import { codecsOf } from "../../src/model/source.ts";
import { readSource } from "../../src/model/source-file.ts";

export type TableRow = { readonly inputs: readonly number[]; readonly answer: string };

/** The fields that a `model.json` names. */
export function fieldsOf(file: URL): FieldCodec[] {
  return codecsOf(readSource(readFileSync(file, "utf8")));
}

/** Each value on the nearest step of its field, and within it. */
export function onSteps(fields: readonly FieldCodec[], values: readonly number[]): number[] {
  return fields.map((field, at) => decodeNumber(field, encodeNearest(field, values[at] ?? 0)));
}

/** A CSV with the answer last. */
export function csvOf(fields: readonly FieldCodec[], rows: readonly TableRow[]): string {
  const head = [...fields.map(({ name }) => name), "answer"].join(",");
  return [head, ...rows.map(({ inputs, answer }) => [...inputs, answer].join(",")), ""].join("\n");
}
