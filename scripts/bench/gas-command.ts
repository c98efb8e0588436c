/** `npm run bench gas`. */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { UsageError } from "../../src/cli/usage.ts";
import { buildContracts } from "../local/build-contracts.ts";
import { formatGas } from "./gas-table.ts";
import { ALL_SIZES, measureGas } from "./gas.ts";

/** From the project's root. */
const PINNED_GAS = "test/fixtures/gas.json";

export const GAS_USAGE = `Usage: npm run bench gas -- [--json] [--pin] [--sizes 1,32] [--models 1,4]

Measures the gas of every call on a chain of its own, with real proofs.

  --json     print only the figures, as an array of rows
  --sizes    the batch sizes to measure (default: ${ALL_SIZES.join(",")})
  --models   how many models a batch is of: 1, 4 or both (default: 1,4)
  --pin      write the figures to ${PINNED_GAS}, which a test compares
  --help     print this`;

const OPTIONS = {
  json: { type: "boolean", default: false },
  sizes: { type: "string", default: ALL_SIZES.join(",") },
  models: { type: "string", default: "1,4" },
  pin: { type: "boolean", default: false },
} as const;

export async function gasCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const sizes = numbers("--sizes", values.sizes, (size) => size >= 1 && size <= 64);
  const models = numbers("--models", values.models, (count) => count === 1 || count === 4);
  await buildContracts();
  const rows = await measureGas({ sizes, models });
  if (values.pin) await writeFile(PINNED_GAS, `${JSON.stringify(rows, null, 2)}\n`);
  console.log(values.json ? JSON.stringify(rows, null, 2) : formatGas(rows));
}

function numbers(option: string, text: string, allowed: (value: number) => boolean): number[] {
  const values = text.split(",").map(Number);
  if (values.every((value) => Number.isInteger(value) && allowed(value))) return values;
  throw new UsageError(`${option} takes numbers from its range, separated by commas, got ${JSON.stringify(text)}.`);
}
