/** A report's figures as tables, which the terminal, the page and the card each show in their own way. */
import type { AgreementReport, ModelReport } from "./report.ts";
import { grouped, percent, points, quantity } from "./words.ts";

export type Table = {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
};

export type Column = { readonly head: string; readonly align: "left" | "right" };

/** What a reader wants to know first. */
export type Figure = { readonly label: string; readonly value: string; readonly note: string };

export function figuresOf({ cost, agreement, output }: ModelReport): Figure[] {
  const { constraints, rows, domainBits, domain, headroom } = cost;
  return [
    { label: "rows", value: grouped(rows), note: `${grouped(constraints)} of them multiply` },
    {
      label: "domain",
      value: `2^${domainBits}`,
      note: `${grouped(headroom)} of ${grouped(domain)} rows are free (${percent(headroom / domain)})`,
    },
    {
      label: "agreement",
      value: percent(agreement.agreement),
      note: `with the float model, on ${grouped(agreement.rows)} ${agreement.isHeldOut ? "held-out" : "calibration"} rows`,
    },
    ...scoresOf(agreement).map(({ integer, float }) => {
      const [full] = scoresOf(agreement, output.unit);
      return {
        label: agreement.metric,
        value: integer,
        note: `in integers; ${float} in floats, so ${full?.lost} lost`,
      };
    }),
  ];
}

/** How good the model is, in words; nothing where nobody knows. */
export function scoresOf(
  { metric, float, integer, lost }: AgreementReport,
  unit?: string,
): { readonly float: string; readonly integer: string; readonly lost: string }[] {
  if (float === undefined || integer === undefined || lost === undefined) return [];
  if (metric === "accuracy") return [{ float: percent(float), integer: percent(integer), lost: points(lost) }];
  return [{ float: quantity(float, unit), integer: quantity(integer, unit), lost: quantity(lost, unit) }];
}

export function accuracyTable({ agreement, output }: ModelReport): Table {
  const scores = scoresOf(agreement, output.unit).flatMap(({ float, integer, lost }) => [
    [`${agreement.metric} in floats`, float],
    [`${agreement.metric} in integers`, integer],
    ["lost", lost],
  ]);
  return {
    caption: "Floats and integers",
    columns: [left("figure"), right("value")],
    rows: [...scores, ["same answers", percent(agreement.agreement)], ["rows compared", grouped(agreement.rows)]],
  };
}

export function fieldsTable({ fields }: ModelReport): Table {
  return {
    caption: "What it takes",
    columns: [left("field"), left("unit"), right("least"), right("most"), right("step"), right("bits"), right("count")],
    rows: fields.map(({ name, unit = "", min, max, step, bits, count }) => {
      return [name, unit, min, max, step, String(bits), grouped(count)];
    }),
  };
}

/** What kind of answer it is. */
export function outputWords({ output: { name, kind, labels, unit, numbers } }: ModelReport): string {
  if (kind === "label" && labels !== undefined) return `${name}: one of ${labels.join(", ")}`;
  if (kind === "label") return `${name}: the index of a label`;
  const count = numbers.length === 1 ? "a number" : `${grouped(numbers.length)} numbers`;
  return `${name}: ${count}${unit === undefined ? "" : ` in ${unit}`}`;
}

/** Numbers with nothing to tell them apart share a line. */
export function outputTable({ output: { kind, labels, numbers, unit } }: ModelReport): Table {
  const rows: { first: number; last: number; bits: number; scale: number }[] = [];
  for (const [index, { bits, scale }] of numbers.entries()) {
    const before = rows.at(-1);
    if (labels === undefined && before?.bits === bits && before.scale === scale) before.last = index;
    else rows.push({ first: index, last: index, bits, scale });
  }
  const nameOf = (first: number, last: number): string => {
    if (kind === "label") return "index of the label";
    return labels?.[first] ?? (first === last ? `number ${first}` : `numbers ${first} to ${last}`);
  };
  return {
    caption: "What it answers",
    columns: [left("number"), right("bits"), right("one step")],
    rows: rows.map(({ first, last, bits, scale }) => [nameOf(first, last), String(bits), quantity(scale, unit)]),
  };
}

export function widthsTable({ widths: { layers, ...others } }: ModelReport): Table {
  const rows = [...layers, { name: layers.length === 0 ? "all" : "all others", ...others }];
  return {
    caption: "Bits of weights and activations",
    columns: [left("layer"), right("weights"), right("activations")],
    rows: rows.map(({ name, weights, activations }) => [name, String(weights), String(activations)]),
  };
}

export function layersTable({ cost }: ModelReport): Table {
  return {
    caption: "Constraints by layer",
    columns: [left("layer"), left("gadget"), ...COSTS],
    rows: cost.layers.flatMap(({ name, gadgets }) => {
      return gadgets.map(({ gadget, ...own }) => [name, gadget, ...costs(own, cost.rows)]);
    }),
  };
}

export function gadgetsTable({ cost }: ModelReport): Table {
  const uses = cost.gadgets.reduce((sum, { count }) => sum + count, 0);
  return {
    caption: "Constraints by gadget",
    columns: [left("gadget"), ...COSTS],
    rows: [
      ...cost.gadgets.map(({ gadget, ...own }) => [gadget, ...costs(own, cost.rows)]),
      ["all", ...costs({ count: uses, constraints: cost.constraints, rows: cost.rows }, cost.rows)],
    ],
  };
}

export function intervalsTable({ intervals }: ModelReport): Table {
  return {
    caption: "Widest intervals",
    columns: [left("layer"), left("tensor"), left("operation"), right("numbers"), right("bits")],
    rows: intervals.flatMap(({ layer, tensors }) => {
      return tensors.map(({ id, operation, size, bits }) => [layer, id, operation, grouped(size), String(bits)]);
    }),
  };
}

const COSTS = [right("uses"), right("multiply"), right("rows"), right("share")];

type Costs = { readonly count: number; readonly constraints: number; readonly rows: number };

function costs({ count, constraints, rows }: Costs, all: number): string[] {
  return [grouped(count), grouped(constraints), grouped(rows), percent(rows / all)];
}

function left(head: string): Column {
  return { head, align: "left" };
}

function right(head: string): Column {
  return { head, align: "right" };
}
