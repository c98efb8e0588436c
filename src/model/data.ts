/** Reads rows of data: CSV with a head, JSON, or NumPy's npz. */
import { extname } from "node:path";

import { readNpz } from "./npz.ts";

/** The numbers of each row, and the answer where the file has one. */
export type DataRow = { readonly inputs: readonly number[]; readonly answer: string | undefined };

/**
 * Rows of a file.
 *
 * @param name What the file is called: its ending tells its format.
 * @param fields The names of the numbers that the model takes, which a CSV's head repeats.
 */
export function readRows(name: string, content: Uint8Array, fields: readonly string[]): DataRow[] {
  const rows = parse(name, content, fields);
  const size = fields.length;
  for (const [index, { inputs }] of rows.entries()) {
    if (inputs.length !== size) throw new RowSizeError(name, index, inputs.length, size);
    const at = inputs.findIndex((value) => !Number.isFinite(value));
    if (at !== -1) throw new RowValueError(name, index, at);
  }
  return rows;
}

function parse(name: string, content: Uint8Array, fields: readonly string[]): DataRow[] {
  switch (extname(name).toLowerCase()) {
    case ".csv":
      return parseCsv(name, new TextDecoder().decode(content), fields);
    case ".json":
      return parseJson(name, new TextDecoder().decode(content));
    case ".npz":
      return parseNpz(name, content);
    default:
      throw new DataFormatError(name, "its name ends in neither .csv, .json nor .npz");
  }
}

/** The head names the columns; one called "answer" holds what the model should say. */
function parseCsv(name: string, text: string, fields: readonly string[]): DataRow[] {
  const [head = "", ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const columns = head.split(",").map((column) => column.trim());
  const answerAt = columns.indexOf("answer");
  const named = columns.filter((_, at) => at !== answerAt);
  const wrong = fields.findIndex((field, at) => named[at] !== field);
  if (wrong !== -1 || named.length !== fields.length) throw new HeadError(name, Math.max(wrong, 0), named, fields);
  return lines.map((line, index) => {
    const cells = line.split(",").map((cell) => cell.trim());
    if (cells.length !== columns.length) throw new RowSizeError(name, index, cells.length, columns.length);
    const numbers = cells.filter((_, at) => at !== answerAt).map((cell) => (cell === "" ? Number.NaN : Number(cell)));
    return { inputs: numbers, answer: answerAt === -1 ? undefined : cells[answerAt] };
  });
}

/** `{ "inputs": [[...], ...], "answers": [...] }`. */
function parseJson(name: string, text: string): DataRow[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw new DataFormatError(name, "it is not JSON", { cause });
  }
  const { inputs, answers } = (data ?? {}) as { inputs?: unknown; answers?: unknown };
  if (!Array.isArray(inputs)) throw new DataFormatError(name, 'it has no list "inputs"');
  const told = Array.isArray(answers) ? answers : undefined;
  if (told !== undefined && told.length !== inputs.length) {
    throw new DataFormatError(name, `it has ${inputs.length} inputs and ${told.length} answers`);
  }
  return inputs.map((row: unknown, index) => {
    if (!Array.isArray(row)) throw new DataFormatError(name, `row ${index} is no list`);
    return { inputs: row.flat(Infinity).map(Number), answer: told === undefined ? undefined : String(told[index]) };
  });
}

/** The arrays `x` and `y`, or the first two; the first dimension counts rows. */
function parseNpz(name: string, content: Uint8Array): DataRow[] {
  const arrays = readNpz(content);
  const x = arrays.get("x") ?? [...arrays.values()][0];
  const y = arrays.get("y") ?? [...arrays.values()][1];
  const count = x?.shape[0] ?? 0;
  if (x === undefined || count === 0) throw new DataFormatError(name, "it has no array of rows");
  if (y !== undefined && y.data.length !== count) {
    throw new DataFormatError(name, `it has ${count} rows and ${y.data.length} answers`);
  }
  const width = x.data.length / count;
  return Array.from({ length: count }, (_, row) => ({
    inputs: Array.from(x.data.subarray(row * width, (row + 1) * width)),
    answer: y === undefined ? undefined : String(y.data[row]),
  }));
}

/** A data file cannot be read. */
export class DataFormatError extends Error {
  override readonly name = "DataFormatError";

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file} holds no rows that can be read: ${reason}.`, options);
  }
}

/** A table's columns are not the model's fields, in their order. */
export class HeadError extends Error {
  override readonly name = "HeadError";

  constructor(file: string, at: number, columns: readonly string[], fields: readonly string[]) {
    super(
      columns.length === fields.length
        ? `Column ${at + 1} of ${file} is called ${JSON.stringify(columns[at])}, and the model's field there ` +
            `${JSON.stringify(fields[at])}. Put the columns in the order of the fields.`
        : `${file} has ${columns.length} columns beside the answer, and the model takes ${fields.length} fields.`,
    );
  }
}

/** A row has too many or too few numbers. */
export class RowSizeError extends Error {
  override readonly name = "RowSizeError";
  readonly row: number;

  constructor(file: string, row: number, given: number, expected: number) {
    super(`Row ${row + 1} of ${file} has ${given} numbers, and ${expected} are expected.`);
    this.row = row;
  }
}

/** A row has something that is no finite number. */
export class RowValueError extends Error {
  override readonly name = "RowValueError";
  readonly row: number;

  constructor(file: string, row: number, column: number) {
    super(`Row ${row + 1} of ${file} has no finite number in column ${column + 1}.`);
    this.row = row;
  }
}
