/** Reads `model.json`, and says what is wrong with it. What it does not know it refuses: a misspelt key is a lost wish. */
import { describe } from "../protocol/describe.ts";
import { MAX_BITS } from "../protocol/packing.ts";
import { closedJson } from "./closed-json.ts";
import { widthOf } from "./codec.ts";
import { fractionFrom, type Rational } from "./rational.ts";
import {
  codecsOf,
  MOST_FIELDS,
  repeatedName,
  type FieldSource,
  type LayerWidths,
  type ModelSource,
  type OutputSource,
  type Widths,
} from "./source.ts";

const json = closedJson("the file", (field, expected, found) => {
  return new SourceError(field, `must be ${expected}, got ${describe(found)}`);
});
const { object, list, text, oneOf, count } = json;

const VISIBILITIES = ["hidden", "public"] as const;
/** Wider weights or activations are no longer small integers. */
const WIDEST = 32;
const MOST_SHIFTED = 250;

/** Reads a model's source. */
export function readSource(content: string): ModelSource {
  const optional = ["widths", "weights", "evaluation", "agreement", "card"];
  const all = object(json.parse(content), "the file", ["name", "purpose", "input", "output", "calibration"], optional);
  const name = text(all["name"], "name");
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) throw new SourceError("name", "takes a-z, 0-9 and dashes");
  const source: ModelSource = {
    name,
    purpose: text(all["purpose"], "purpose"),
    input: inputFrom(all["input"]),
    output: outputFrom(all["output"]),
    calibration: text(all["calibration"], "calibration"),
    ...given("widths", all, widthsFrom),
    ...given("weights", all, (value, at) => oneOf(value, at, ["private"] as const)),
    ...given("evaluation", all, text),
    ...given("agreement", all, partFrom),
    ...given("card", all, cardFrom),
  };
  const { input, output } = source;
  if (output.visibility === "hidden" && input.visibility === "public") {
    throw new SourceError(
      "output.visibility",
      "is public where the input is: what hides an answer is its input's salt",
    );
  }
  // A range that is no whole number of steps is refused here, rather than by the first request.
  for (const codec of codecsOf(source)) widthOf(codec);
  return source;
}

function inputFrom(value: unknown): ModelSource["input"] {
  const input = object(value, "input", ["visibility", "fields"]);
  const fields = list(input["fields"], "input.fields").map((field, index) =>
    fieldFrom(field, `input.fields[${index}]`),
  );
  if (fields.length === 0) throw new SourceError("input.fields", "lists at least one field");
  const twice = repeatedName(fields);
  if (twice !== undefined) throw new SourceError("input.fields", `has two fields called ${JSON.stringify(twice)}`);
  const total = fields.reduce((sum, field) => sum + (field.count ?? 1), 0);
  if (total > MOST_FIELDS) throw new SourceError("input.fields", `are at most ${MOST_FIELDS} together, got ${total}`);
  return { visibility: oneOf(input["visibility"], "input.visibility", VISIBILITIES), fields };
}

function fieldFrom(value: unknown, at: string): FieldSource {
  const field = object(value, at, ["name", "min", "max", "step"], ["unit", "count"]);
  const name = text(field["name"], `${at}.name`);
  // The command line separates a field from its value by it.
  if (name.includes("=") || name !== name.trim()) {
    throw new SourceError(`${at}.name`, "has no equals sign, and no space at its ends");
  }
  const decimal = (key: string): string => {
    const written = text(field[key], `${at}.${key}`);
    rationalFrom(written, `${at}.${key}`);
    return written;
  };
  const step = decimal("step");
  expectPositive(step, `${at}.step`);
  return {
    name,
    min: decimal("min"),
    max: decimal("max"),
    step,
    ...given("unit", field, (unit) => text(unit, `${at}.unit`)),
    ...given("count", field, (many) => count(many, `${at}.count`, MOST_FIELDS)),
  };
}

function outputFrom(value: unknown): OutputSource {
  const output = object(value, "output", ["visibility", "name", "kind"], ["labels", "unit", "step", "bits"]);
  const kind = oneOf(output["kind"], "output.kind", ["label", "numbers"]);
  for (const [key, own] of [
    ["labels", "label"],
    ["unit", "numbers"],
    ["step", "numbers"],
    ["bits", "numbers"],
  ] as const) {
    const isMisplaced = output[key] !== undefined && kind !== own;
    if (isMisplaced) throw new SourceError(`output.${key}`, `is for the kind "${own}" alone`);
  }
  return {
    visibility: oneOf(output["visibility"], "output.visibility", VISIBILITIES),
    name: text(output["name"], "output.name"),
    kind,
    ...given("labels", output, labelsFrom),
    ...given("unit", output, (unit) => text(unit, "output.unit")),
    ...given("step", output, (step) => {
      const written = text(step, "output.step");
      expectPositive(written, "output.step");
      return written;
    }),
    ...given("bits", output, (bits) => count(bits, "output.bits", MAX_BITS)),
  };
}

function labelsFrom(value: unknown): string[] {
  const labels = list(value, "output.labels").map((label, index) => text(label, `output.labels[${index}]`));
  if (labels.length === 0 || new Set(labels).size < labels.length) {
    throw new SourceError("output.labels", "names each class, and no two alike");
  }
  return labels;
}

function widthsFrom(value: unknown): Widths {
  const widths = object(value, "widths", [], ["weights", "activations", "layers"]);
  return {
    ...given("weights", widths, (bits) => width(bits, "widths.weights")),
    ...given("activations", widths, (bits) => width(bits, "widths.activations")),
    ...given("layers", widths, (layers) => {
      if (typeof layers !== "object" || layers === null || Array.isArray(layers)) {
        throw new SourceError("widths.layers", `must be an object, got ${describe(layers)}`);
      }
      const all = Object.entries(layers).map(([name, own]) => [name, layerFrom(own, `widths.layers.${name}`)] as const);
      return Object.fromEntries(all);
    }),
  };
}

function layerFrom(value: unknown, at: string): LayerWidths {
  const layer = object(value, at, [], ["weights", "activations", "shift", "sum"]);
  return {
    ...given("weights", layer, (bits) => width(bits, `${at}.weights`)),
    ...given("activations", layer, (bits) => width(bits, `${at}.activations`)),
    ...given("shift", layer, (bits) => (bits === 0 ? 0 : count(bits, `${at}.shift`, MOST_SHIFTED))),
    ...given("sum", layer, (bits) => count(bits, `${at}.sum`, MAX_BITS)),
  };
}

function width(value: unknown, at: string): number {
  const bits = count(value, at, WIDEST);
  if (bits < 2) throw new SourceError(at, "takes two bits at least: one of them is the sign");
  return bits;
}

function cardFrom(value: unknown): NonNullable<ModelSource["card"]> {
  const card = object(value, "card", ["data", "training"]);
  return { data: text(card["data"], "card.data"), training: text(card["training"], "card.training") };
}

function partFrom(value: unknown, at: string): number {
  if (typeof value === "number" && value > 0 && value <= 1) return value;
  throw new SourceError(at, "is a part of the rows, such as 0.99");
}

function expectPositive(written: string, at: string): void {
  if (rationalFrom(written, at).numerator <= 0n) throw new SourceError(at, `is above zero, got ${written}`);
}

function rationalFrom(written: string, at: string): Rational {
  try {
    return fractionFrom(written);
  } catch (cause) {
    throw new SourceError(at, `is a decimal such as "0.1", or a fraction such as "1/3", got ${describe(written)}`, {
      cause,
    });
  }
}

/** What an optional key holds, if it is there. */
function given<Key extends string, Value>(
  key: Key,
  from: Record<string, unknown>,
  read: (value: unknown, at: string) => Value,
): { [key in Key]?: Value } {
  return from[key] === undefined ? {} : ({ [key]: read(from[key], key) } as { [key in Key]: Value });
}

/** A `model.json` says something that makes no sense. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly at: string;

  constructor(at: string, rule: string, options?: ErrorOptions) {
    super(`model.json: ${at} ${rule}.`, options);
    this.at = at;
  }
}
