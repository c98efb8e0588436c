/**
 * Finds transactions that were sent in the very moment in which the deployment was killed: the journal knows that they
 * were about to be, and not what became of them.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { trackTransaction, wipe } from "@nomicfoundation/ignition-core";
import { isAddressEqual } from "viem";
import type { Hash } from "viem";

import { artifactResolver } from "./artifact.ts";
import type { Chain } from "./chain.ts";

/** A line of the journal, as far as it matters here. */
type Entry = { readonly type: string; readonly futureId: string; readonly nonce: number };

/** Completes the journal with what the chain knows, so that nothing is deployed twice. */
export async function recoverLost(chain: Chain, journal: string): Promise<void> {
  for (const { futureId, nonce } of await lostIn(journal)) {
    const hash = await findTransaction(chain, nonce);
    // What was never sent is to be tried again. If it still turns up somewhere, the nonce lets in only one of the two.
    if (hash === undefined) await wipe(journal, artifactResolver, futureId);
    else await trackTransaction(journal, hash, chain.provider);
  }
}

async function lostIn(journal: string): Promise<Entry[]> {
  const text = await readFile(join(journal, "journal.jsonl"), "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  });
  const lost = new Map<string, Entry>();
  for (const line of text.split("\n").filter((entry) => entry !== "")) {
    const entry = JSON.parse(line) as Entry;
    if (entry.type === "TRANSACTION_PREPARE_SEND") lost.set(entry.futureId, entry);
    if (entry.type === "TRANSACTION_SEND" || entry.type === "WIPE_APPLY") lost.delete(entry.futureId);
  }
  return [...lost.values()];
}

/** The deployer's mined transaction with this nonce, or undefined if there is none at all. */
async function findTransaction({ client, deployer }: Chain, nonce: number): Promise<Hash | undefined> {
  const isMinedAt = async (blockNumber: bigint): Promise<boolean> =>
    (await client.getTransactionCount({ address: deployer, blockNumber })) > nonce;

  let end = await client.getBlockNumber({ cacheTime: 0 });
  if (!(await isMinedAt(end))) {
    const pending = await client.getTransactionCount({ address: deployer, blockTag: "pending" });
    if (pending > nonce) throw new StillPendingError(nonce);
    return undefined;
  }
  // Ever larger steps back, then halves: most nodes only know the accounts of the latest blocks.
  let start = end;
  for (let step = 1n; start > 0n && (await isMinedAt(start)); step *= 2n) {
    end = start;
    start = start > step ? start - step : 0n;
  }
  while (end - start > 1n) {
    const middle = (start + end) / 2n;
    if (await isMinedAt(middle)) end = middle;
    else start = middle;
  }
  const { transactions } = await client.getBlock({ blockNumber: end, includeTransactions: true });
  return transactions.find((one) => one.nonce === nonce && isAddressEqual(one.from, deployer))?.hash;
}

/** A transaction of the deployment that was killed is not in a block yet. */
export class StillPendingError extends Error {
  override readonly name = "StillPendingError";
  readonly nonce: number;

  constructor(nonce: number) {
    super(
      `The deployment that was stopped had sent a transaction, with nonce ${nonce}, that no block has included yet. ` +
        "Wait until one has, then run this again.",
    );
    this.nonce = nonce;
  }
}
