/** Two small models as a provider sells them: with hidden inputs, and answers in the open or hidden too. */
import type { ModelSource } from "../../src/model/source.ts";
import { openModel, type OpenModel } from "../../src/model/bundle/open.ts";
import { build, newFolder, TINY, tinyLayers, writeSource } from "../model/bundle/world.ts";

const ROWS = Array.from({ length: 64 }, (_, row) => [(row % 8) / 10, Math.floor(row / 8) / 10]);

/** Left and right by twice each: the larger one is named. */
const WEIGHTS = [2, 1, 1, 2];

const SIDES = { ...TINY, name: "sides", input: { ...TINY.input, visibility: "hidden" } } as const satisfies ModelSource;

const SECRET_SUMS = {
  ...SIDES,
  name: "secret-sums",
  purpose: "Adds two numbers up in two ways.",
  output: { visibility: "hidden", name: "sums", kind: "numbers", step: "0.1" },
} as const satisfies ModelSource;

export type SoldModels = { readonly sides: OpenModel; readonly sums: OpenModel };

/** Builds them, on the phase 1 for development. */
export async function soldModels(): Promise<SoldModels> {
  const open = async (source: ModelSource): Promise<OpenModel> => {
    const folder = await writeSource(await newFolder(), source, tinyLayers(WEIGHTS), ROWS);
    await build(folder);
    return openModel(`${folder}/build`);
  };
  return { sides: await open(SIDES), sums: await open(SECRET_SUMS) };
}
