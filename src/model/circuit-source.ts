import { createHash } from "node:crypto";
import { access, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Where circom looks for files that are included by a package's name. */
export const LIBRARY = dirname(dirname(createRequire(import.meta.url).resolve("circomlib/package.json")));

/** Where it finds this project's gadgets. */
export const GADGETS = fileURLToPath(new URL("../../circuits", import.meta.url));

const INCLUDE = /^\s*include\s+"([^"]+)"\s*;/gm;

/**
 * Hash of a circuit and of all that it includes: two sources with the same hash compile to the same constraints.
 *
 * @param source Path of the circuit that has the `main` component.
 */
export async function hashSource(source: string): Promise<string> {
  const texts = new Map<string, string>();
  await collect(source, texts);
  const hash = createHash("sha256");
  // Named by where circom finds them, so that the same text hashes alike wherever it is installed.
  const named = [...texts].map(([path, text]) => {
    const from = [LIBRARY, GADGETS].find((folder) => path.startsWith(folder)) ?? dirname(source);
    return JSON.stringify([relative(from, path), text]);
  });
  for (const file of named.sort()) hash.update(file);
  return hash.digest("hex");
}

async function collect(path: string, texts: Map<string, string>): Promise<void> {
  if (texts.has(path)) return;
  const text = await readFile(path, "utf8");
  texts.set(path, text);
  for (const [, included] of text.matchAll(INCLUDE)) {
    if (included !== undefined) await collect(await locate(included, path), texts);
  }
}

/** As circom does: first next to the file that includes, then in the libraries. */
async function locate(included: string, from: string): Promise<string> {
  for (const path of [dirname(from), LIBRARY, GADGETS].map((folder) => join(folder, included))) {
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  throw new MissingIncludeError(included, from);
}

/** A circuit includes a file that is nowhere. */
export class MissingIncludeError extends Error {
  override readonly name = "MissingIncludeError";
  readonly included: string;
  readonly from: string;

  constructor(included: string, from: string) {
    super(`${from} includes "${included}", which is neither beside it nor in ${LIBRARY} or ${GADGETS}.`);
    this.included = included;
    this.from = from;
  }
}
