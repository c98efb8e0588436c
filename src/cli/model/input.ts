/** Where a model's input comes from on the command line. */
import { text as readAll } from "node:stream/consumers";

import { readWhole } from "../../model/files.ts";
import { UsageError } from "../usage.ts";

/** The options of commands that take an input. */
export const INPUT_OPTIONS = {
  input: { type: "string" },
  field: { type: "string", multiple: true, default: [] as string[] },
  salt: { type: "string" },
} as const;

type InputValues = { readonly input?: string | undefined; readonly field: readonly string[] };

/** The input that a command was given. Whether it suits the model is for the model to say. */
export async function inputFrom({ input, field }: InputValues): Promise<unknown> {
  if ((input === undefined) === (field.length === 0)) {
    throw new UsageError("Give the input either as --input FILE or as --field NAME=VALUE, once for each field.");
  }
  if (input === undefined) return fieldsFrom(field);
  return readJson(input, "the input", asWritten);
}

/** A number as it is written: no decimal may be rounded on its way in. */
function asWritten(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === "number" ? (context?.source ?? value) : value;
}

/** Reads a file of JSON, or the standard input. */
export async function readJson(
  file: string,
  what: string,
  reviver?: (key: string, value: unknown, context?: { readonly source?: string }) => unknown,
): Promise<unknown> {
  const content = file === "-" ? await readAll(process.stdin) : (await readWhole(file)).toString("utf8");
  try {
    return JSON.parse(content, reviver);
  } catch (cause) {
    throw new NotJsonFileError(file, what, { cause });
  }
}

function fieldsFrom(options: readonly string[]): Record<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const option of options) {
    const at = option.indexOf("=");
    if (at < 1) throw new UsageError(`--field takes NAME=VALUE, got ${JSON.stringify(option)}.`);
    const [name, value] = [option.slice(0, at).trim(), option.slice(at + 1)];
    if (fields.has(name)) throw new UsageError(`--field gives ${name} twice.`);
    fields.set(name, value.trim().startsWith("[") ? listFrom(name, value) : value);
  }
  return Object.fromEntries(fields);
}

function listFrom(name: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    throw new UsageError(`--field ${name} takes a number, or a list such as [1,2], got ${JSON.stringify(value)}.`);
  }
}

export function saltFrom(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  if (!/^(0x[0-9a-fA-F]+|\d+)$/.test(text)) {
    throw new UsageError(`--salt takes a whole number, got ${JSON.stringify(text)}.`);
  }
  return BigInt(text);
}

/** A file is no JSON. */
export class NotJsonFileError extends Error {
  override readonly name = "NotJsonFileError";
  readonly file: string;

  constructor(file: string, what: string, options?: ErrorOptions) {
    super(`${file === "-" ? "The standard input" : file} is no JSON, as ${what} must be.`, options);
    this.file = file;
  }
}
