/** What the escrow's events tell while the demo runs: which requests were opened, settled, given back or penalised. */
import { setTimeout as sleep } from "node:timers/promises";

import type { Hex } from "viem";

import { escrowAbi } from "../../src/protocol/abi/escrow.ts";
import type { Marketplace } from "../local/marketplace.ts";

export type Entry = {
  /** When it was seen, by this process's own clock, in milliseconds. */
  readonly at: number;
  readonly transaction: Hex;
  readonly amount: bigint;
};

type Entries = ReadonlyMap<Hex, Entry>;

/** By the ids of requests. */
export type Outcomes = {
  readonly opened: Entries;
  readonly settled: Entries;
  readonly reclaimed: Entries;
  readonly penalised: Entries;
  /** Waits for something that the chain has to bring. Where it does not, `why` may say more. */
  readonly until: (what: string, holds: () => boolean, why?: () => unknown) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Twice what the slowest step takes where all cores have other work too. */
const PATIENCE_SECONDS = 240;

/** Starts to look for events every so many milliseconds. */
export function followOutcomes({ client, escrow }: Pick<Marketplace, "client" | "escrow">, interval: number): Outcomes {
  const [opened, settled, reclaimed, penalised] = [newEntries(), newEntries(), newEntries(), newEntries()];
  const stopping = new AbortController();
  let next = 0n;

  const look = async (): Promise<void> => {
    const head = await client.getBlockNumber({ cacheTime: 0 });
    if (next > head) return;
    const range = { address: escrow.address, abi: escrowAbi, fromBlock: next, toBlock: head } as const;
    for (const event of await client.getContractEvents({ ...range, strict: true })) {
      const entry = { at: performance.now(), transaction: event.transactionHash };
      const { eventName, args } = event;
      if (eventName === "Opened") opened.set(args.id, { ...entry, amount: args.price });
      if (eventName === "Settled") settled.set(args.id, { ...entry, amount: args.charge });
      if (eventName === "Reclaimed") reclaimed.set(args.id, { ...entry, amount: args.amount });
      if (eventName === "Penalised") penalised.set(args.id, { ...entry, amount: args.amount });
    }
    next = head + 1n;
  };
  let failure: unknown;
  const keep = (error: unknown): void => {
    failure = error;
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      // A node that does not answer once may answer the next time; whoever waits learns why it was in vain.
      await look().catch(keep);
      await sleep(interval, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const running = run();

  return {
    opened,
    settled,
    reclaimed,
    penalised,
    async until(what, holds, why = () => failure) {
      for (const end = performance.now() + PATIENCE_SECONDS * 1_000; !holds();) {
        if (stopping.signal.aborted || performance.now() > end) throw new InVainError(what, { cause: why() });
        await sleep(interval);
      }
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function newEntries(): Map<Hex, Entry> {
  return new Map();
}

/** Something that had to happen did not. */
export class InVainError extends Error {
  override readonly name = "InVainError";

  constructor(what: string, { cause }: ErrorOptions = {}) {
    const why = cause instanceof Error ? ` What failed last: ${cause.message}` : "";
    super(`The demo waited for ${what}, in vain. Run it again, with nothing else that keeps the machine busy.${why}`, {
      cause,
    });
  }
}
