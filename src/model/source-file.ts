/** Reads `model.json`, and says what is wrong with it. */
import { widthOf } from "./codec.ts";
import { fractionFrom, type Rational } from "./rational.ts";
import { codecsOf, MOST_FIELDS, repeatedName, type FieldSource, type ModelSource } from "./source.ts";

/** Reads a model's source. */
export function readSource(text: string): ModelSource {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new SourceError("", "is not JSON", { cause });
  }
  const source = expectObject(data, "");
  for (const key of ["name", "purpose", "calibration"]) expectText(source[key], key);
  if (!/^[a-z0-9][a-z0-9-]*$/.test(String(source["name"]))) throw new SourceError("name", "takes a-z, 0-9 and dashes");
  const input = expectObject(source["input"], "input");
  expectOneOf(input["visibility"], ["hidden", "public"], "input.visibility");
  const { fields } = input;
  if (!Array.isArray(fields) || fields.length === 0) throw new SourceError("input.fields", "lists at least one field");
  for (const [index, each] of fields.entries()) {
    const at = `input.fields[${index}]`;
    const field = expectObject(each, at);
    for (const key of ["name", "min", "max", "step"]) expectText(field[key], `${at}.${key}`);
    if (field["count"] !== undefined) expectCount(field["count"], `${at}.count`);
    if (field["unit"] !== undefined) expectText(field["unit"], `${at}.unit`);
  }
  const twice = repeatedName(fields as FieldSource[]);
  if (twice !== undefined) throw new SourceError("input.fields", `has two fields called ${JSON.stringify(twice)}`);
  const output = expectObject(source["output"], "output");
  expectText(output["name"], "output.name");
  expectOneOf(output["visibility"], ["hidden", "public"], "output.visibility");
  if (output["visibility"] === "hidden" && input["visibility"] === "public") {
    throw new SourceError(
      "output.visibility",
      "is public where the input is: what hides an answer is its input's salt",
    );
  }
  expectOneOf(output["kind"], ["label", "numbers"], "output.kind");
  if (source["weights"] !== undefined) expectOneOf(source["weights"], ["private"], "weights");
  if (source["card"] !== undefined) {
    const card = expectObject(source["card"], "card");
    for (const key of ["data", "training"]) expectText(card[key], `card.${key}`);
  }
  if (output["unit"] !== undefined) expectText(output["unit"], "output.unit");
  if (output["labels"] !== undefined) expectLabels(output["labels"], output["kind"]);
  if (output["step"] !== undefined) expectStep(output["step"], output["kind"]);
  const { agreement } = source;
  if (agreement !== undefined && !(typeof agreement === "number" && agreement > 0 && agreement <= 1)) {
    throw new SourceError("agreement", "is a part of the rows, such as 0.99");
  }
  const known = source as ModelSource;
  // A range that is no whole number of steps is refused here, rather than by the first request.
  for (const codec of codecsOf(known)) widthOf(codec);
  return known;
}

function expectObject(value: unknown, at: string): Record<string, unknown> {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new SourceError(at, "is an object");
  return value as Record<string, unknown>;
}

function expectText(value: unknown, at: string): void {
  if (typeof value !== "string" || value === "") throw new SourceError(at, "is a text in quotes");
}

function expectOneOf(value: unknown, known: readonly string[], at: string): void {
  if (!known.includes(value as string)) throw new SourceError(at, `is one of ${known.join(", ")}`);
}

function expectLabels(value: unknown, kind: unknown): void {
  if (kind !== "label") throw new SourceError("output.labels", "is for a label, and numbers have none");
  if (!Array.isArray(value) || value.length === 0) throw new SourceError("output.labels", "names each class");
  for (const [index, label] of value.entries()) expectText(label, `output.labels[${index}]`);
}

function expectStep(value: unknown, kind: unknown): void {
  expectText(value, "output.step");
  if (kind !== "numbers") throw new SourceError("output.step", "is for numbers, and a label has none");
  let step: Rational | undefined;
  try {
    step = fractionFrom(value as string);
  } catch {
    // Said below.
  }
  if (step === undefined || step.numerator <= 0n) throw new SourceError("output.step", "is a decimal above zero");
}

function expectCount(value: unknown, at: string): void {
  const isCount = Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_FIELDS;
  if (!isCount) throw new SourceError(at, `is a whole number from 1 to ${MOST_FIELDS}`);
}

/** A `model.json` says something that makes no sense. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly at: string;

  constructor(at: string, rule: string, options?: ErrorOptions) {
    super(`model.json: ${at === "" ? "the file" : at} ${rule}.`, options);
    this.at = at;
  }
}
