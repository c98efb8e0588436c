/** What takes long is made once, kept under the hash of all that decides it, and checked by hash when it is read again. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { isCode } from "./files.ts";

/** Where what was made is kept, if no other folder is named. */
export const CACHE = fileURLToPath(new URL("../../.cache/circuits/", import.meta.url));

type Files<Name extends string> = Record<Name, Uint8Array>;

/**
 * The files that `make` makes, from the cache if they are there and whole.
 *
 * @param decides Everything that the files follow from.
 */
export async function cached<Name extends string>(
  decides: readonly unknown[],
  names: readonly Name[],
  make: () => Promise<Files<Name>>,
  root = CACHE,
): Promise<Files<Name>> {
  const folder = join(root, digest(JSON.stringify(decides)));
  const found = await read(folder, names);
  if (found !== undefined) return found;
  const made = await make();
  await write(folder, names, made);
  return made;
}

export function digest(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

async function read<Name extends string>(folder: string, names: readonly Name[]): Promise<Files<Name> | undefined> {
  try {
    const hashes = JSON.parse(await readFile(join(folder, "sha256.json"), "utf8")) as Record<string, string>;
    const files = await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const));
    if (!files.every(([name, content]) => hashes[name] === digest(content))) return undefined;
    return Object.fromEntries(files) as unknown as Files<Name>;
  } catch (error) {
    if (isCode(error, "ENOENT") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Writes beside, then renames: another process sees all of it or nothing. */
async function write<Name extends string>(folder: string, names: readonly Name[], files: Files<Name>): Promise<void> {
  const unfinished = `${folder}.${randomUUID()}`;
  await mkdir(unfinished, { recursive: true });
  await Promise.all(names.map((name) => writeFile(join(unfinished, name), files[name])));
  const hashes = Object.fromEntries(names.map((name) => [name, digest(files[name])]));
  await writeFile(join(unfinished, "sha256.json"), JSON.stringify(hashes));
  await rm(folder, { recursive: true, force: true });
  try {
    await rename(unfinished, folder);
  } catch {
    // Another process was first with the same. What it made serves as well; the caller keeps what it has.
    await rm(unfinished, { recursive: true });
  }
}
