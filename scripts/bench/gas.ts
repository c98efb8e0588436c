import { stopThreads } from "../../src/model/groth16.ts";
import { startProgress } from "../../src/cli/progress.ts";
import { attestedGas } from "./attested-gas.ts";
import { callGas } from "./call-gas.ts";
import type { GasRow } from "./gas-row.ts";
import { proveBatch, settleGas, verifyGas } from "./settle-gas.ts";
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

/** Measures the gas of every call, on a chain of its own. A batch of four models has at least four inferences. */
export async function measureGas({ sizes, models }: GasOptions): Promise<GasRow[]> {
  const series = SERIES.map(([batch, states]) => {
    const fitting = models.includes(batch.models) ? sizes.filter((size) => size >= batch.models) : [];
    return { batch, states, sizes: fitting, proofs: Math.max(0, ...fitting) };
  }).filter(({ proofs }) => proofs > 0);
  const progress = startProgress(
    "Measuring gas",
    series.reduce((sum, { proofs }) => sum + proofs, 0),
  );
  const world = await startWorld(await fourModels(progress.note));
  try {
    const rows = await callGas(world);
    progress.note("proving");
    for (const { batch, states, sizes: fitting, proofs } of series) {
      const proven = await proveBatch(world, batch, proofs, progress.advance);
      if (batch.nonces === "dense") rows.push(...(await verifyGas(world, batch.models, proven, fitting)));
      rows.push(...(await settleGas(world, batch, proven, states, fitting)));
    }
    if (models.includes(1)) rows.push(...(await attestedGas(world, sizes)));
    return rows;
  } finally {
    progress.end();
    await stopThreads();
    await world.connection.close();
  }
}
