/** A model's card: the README of its folder. All figures are the report's, so that a card cannot claim anything else. */
import type { ModelSource } from "../source.ts";
import type { ModelReport } from "./report.ts";
import {
  accuracyTable,
  fieldsTable,
  gadgetsTable,
  outputTable,
  outputWords,
  type Column,
  type Table,
} from "./tables.ts";
import { columnsOf, grouped, padEnd, padStart, percent, visible } from "./words.ts";

/**
 * The card of a model, in Markdown.
 *
 * @example
 * await writeFile("models/iris/README.md", cardOf(reportOf(model), model.source));
 */
export function cardOf(report: ModelReport, { card }: ModelSource): string {
  const { name, purpose, visibility, agreement, cost, widths } = report;
  const { constraints, rows, domainBits, domain, headroom } = cost;
  const folder = `models/${visible(name)}`;
  const origin = agreement.isHeldOut ? "which it was not trained on" : "which it was calibrated on";
  const bits = `${widths.weights} bits of weights and ${widths.activations} of activations`;
  const own = widths.layers.map((layer) => `${layer.name} has ${layer.weights} and ${layer.activations}`);
  return blocks(
    `# ${plain(name)}`,
    paragraph(purpose),
    ...(card === undefined ? [] : ["## Data and training", paragraph(card.data), paragraph(card.training)]),
    "## Input",
    `The input is ${visibility.input}.`,
    markdownTable(fieldsTable(report)),
    "## Output",
    paragraph(`${outputWords(report)}. The output is ${visibility.output}.`),
    markdownTable(outputTable(report)),
    "## Accuracy",
    plain(`On the ${grouped(agreement.rows)} rows of ${agreement.data}, ${origin}:`),
    markdownTable(accuracyTable(report)),
    "## Cost",
    `${grouped(rows)} rows, of which ${grouped(constraints)} multiply, in a domain of 2^${domainBits}: ` +
      `${grouped(headroom)} of ${grouped(domain)} rows are free (${percent(headroom / domain)}).`,
    plain(`The weights are ${visibility.weights}. There are ${[bits, ...own].join("; ")}.`),
    markdownTable(gadgetsTable(report)),
    "## Rebuild",
    "The training script writes the model and its data. All figures above are derived from these files alone.",
    ["```sh", `node ${folder}/train.ts`, `npm run -s assay -- model build ${folder}`, "```"].join("\n"),
  );
}

/** A model's text as text, whatever Markdown would make of its characters. */
function plain(text: string): string {
  return literal(visible(text));
}

function literal(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll(/[\\`*[\]<>|~]/g, String.raw`\$&`)
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, String.raw`\_`);
}

/** The same at the start of a line, where it could be a heading, a list, or a rule. Code between backticks stays code. */
function paragraph(text: string): string {
  const parts = visible(text).split(/(`[^`]+`)/);
  const written = parts.map((part, index) => (index % 2 === 0 ? literal(part) : part)).join("");
  return written.replace(/^[-+=#]|(?<=^\d+)[.)]/, String.raw`\$&`);
}

function markdownTable({ columns, rows }: Table): string {
  const cells = [columns.map(({ head }) => head), ...rows.map((row) => row.map(plain))];
  const widths = columns.map((_, at) => Math.max(3, ...cells.map((row) => columnsOf(row[at] ?? ""))));
  const line = (write: (column: Column, width: number, at: number) => string): string => {
    return `| ${columns.map((column, at) => write(column, widths[at] ?? 0, at)).join(" | ")} |`;
  };
  const [head, ...body] = cells.map((row) => {
    return line(({ align }, width, at) => (align === "left" ? padEnd : padStart)(row[at] ?? "", width));
  });
  const rule = line(({ align }, width) => (align === "left" ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [head, rule, ...body].join("\n");
}

function blocks(...texts: readonly string[]): string {
  return `${texts.join("\n\n")}\n`;
}
