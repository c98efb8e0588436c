/** The chain's time between blocks, whatever this machine's clock says. */
import type { PublicClient } from "viem";

export type ChainClock = {
  /** In Unix time, as the chain counts it. */
  readonly now: () => number;
  readonly refresh: () => Promise<void>;
};

/** Reads the time of the last block. */
export async function startChainClock(client: PublicClient): Promise<ChainClock> {
  let timestamp = 0;
  let seenAt = 0;
  const refresh = async (): Promise<void> => {
    const found = Number((await client.getBlock()).timestamp);
    // A block that is known already is no younger than when it was first seen.
    if (found === timestamp) return;
    [timestamp, seenAt] = [found, localSeconds()];
  };
  await refresh();
  return { now: () => Math.floor(timestamp + localSeconds() - seenAt), refresh };
}

/** Seconds that only go forward, from any start. */
export function localSeconds(): number {
  return performance.now() / 1_000;
}
