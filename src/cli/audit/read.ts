/** Reading an audit's bundle line by line, so that its size does not matter. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

import { z } from "zod";

import { entrySchema, footerSchema, headerSchema, type Entry, type Footer, type Header } from "./bundle.ts";

export type BundleReading = {
  readonly onHeader: (header: Header) => Promise<void>;
  readonly onEntry: (entry: Entry, line: number) => Promise<void>;
};

/** An entry of 64 hashes has some thousand characters; what is much longer is none. */
const MOST_CHARACTERS = 262_144;

/** Hands on what a bundle has, in its order; returns its last line, and whether its SHA-256 is that of the rest. */
export async function readBundle(
  file: string,
  { onHeader, onEntry }: BundleReading,
): Promise<{ readonly footer: Footer; readonly isWhole: boolean }> {
  const input = await open(file).catch((cause: unknown) => {
    throw new BadBundleError(file, 0, "it cannot be read", { cause });
  });
  const hash = createHash("sha256");
  let [number, before, header] = [0, "", undefined as Header | undefined];
  const take = async (text: string): Promise<void> => {
    hash.update(`${text}\n`);
    if (header !== undefined) return onEntry(parse(file, number - 1, text, entrySchema), number - 1);
    header = parse(file, number - 1, text, headerSchema);
    return onHeader(header);
  };
  try {
    for await (const text of input.readLines()) {
      if (text.length > MOST_CHARACTERS) throw new BadBundleError(file, number + 1, "it is too long");
      if (number > 0) {
        await take(before);
      }
      number += 1;
      before = text;
    }
  } finally {
    await input.close();
  }
  if (header === undefined) throw new BadBundleError(file, number, "it has no header and no sums");
  const footer = parse(file, number, before, footerSchema);
  return { footer, isWhole: hash.digest("hex") === footer.sha256 };
}

function parse<Schema extends z.ZodType>(file: string, line: number, text: string, schema: Schema): z.output<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new BadBundleError(file, line, "it is no JSON", { cause });
  }
  const { success, data, error } = schema.safeParse(json);
  if (!success) throw new BadBundleError(file, line, z.prettifyError(error).split("\n", 2).join(" "));
  return data;
}

/** A file is no bundle of an audit, or was cut off. */
export class BadBundleError extends Error {
  override readonly name = "BadBundleError";
  readonly line: number;

  constructor(file: string, line: number, reason: string, options?: ErrorOptions) {
    super(
      `${file} is no whole bundle of "assay audit export": in line ${line}, ${reason}. Ask for the file again.`,
      options,
    );
    this.line = line;
  }
}
