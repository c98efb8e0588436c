/** The roots that a provider committed to in a period, by the log's events: whoever leaves answers out cannot hide those. */
import type { Hex, PublicClient } from "viem";

import { commitmentLogAbi } from "../../protocol/abi/commitment-log.ts";
import type { Header } from "./bundle.ts";

/** Nodes refuse to search more than some thousands at once. */
const MOST_BLOCKS = 2_000n;
/** More take minutes, and nodes that count requests take offence. */
const MOST_SEARCHES = 1_000n;

/** All roots of a period; undefined where it has too many blocks to search. */
export async function rootsOf(client: PublicClient, header: Header): Promise<ReadonlySet<Hex> | undefined> {
  const { commitmentLog, provider, from, to } = header;
  const latest = await client.getBlockNumber({ cacheTime: 0 });
  const [first, end] = [await firstBlockAt(client, from, latest), await firstBlockAt(client, to, latest)];
  if (end - first > MOST_BLOCKS * MOST_SEARCHES) return undefined;
  const roots = new Set<Hex>();
  for (let start = first; start < end; start += MOST_BLOCKS) {
    const last = start + MOST_BLOCKS < end ? start + MOST_BLOCKS - 1n : end - 1n;
    const events = await client.getContractEvents({
      address: commitmentLog,
      abi: commitmentLogAbi,
      eventName: "Committed",
      args: { provider },
      fromBlock: start,
      toBlock: last,
      strict: true,
    });
    for (const { args } of events) roots.add(args.root);
  }
  return roots;
}

/** The first block that is not before a moment; one after the latest where all are. */
async function firstBlockAt(client: PublicClient, moment: string, latest: bigint): Promise<bigint> {
  const time = BigInt(Math.floor(Date.parse(moment) / 1_000));
  let [low, high] = [0n, latest + 1n];
  while (low < high) {
    const middle = (low + high) / 2n;
    const { timestamp } = await client.getBlock({ blockNumber: middle });
    if (timestamp < time) low = middle + 1n;
    else high = middle;
  }
  return low;
}
