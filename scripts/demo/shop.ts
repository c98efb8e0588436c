/** The honest provider, and all that is asked of it. */
import type { Hex } from "viem";

import type { ForkedProvider } from "../local/fork-provider.ts";
import { startSeller } from "./sellers.ts";
import type { Stage } from "./stage.ts";
import { startTrades, type Trades } from "./trades.ts";

export type Shop = {
  readonly seller: ForkedProvider;
  readonly trades: Trades;
  /** The answers that its provers have proven. */
  readonly proven: ReadonlySet<Hex>;
};

/** One process a core, and settlements that are large enough to be cheap and come soon enough to be watched. */
const PROVING = { workers: 2, limits: { batchSize: 16, maxWaitSeconds: 8 }, prover: "prover" } as const;

export async function openShop(stage: Stage): Promise<Shop> {
  const proven = new Set<Hex>();
  const seller = await startSeller(stage, "provider", {
    ...PROVING,
    onEvent(event) {
      if (event.kind === "proven") proven.add(event.id);
    },
  });
  return { seller, trades: startTrades(), proven };
}
