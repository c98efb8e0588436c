import type { MeasuredModel, ModelRow } from "./model-row.ts";

const HEADER = [
  "model",
  "constraints",
  "rows",
  "domain",
  "build",
  "setup",
  "witness",
  "cold proof",
  "proof",
  "verify",
  "peak MiB",
  "float",
  "integer",
  "agreement",
] as const;

/** A table for people. */
export function formatModels(measured: readonly MeasuredModel[]): string {
  const cells = measured.map(({ row }) => cellsOf(row));
  const widths = HEADER.map((title, column) =>
    Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join("  ");
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [line(HEADER), rule, ...cells.map(line), "", ...measured.flatMap(notesOn), LEGEND].join("\n");
}

function cellsOf(row: ModelRow): string[] {
  const { metric } = row;
  const score = (value: number | null): string => {
    if (value === null) return "";
    return metric === "accuracy" ? percent(value) : value.toPrecision(4);
  };
  return [
    row.model,
    thousands(row.constraints),
    thousands(row.rows),
    `2^${Math.log2(row.domain)}`,
    seconds(row.buildSeconds),
    seconds(row.setupSeconds),
    seconds(row.witnessSeconds),
    seconds(row.proveSecondsCold),
    seconds(row.proveSeconds),
    seconds(row.verifySeconds),
    row.peakMiB === null ? "" : thousands(Math.round(row.peakMiB)),
    score(row.accuracyFloat),
    score(row.accuracyInteger),
    row.agreement === null ? "" : percent(row.agreement),
  ];
}

function notesOn({ row, commitmentRows }: MeasuredModel): string[] {
  const notes: string[] = [];
  if (row.model.startsWith("trees")) {
    notes.push(
      `${row.model} has ${thousands(row.rows - commitmentRows)} rows without those of the input's commitment.`,
    );
  }
  if (row.predicted !== row.rows) {
    notes.push(`${row.model} was to have ${thousands(row.predicted)} rows: the cost report is wrong.`);
  }
  return notes;
}

const LEGEND = `constraints  those that multiply; rows are all that circom leaves
build        from the model's files to the compiled circuit, in seconds like all times
setup        the key, one contribution, and the check of both
cold proof   the first of a process, which starts the curve and its threads; proof and the rest are medians of warm runs
float        the accuracy of the model as it was trained, or its mean absolute error; integer is that of what is proven
agreement    the part of the data on which both answer the same`;

function seconds(value: number | null): string {
  if (value === null) return "";
  return value < 1 ? value.toFixed(3) : value.toFixed(1);
}

function percent(part: number): string {
  return `${(100 * part).toFixed(2)}%`;
}

function thousands(value: number): string {
  return value.toLocaleString("en-US");
}
