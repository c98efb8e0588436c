/** A network with private weights, small enough to try everything on it. */
import { join } from "node:path";

import type { TrainedLayer } from "../../../models/training/layers-file.ts";
import { deriveModel } from "../../../src/model/build-model.ts";
import type { Program } from "../../../src/model/program/program.ts";
import type { LayerWidths, ModelSource } from "../../../src/model/source.ts";
import { seededRandom, times } from "../../helpers/random.ts";
import { writeSource } from "./world.ts";

const [COLUMNS, HIDDEN, CLASSES] = [4, 3, 2];
const MOST = 63;

export const PRIVATE = {
  name: "private",
  purpose: "Tells two kinds of four numbers apart.",
  weights: "private",
  input: {
    visibility: "public",
    fields: ["north", "east", "south", "west"].map((name) => ({ name, min: "0", max: String(MOST), step: "1" })),
  },
  output: { visibility: "public", name: "kind", kind: "label", labels: ["calm", "windy"] },
  calibration: "rows.json",
  widths: { weights: 6, activations: 5 },
  agreement: 0.5,
} as const satisfies ModelSource;

/** Weights that a seed decides, up to 31, so that integers of six bits hold them as they are. */
function layersOf(seed: number): TrainedLayer[] {
  const random = seededRandom(seed);
  const weights = (count: number): number[] => [31, ...times(count - 1, () => random.below(63) - 31)];
  const bias = (count: number): number[] => times(count, () => random.below(1000) - 500);
  return [
    { kind: "linear", columns: COLUMNS, weights: weights(COLUMNS * HIDDEN), bias: bias(HIDDEN) },
    { kind: "Relu" },
    { kind: "linear", columns: HIDDEN, weights: weights(HIDDEN * CLASSES), bias: bias(CLASSES) },
  ];
}

/** Writes a model, with the weights that a seed decides. What is settled of its layers makes its shape. */
export function writePrivate(
  folder: string,
  seed: number,
  layers: Readonly<Record<string, LayerWidths>> = {},
): Promise<string> {
  const random = seededRandom(seed);
  const rows = times(40, () => times(COLUMNS, () => random.below(MOST + 1)));
  const source = { ...PRIVATE, widths: { ...PRIVATE.widths, layers } };
  return writeSource(folder, source, layersOf(seed), rows);
}

/** What another author settles to get a shape: how wide its sums are, and how much its activations drop. */
export function shapeOf({ steps }: Program): Record<string, LayerWidths> {
  const settled = steps.map(({ id, operation }): [string, LayerWidths][] => {
    if (operation.kind === "privateDense") return [[id, { sum: operation.bits }]];
    return operation.kind === "relu" ? [[id, { shift: operation.shifts[0] ?? 0 }]] : [];
  });
  return Object.fromEntries(settled.flat());
}

/** Seeds of two models: the sums of the first are wider. */
export const [WIDE, NARROW] = [6, 1];

/** Writes two models of one shape: the second has other weights, and is fitted into the shape of the first. */
export async function writePair(folder: string): Promise<{ first: string; second: string }> {
  const first = await writePrivate(join(folder, "first"), WIDE);
  const shape = shapeOf((await deriveModel(first)).program);
  return { first, second: await writePrivate(join(folder, "second"), NARROW, shape) };
}
