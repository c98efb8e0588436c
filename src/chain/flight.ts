/** A transaction between its first broadcast and the block that counts: what became of it, and what helps it along. */
import { TransactionReceiptNotFoundError, type Hex, type PublicClient, type TransactionReceipt } from "viem";

import { headerAt } from "./blocks.ts";
import { broadcast, isKnown, signVersion, type Purse, type Version } from "./broadcast.ts";
import { currentFees, raised } from "./fees.ts";
import type { Call } from "./gas.ts";
import { revertReasonOf } from "./reverts.ts";

export type Flight = {
  readonly call: Call;
  readonly nonce: number;
  readonly gas: bigint;
  readonly onSent: (transaction: Hex) => void;
  /** All that were signed with its nonce: any of them may be the one that is mined. The newest is last. */
  versions: readonly [Version, ...Version[]];
  /** Since when its nonce is used, and by none of the versions; one look is no look, as nodes lag. */
  taken: { readonly since: number; readonly looks: number } | undefined;
};

/** The chain at the time of a look. */
export type Sky = { readonly head: number; readonly nonce: number; readonly confirmations: number };

export type Sighting =
  { readonly kind: "landed"; readonly receipt: TransactionReceipt } | { readonly kind: "taken" | "waiting" | "aloft" };

/** Where a transaction is: `waiting` for blocks upon its own, or still `aloft` without one. */
export async function look(client: PublicClient, flight: Flight, sky: Sky): Promise<Sighting> {
  const receipt = await receiptOf(client, flight);
  if (receipt !== undefined) {
    flight.taken = undefined;
    const height = Number(receipt.blockNumber);
    if (sky.head - height + 1 < sky.confirmations) return { kind: "waiting" };
    const isOnChain = (await headerAt(client, height))?.hash === receipt.blockHash;
    return isOnChain ? { kind: "landed", receipt } : { kind: "waiting" };
  }
  if (sky.nonce <= flight.nonce) {
    flight.taken = undefined;
    return { kind: "aloft" };
  }
  // What took the nonce can be reorganised away too, and this one come back: it is over when that is as deep.
  const { since, looks } = flight.taken ?? { since: sky.head, looks: 0 };
  flight.taken = { since, looks: looks + 1 };
  return { kind: looks > 0 && sky.head - since + 1 >= sky.confirmations ? "taken" : "waiting" };
}

async function receiptOf(client: PublicClient, { versions }: Flight): Promise<TransactionReceipt | undefined> {
  for (const { hash } of versions.toReversed()) {
    try {
      return await client.getTransactionReceipt({ hash });
    } catch (error) {
      if (!(error instanceof TransactionReceiptNotFoundError)) throw error;
    }
  }
  return undefined;
}

/** Sends a transaction again if the node has lost it, and with higher fees if it is out for long. */
export async function help(purse: Purse, flight: Flight, bumpAfterMs: number): Promise<void> {
  const newest = flight.versions.at(-1) ?? flight.versions[0];
  if (!(await isKnown(purse.client, newest.hash))) {
    const { kind } = await broadcast(purse.client, newest);
    if (kind === "underpriced") await replace(purse, flight, newest);
  } else if (Date.now() - newest.signedAt >= bumpAfterMs) {
    await replace(purse, flight, newest);
  }
}

async function replace(purse: Purse, flight: Flight, newest: Version): Promise<void> {
  const fees = raised(newest.fees, await currentFees(purse.client, purse.most), purse.most);
  if (fees === undefined) return;
  const version = await signVersion(purse, flight.call, { nonce: flight.nonce, gas: flight.gas, fees });
  const before = flight.versions;
  // Before the node has it: it may be mined whatever becomes of the answer.
  flight.versions = [...before, version];
  flight.onSent(version.hash);
  const { kind } = await broadcast(purse.client, version);
  // Out of reach for the account, say. The one before is still to be sent again when it gets lost.
  if (kind === "refused") flight.versions = before;
}

/** Why a mined transaction reverted: what the same call says on the block before, or else after its own. */
export async function reasonOf(
  { client, account }: Purse,
  { call: { to, data }, gas }: Flight,
  { blockNumber }: TransactionReceipt,
): Promise<string> {
  for (const block of [blockNumber - 1n, blockNumber]) {
    try {
      await client.call({ account: account.address, to, data, gas, blockNumber: block });
    } catch (error) {
      return revertReasonOf(error) ?? UNKNOWN_REASON;
    }
  }
  return UNKNOWN_REASON;
}

const UNKNOWN_REASON = "the node does not say why";
