/** A report for the terminal. */
import type { ModelReport } from "./report.ts";
import {
  fieldsTable,
  figuresOf,
  gadgetsTable,
  intervalsTable,
  layersTable,
  outputTable,
  outputWords,
  widthsTable,
  type Table,
} from "./tables.ts";
import { columnsOf, cut, padEnd, padStart, visible } from "./words.ts";

const WIDTH = 100;
const INDENT = "  ";
const GAP = "  ";

/** The report as lines of at most 100 columns. */
export function textOf(report: ModelReport): string {
  const { visibility } = report;
  const figures = figuresOf(report).map(({ label, value, note }) => [label, `${value}, ${note}`] as const);
  const sight = `input ${visibility.input}, output ${visibility.output}, weights ${visibility.weights}`;
  const facts = [...figures, ["visibility", sight] as const];
  const labels = Math.max(...facts.map(([label]) => label.length));
  const sections = [
    [...wrap(report.name, ""), ...wrap(report.purpose, INDENT)],
    facts.flatMap(([label, words]) => hang(INDENT + padEnd(label, labels) + GAP, words)),
    tableLines(fieldsTable(report)),
    tableLines(outputTable(report), [outputWords(report)]),
    tableLines(widthsTable(report)),
    tableLines(layersTable(report)),
    tableLines(gadgetsTable(report)),
    tableLines(intervalsTable(report)),
    report.warnings.length === 0
      ? []
      : ["Worth a look", ...report.warnings.flatMap(({ text }) => hang(`${INDENT}- `, text))],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

function tableLines({ caption, columns, rows }: Table, notes: readonly string[] = []): string[] {
  const cells = [columns.map(({ head }) => head), ...rows.map((row) => row.map(visible))];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => columnsOf(row[at] ?? ""))));
  const room = WIDTH - INDENT.length - GAP.length * (columns.length - 1);
  for (let excess = widths.reduce((sum, width) => sum + width, 0) - room; excess > 0; excess--) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  const lines = cells.map((row) => {
    const padded = columns.map(({ align }, at) => {
      const width = widths[at] ?? 0;
      return (align === "left" ? padEnd : padStart)(cut(row[at] ?? "", width), width);
    });
    return (INDENT + padded.join(GAP)).trimEnd();
  });
  return [caption, ...notes.flatMap((note) => wrap(note, INDENT)), ...lines];
}

/** A text beside what stands before its first line. */
function hang(before: string, text: string): string[] {
  return wrap(text, " ".repeat(before.length)).map((line, at) => (at === 0 ? before + line.trimStart() : line));
}

/** Breaks a text at its spaces, and cuts words that are longer than a line. */
function wrap(text: string, indent: string): string[] {
  const room = WIDTH - indent.length;
  const lines: string[] = [];
  let line = "";
  for (const word of visible(text).split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (columnsOf(longer) > room && line !== "") {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].map((each) => indent + cut(each, room));
}
