/**
 * A report as one page of HTML that needs nothing else: no script, no font, no picture. What comes from a model is
 * untrusted, so all of it is escaped, and the page forbids itself to load or to run anything.
 */
import { element, escaped } from "./markup.ts";
import { barPlot, type Bar, type BarPlot } from "./plots.ts";
import type { GadgetCost, ModelReport } from "./report.ts";
import { pageStyles } from "./style.ts";
import {
  accuracyTable,
  fieldsTable,
  figuresOf,
  gadgetsTable,
  intervalsTable,
  layersTable,
  outputTable,
  outputWords,
  scoresOf,
  widthsTable,
  type Table,
} from "./tables.ts";
import { grouped, percent } from "./words.ts";

/** What the page may do: be styled by itself. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

export function pageOf(report: ModelReport): string {
  const { visibility } = report;
  const head = element(
    "head",
    {},
    element("meta", { charset: "utf-8" }),
    element("meta", { "http-equiv": "Content-Security-Policy", content: POLICY }),
    element("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    element("title", {}, `${escaped(report.name)}: model report`),
    `<style>${pageStyles()}</style>`,
  );
  const main = element(
    "main",
    {},
    heading(report),
    warnings(report),
    section("Accuracy", accuracyWords(report), plot(accuracyPlot(report)), table(accuracyTable(report))),
    section(
      "Constraints",
      "What proving costs is decided by the number of rows: the constraints that multiply, and the linear ones.",
      plot(layersPlot(report)),
      table(layersTable(report)),
      table(gadgetsTable(report)),
    ),
    section(
      "Interval widths",
      "No number of the model can leave its interval, whatever the input. The bits that hold it are what comparing and " +
        "rounding it cost.",
      plot(intervalsPlot(report)),
      table(intervalsTable(report)),
    ),
    section("Input", `The input is ${visibility.input}.`, table(fieldsTable(report))),
    section("Output", `${outputWords(report)}. The output is ${visibility.output}.`, table(outputTable(report))),
    section("Widths", `The weights are ${visibility.weights}.`, table(widthsTable(report))),
  );
  return `<!DOCTYPE html>\n${element("html", { lang: "en" }, head, element("body", {}, main))}\n`;
}

function heading(report: ModelReport): string {
  const figures = figuresOf(report).map(({ label, value, note }) =>
    element(
      "div",
      {},
      element("dt", {}, escaped(label)),
      element("dd", { class: "value" }, escaped(value)),
      element("dd", { class: "note" }, escaped(note)),
    ),
  );
  return element(
    "header",
    {},
    element("p", { class: "kind" }, "Model report"),
    element("h1", {}, escaped(report.name)),
    element("p", { class: "purpose" }, escaped(report.purpose)),
    element("dl", { class: "figures" }, ...figures),
  );
}

function warnings(report: ModelReport): string {
  if (report.warnings.length === 0) return "";
  const items = report.warnings.map(({ text }) => element("li", {}, escaped(text)));
  return element("aside", { class: "warnings" }, element("h2", {}, "Worth a look"), element("ul", {}, ...items));
}

function section(title: string, words: string, ...content: readonly string[]): string {
  return element("section", {}, element("h2", {}, title), element("p", {}, escaped(words)), ...content);
}

/** Wide content moves sideways in a region of its own, which the keyboard reaches. */
function scrolling(label: string, content: string): string {
  return element("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": label }, content);
}

function plot(drawn: BarPlot): string {
  return drawn.bars.length === 0 ? "" : scrolling(drawn.title, barPlot(drawn));
}

function table({ caption, columns, rows }: Table): string {
  const head = columns.map(({ head: name, align }) => element("th", { scope: "col", class: align }, escaped(name)));
  const body = rows.map((row) => {
    const cells = row.map((cell, at) => {
      const attributes = { class: columns[at]?.align ?? "left" };
      if (at === 0) return element("th", { scope: "row", ...attributes }, escaped(cell));
      return element("td", attributes, escaped(cell));
    });
    return element("tr", {}, ...cells);
  });
  return scrolling(
    caption,
    element(
      "table",
      {},
      element("caption", {}, caption),
      element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...body),
    ),
  );
}

function accuracyWords({ agreement }: ModelReport): string {
  const { rows, data, isHeldOut } = agreement;
  const origin = isHeldOut ? "which the model was not trained on" : "which the model was calibrated on";
  return `The float model and the integers that are proven, on the ${grouped(rows)} rows of ${data}, ${origin}.`;
}

/** Errors have no upper end, so the larger of the two takes the whole length. */
function accuracyPlot({ agreement, output }: ModelReport): BarPlot {
  const { metric, float = 0, integer = 0 } = agreement;
  const [scores] = scoresOf(agreement, output.unit);
  const title = `${metric === "accuracy" ? "Accuracy" : "Mean absolute error"} in floats and in integers`;
  const most = metric === "accuracy" ? 1 : Math.max(float, integer);
  if (scores === undefined) return { id: "accuracy", title, description: "", most, bars: [] };
  return {
    id: "accuracy",
    title,
    description: `Floats: ${scores.float}. Integers: ${scores.integer}. Lost: ${scores.lost}.`,
    most,
    bars: [barOf("floats", scores.float, float, "plain"), barOf("integers", scores.integer, integer, "accent")],
  };
}

function layersPlot({ cost }: ModelReport): BarPlot {
  const costliest = cost.layers.reduce((best, layer) => (layer.rows > best.rows ? layer : best));
  const segment = ({ gadget, rows }: GadgetCost) => {
    return { value: rows, tone: gadget, name: `${gadget}: ${rowsWords(rows)}` };
  };
  return {
    id: "layers",
    title: "Constraints by layer and gadget",
    description:
      `Bars for ${grouped(cost.layers.length)} layers. The costliest is ${costliest.name}, with ` +
      `${rowsWords(costliest.rows)} of ${grouped(cost.rows)}. The table below the plot has them all.`,
    most: costliest.rows,
    bars: cost.layers.map(({ name, rows, gadgets }) => {
      return { name, figure: `${rowsWords(rows)}, ${percent(rows / cost.rows)}`, segments: gadgets.map(segment) };
    }),
    legend: cost.gadgets.map(({ gadget }) => ({ name: gadget, tone: gadget })),
  };
}

function intervalsPlot({ intervals }: ModelReport): BarPlot {
  const widest = intervals.reduce((best, layer) => (layer.bits > best.bits ? layer : best));
  return {
    id: "intervals",
    title: "Widest interval by layer",
    description:
      `Bars for ${grouped(intervals.length)} layers. The widest is ${widest.layer}, with ${bitsWords(widest.bits)}. ` +
      "The table below the plot has them all.",
    most: widest.bits,
    bars: intervals.map(({ layer, bits }) => {
      return barOf(layer, bitsWords(bits), bits, "accent");
    }),
  };
}

function barOf(name: string, figure: string, value: number, tone: string): Bar {
  return { name, figure, segments: [{ value, tone, name: `${name}: ${figure}` }] };
}

function rowsWords(rows: number): string {
  return `${grouped(rows)} ${rows === 1 ? "row" : "rows"}`;
}

function bitsWords(bits: number): string {
  return `${bits} ${bits === 1 ? "bit" : "bits"}`;
}
