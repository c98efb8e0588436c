/** `npm run bench models`. */
import { parseArgs } from "node:util";

import { UsageError } from "../../src/cli/usage.ts";
import { identifyPhase1 } from "../../src/model/ceremony/known-phase1.ts";
import { DEVELOPMENT_PHASE1 } from "../../src/model/phase1.ts";
import { chosenModels, shippedModels } from "./known-models.ts";
import { formatModels } from "./model-table.ts";
import { measureModels } from "./models.ts";
import { SHAPES } from "./shapes.ts";

export const MODELS_USAGE = `Usage: npm run bench models -- [--json] [--only NAME,...] [--no-prove] [--phase1 FILE]

Builds, sets up, proves and verifies every model in models/, and ${Object.keys(SHAPES).length} shapes whose weights are made up. Nothing comes from
a cache, and each step has a process of its own. A cold proof is the first of its process: its time is from the call on,
with the key in memory, and starting the curve and its threads is part of it. All other times but those of building and
setting up are medians of warm runs. What has no room on the development phase 1 (${DEVELOPMENT_PHASE1.capacity.toLocaleString("en-US")} rows) is built and counted.

  --json         print only the figures, as an array of rows
  --only         the models to measure (default: all): ${Object.keys(SHAPES).join(", ")},
                 or a folder in models/
  --no-prove     stop after the counts
  --phase1       set up on this file of the public ceremony, on which every chosen model must have room
  --help         print this`;

const OPTIONS = {
  json: { type: "boolean", default: false },
  only: { type: "string" },
  "no-prove": { type: "boolean", default: false },
  phase1: { type: "string" },
} as const;

export async function modelsCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const names = chosenModels(values.only, [...(await shippedModels()), ...Object.keys(SHAPES)]);
  if (values["no-prove"] && values.phase1 !== undefined) {
    throw new UsageError("--phase1 is for proofs, and --no-prove makes none. Leave one of them out.");
  }
  const measured = await measureModels(names, {
    until: values["no-prove"] ? "counts" : "proofs",
    phase1: values.phase1 === undefined ? undefined : await identifyPhase1(values.phase1),
  });
  const rows = measured.map(({ row }) => row);
  console.log(values.json ? JSON.stringify(rows, null, 2) : formatModels(measured));
}
