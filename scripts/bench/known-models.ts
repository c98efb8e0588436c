/** The models that can be measured: those that are shipped, and shapes. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { UsageError } from "../../src/cli/usage.ts";
import { readParts, type ModelParts } from "../../src/model/build-model.ts";
import { SHAPES } from "./shapes.ts";

const MODELS = fileURLToPath(new URL("../../models", import.meta.url));

/** The folders in `models/` that hold a model. */
export async function shippedModels(): Promise<string[]> {
  const files = await readdir(MODELS, { withFileTypes: true, recursive: true });
  return files
    .filter(({ name, parentPath }) => name === "model.json" && join(parentPath, "..") === MODELS)
    .map(({ parentPath }) => parentPath.slice(MODELS.length + 1))
    .toSorted();
}

/** What a model is made from, by its name. */
export async function partsOf(name: string): Promise<ModelParts> {
  const shape = SHAPES[name];
  return shape === undefined ? readParts(join(MODELS, name)) : shape(name);
}

/**
 * The names that an option lists, or all.
 *
 * @param known In the order in which they are answered.
 */
export function chosenModels(only: string | undefined, known: readonly string[]): string[] {
  if (only === undefined) return [...known];
  const names = only.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--only takes some of ${known.join(", ")}, got ${JSON.stringify(unknown)}.`);
  }
  return known.filter((name) => names.includes(name));
}
