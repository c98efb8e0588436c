/** Counts settlements on a chain as they come, and what they cost. */
import { parseEventLogs, type Hex } from "viem";

import { escrowAbi } from "../../src/protocol/abi/escrow.ts";
import type { Marketplace } from "../local/marketplace.ts";

export type Settled = {
  readonly ids: ReadonlySet<Hex>;
  readonly transactions: number;
  readonly gas: number;
};

/** @returns A function that looks at the blocks since the last look. */
export function countSettled({ client, escrow }: Marketplace): () => Promise<Settled> {
  const ids = new Set<Hex>();
  let [from, transactions, gas] = [0n, 0, 0];
  return async () => {
    const head = await client.getBlockNumber({ cacheTime: 0 });
    const logs = from > head ? [] : await client.getLogs({ address: escrow.address, fromBlock: from, toBlock: head });
    const events = parseEventLogs({ abi: escrowAbi, eventName: "Settled", logs });
    for (const hash of new Set(events.map(({ transactionHash }) => transactionHash))) {
      gas += Number((await client.getTransactionReceipt({ hash })).gasUsed);
      transactions += 1;
    }
    for (const { args } of events) ids.add(args.id);
    from = head + 1n;
    return { ids, transactions, gas };
  };
}
