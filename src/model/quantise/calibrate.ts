/** Runs a model on sample rows, to see how large its numbers get. */
import { evaluate } from "../float.ts";
import { INPUT, type Graph } from "../graph.ts";

/** For each tensor, the least and the largest number that was seen in it. */
export type Ranges = ReadonlyMap<string, { readonly least: number; readonly most: number }>;

export function calibrate(graph: Graph, rows: readonly Float64Array[]): Ranges {
  if (rows.length === 0) throw new NoCalibrationError();
  const ranges = new Map<string, { least: number; most: number }>();
  for (const row of rows) {
    for (const [name, tensor] of evaluate(graph, row)) {
      if (name === INPUT) continue;
      const range = ranges.get(name) ?? { least: Infinity, most: -Infinity };
      ranges.set(name, range);
      for (const value of tensor) {
        if (value < range.least) range.least = value;
        if (value > range.most) range.most = value;
      }
    }
  }
  return ranges;
}

/** There is nothing to calibrate with. */
export class NoCalibrationError extends Error {
  override readonly name = "NoCalibrationError";

  constructor() {
    super("Calibration needs at least one row of data, and better a hundred that are typical.");
  }
}
