/** Models to report on that are hard to show. */
import type { DerivedModel } from "../../../src/model/build-model.ts";
import { GADGETS } from "../../../src/model/report/palette.ts";
import type { LayerCost, ModelReport } from "../../../src/model/report/report.ts";

/** What a model may say that would be markup, a command to the terminal, or out of its place. */
export const HOSTILE = `<script>alert("x")</script>' | \`code\` [link](http://evil) \u001B[31m\u202E\n# head &amp; ${"long ".repeat(30)}`;

/** A model that says what nobody should believe, wherever it can. */
export function hostileFrom(model: DerivedModel): DerivedModel {
  const { source, program, cost } = model;
  const said = { name: HOSTILE, unit: HOSTILE };
  const steps = program.steps.map((step) => Object.assign({}, step, { origin: HOSTILE + step.origin }));
  const lines = cost.lines.map((line) => Object.assign({}, line, { layer: HOSTILE + line.layer }));
  return {
    ...model,
    source: {
      ...source,
      ...said,
      purpose: HOSTILE,
      evaluation: HOSTILE,
      input: { ...source.input, fields: source.input.fields.map((field) => ({ ...field, ...said })) },
      output: { ...source.output, ...said, labels: [HOSTILE, HOSTILE] },
    },
    widths: { ...model.widths, layers: { [HOSTILE]: { weights: 3 } } },
    program: { ...program, steps },
    cost: { ...cost, lines },
  };
}

/** With so many layers of all gadgets, and with names from short to very long. */
export function withLayers(report: ModelReport, count: number): ModelReport {
  const layers = Array.from({ length: count }, (_, index): LayerCost => {
    const gadgets = (Object.keys(GADGETS) as (keyof typeof GADGETS)[]).map((gadget, at) => {
      const rows = 1 + ((index * 7 + at * 13) % 11) * 4_000;
      return { gadget, count: 1, constraints: rows, rows };
    });
    const rows = sum(gadgets.map((gadget) => gadget.rows));
    return { name: `Conv "層W" `.repeat(1 + (index % 20)), constraints: rows, rows, gadgets };
  });
  const rows = sum(layers.map((layer) => layer.rows));
  const gadgets = layers[0]?.gadgets ?? [];
  const intervals = layers.map(({ name }, index) => ({ layer: name, bits: 1 + 6 * index, tensors: [] }));
  return { ...report, cost: { ...report.cost, constraints: rows, rows, layers, gadgets }, intervals };
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
