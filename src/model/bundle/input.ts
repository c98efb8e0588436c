/** From what an agent writes to the integers of a model's fields. Every complaint names the field. */
import { describe } from "../../protocol/describe.ts";
import { encode, FieldTypeError } from "../codec.ts";
import type { FieldSource } from "../source.ts";

/**
 * The integers that a model takes.
 *
 * @param given An object with a value for each field, and a list for a field with a count; or a list of all values.
 */
export function encodeInput(fields: readonly FieldSource[], given: unknown): number[] {
  if (Array.isArray(given)) return encodeList(fields, given);
  if (given === null || typeof given !== "object") throw new InputShapeError(fields, given);
  const names = fields.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UnknownFieldError(unknown, names);
  return fields.flatMap((field) => {
    if (!Object.hasOwn(given, field.name)) throw new MissingFieldError(field.name);
    return encodeField(field, (given as Record<string, unknown>)[field.name]);
  });
}

function encodeList(fields: readonly FieldSource[], given: readonly unknown[]): number[] {
  const size = fields.reduce((sum, { count = 1 }) => sum + count, 0);
  if (given.length !== size) throw new FieldLengthError("the whole input", given.length, size);
  let at = 0;
  return fields.flatMap((field) => {
    const own = given.slice(at, at + (field.count ?? 1));
    at += own.length;
    return encodeField(field, field.count === undefined ? own[0] : own);
  });
}

function encodeField(field: FieldSource, value: unknown): number[] {
  const { name, count } = field;
  if (count === undefined) return [encode(field, scalar(name, value))];
  if (!Array.isArray(value)) throw new FieldTypeError(`${name} (a list of ${count})`, value);
  if (value.length !== count) throw new FieldLengthError(name, value.length, count);
  return value.map((each: unknown, index) => {
    const own = `${name}[${index}]`;
    return encode(field, scalar(own, each), own);
  });
}

function scalar(name: string, value: unknown): string | number {
  if (typeof value === "string" || typeof value === "number") return value;
  throw new FieldTypeError(name, value);
}

/** An input is neither an object nor a list. */
export class InputShapeError extends Error {
  override readonly name = "InputShapeError";

  constructor(fields: readonly FieldSource[], given: unknown) {
    const example = fields.slice(0, 2).map(({ name }) => `${JSON.stringify(name)}: ...`);
    super(`An input is an object such as { ${example.join(", ")} }, got ${describe(given)}.`);
  }
}

/** An input has a field that the model does not. */
export class UnknownFieldError extends Error {
  override readonly name = "UnknownFieldError";
  readonly field: string;

  constructor(field: string, known: readonly string[]) {
    super(`The model has no field ${JSON.stringify(field)}. It takes ${known.join(", ")}.`);
    this.field = field;
  }
}

/** An input lacks a field. */
export class MissingFieldError extends Error {
  override readonly name = "MissingFieldError";
  readonly field: string;

  constructor(field: string) {
    super(`The input has no ${field}. Give a value for every field: none has a default.`);
    this.field = field;
  }
}

/** A list has another length than its field. */
export class FieldLengthError extends Error {
  override readonly name = "FieldLengthError";
  readonly field: string;

  constructor(field: string, given: number, expected: number) {
    super(`There are ${expected} values in ${field}, got ${given}. Give exactly as many.`);
    this.field = field;
  }
}
