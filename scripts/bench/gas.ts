import { stopThreads } from "../../src/model/groth16.ts";
import { startProgress } from "../progress.ts";
import { callGas } from "./call-gas.ts";
import type { GasRow } from "./gas-row.ts";
import { settleGas, verifyGas } from "./settle-gas.ts";
import type { Batch } from "./settle-gas.ts";
import type { StorageState } from "./floor.ts";
import { fourModels, startWorld } from "./world.ts";

export const ALL_SIZES = [1, 2, 4, 8, 16, 32, 64] as const;

const BOTH = ["warm", "cold"] as const;

type Series = readonly [Batch, readonly StorageState[]];

/** Cold is the very first settlement of strangers: no balances, and a fresh word of storage for every nonce. */
const SERIES: readonly Series[] = [1, 4].flatMap((models): Series[] => [
  [{ funding: "tab", models, nonces: "dense" }, ["warm"]],
  [{ funding: "tab", models, nonces: "random" }, ["cold"]],
  [{ funding: "lock", models, nonces: "random" }, BOTH],
]);

export type GasOptions = { readonly sizes: readonly number[]; readonly models: readonly number[] };

/** Measures the gas of every call, on a chain of its own. */
export async function measureGas({ sizes, models }: GasOptions): Promise<GasRow[]> {
  const series = SERIES.filter(([batch]) => models.includes(batch.models));
  const largest = Math.max(...sizes);
  const progress = startProgress("Measuring gas", (series.length + models.length) * largest);
  const world = await startWorld(await fourModels(progress.note));
  try {
    const rows = await callGas(world);
    progress.note("proving");
    for (const count of models) rows.push(...(await verifyGas(world, count, sizes, progress.advance)));
    for (const [batch, states] of series) {
      rows.push(...(await settleGas(world, batch, states, sizes, progress.advance)));
    }
    return rows;
  } finally {
    progress.end();
    await stopThreads();
    await world.connection.close();
  }
}
