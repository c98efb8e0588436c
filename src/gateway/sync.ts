/** Keeps the store as the chain is, block after block; nothing on the way of a request asks the chain itself. */
import type { Address, PublicClient } from "viem";

import type { EscrowEvent } from "../chain/events.ts";
import { nextStep, type ChainStep } from "../chain/follow.ts";
import { escrowAbi } from "../protocol/abi/escrow.ts";
import type { Database } from "../store/database.ts";
import {
  addForeignNonces,
  foreignPayers,
  payersIn,
  readPosition,
  readTab,
  takeStep,
  unsettledTabs,
  type TabReading,
} from "../store/chain-state.ts";
import type { ChainTime } from "./chain-time.ts";
import { JOURNAL_RULES } from "./settings.ts";

/** After a failure the next try waits twice as long, up to this. */
const LONGEST_WAIT_MS = 15_000;
/** Reads of a tab that go to the node at once. */
const AT_ONCE = 16;

export type Sync = {
  /** Resolves after the next step that looked at the chain from now on, or after `ms`. */
  readonly refreshed: (ms: number) => Promise<void>;
  /** Waits for something that only the chain can bring. */
  readonly until: (holds: () => Promise<boolean>, ms: number) => Promise<boolean>;
  readonly stop: () => Promise<void>;
};

export type SyncOptions = {
  readonly client: PublicClient;
  readonly database: Database;
  readonly time: ChainTime;
  readonly escrow: Address;
  readonly provider: Address;
  readonly fromBlock: number;
  readonly confirmations: number;
  readonly pollMs: number;
  readonly onStep: (step: ChainStep) => void;
  readonly onError: (error: Error) => void;
};

/** Starts following. Resolves when the store has caught up, so that a gateway never starts on old news. */
export async function startSync(options: SyncOptions): Promise<Sync> {
  const { onError, pollMs } = options;
  const stopping = new AbortController();
  let wake: (() => void) | undefined;
  let listeners: (() => void)[] = [];
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  while (await takeNext(options));
  const loop = async (): Promise<void> => {
    let wait = pollMs;
    while (!stopping.signal.aborted) {
      const asked = listeners;
      listeners = [];
      try {
        while (!stopping.signal.aborted && (await takeNext(options)));
        wait = pollMs;
        for (const listener of asked) listener();
      } catch (error) {
        listeners.push(...asked);
        onError(error as Error);
        wait = Math.min(2 * wait, LONGEST_WAIT_MS);
      }
      if (!stopping.signal.aborted) await pause(wait);
    }
  };
  const running = loop();
  const refreshed = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      listeners.push(() => {
        clearTimeout(timer);
        resolve();
      });
      wake?.();
    });
  return {
    refreshed,
    async until(holds, ms) {
      const end = Date.now() + ms;
      for (;;) {
        await refreshed(Math.max(end - Date.now(), 0));
        if (await holds()) return true;
        if (Date.now() >= end || stopping.signal.aborted) return false;
        await new Promise((resolve) => {
          setTimeout(resolve, Math.min(pollMs, 250));
        });
      }
    },
    async stop() {
      stopping.abort();
      wake?.();
      await running;
    },
  };
}

/** Takes one step. False when there was nothing new. */
async function takeNext(options: SyncOptions): Promise<boolean> {
  const { client, database, time, escrow, provider, fromBlock: from, confirmations: depth } = options;
  const position = await readPosition(database);
  if (position.head !== undefined) time.see(position.head);
  const step = await nextStep(client, { escrow, from, depth, cursor: position.cursor });
  if (step === undefined) return false;
  const payers = new Set([...payersIn(step.events, provider), ...(await unsettledTabs(database))]);
  // On the way to the head, tabs are as they were long ago, which few nodes still know.
  const readings = step.behind > 0 ? [] : await readTabs(options, [...payers], step);
  await markForeign(options, step.events);
  if (!(await takeStep(database, position, step, provider, readings))) return true;
  time.see(step.head);
  options.onStep(step);
  return true;
}

async function readTabs(
  { client, escrow, provider }: SyncOptions,
  payers: readonly Address[],
  { head, final }: ChainStep,
): Promise<TabReading[]> {
  const readAt = (payer: Address, block: number) =>
    client.readContract({
      address: escrow,
      abi: escrowAbi,
      functionName: "tabOf",
      args: [payer, provider],
      blockNumber: BigInt(block),
    });
  const readings: TabReading[] = [];
  for (let start = 0; start < payers.length; start += AT_ONCE) {
    const some = payers.slice(start, start + AT_ONCE).map(async (payer): Promise<TabReading> => {
      const [old, latest] = await Promise.all([readAt(payer, final.number), readAt(payer, head.number)]);
      return {
        payer,
        funds: old.funds,
        stake: old.stake < latest.stake ? old.stake : latest.stake,
        exitAt: latest.exitAt === 0 ? old.exitAt : latest.exitAt,
      };
    });
    readings.push(...(await Promise.all(some)));
  }
  return readings;
}

/** Another store of this provider has answered a payer: its nonces are taken, and the event does not say which. */
async function markForeign(
  { client, database, escrow, provider }: SyncOptions,
  events: readonly EscrowEvent[],
): Promise<void> {
  for (const payer of await foreignPayers(database, events, provider)) {
    const { nextNonce } = await readTab(database, payer);
    const used: bigint[] = [];
    // As far as dense nonces can have come, and on from the last one that is used.
    let end = nextNonce + BigInt(JOURNAL_RULES.nonceWindow);
    for (let nonce = 0n; nonce < end; nonce += BigInt(AT_ONCE)) {
      const some = Array.from({ length: AT_ONCE }, async (_, index) => {
        const own = nonce + BigInt(index);
        const isUsed = await client.readContract({
          address: escrow,
          abi: escrowAbi,
          functionName: "isNonceUsed",
          args: [payer, provider, own],
        });
        return isUsed ? [own] : [];
      });
      const found = (await Promise.all(some)).flat();
      used.push(...found);
      const last = found.at(-1);
      if (last !== undefined) end = last + 1n + BigInt(JOURNAL_RULES.nonceWindow);
    }
    await addForeignNonces(database, payer, used);
  }
}
