/** The jobs in a prover's hand: their leases are kept up, and each is handed back or done exactly once. */
import type { Hex } from "viem";

import { LeaseLostError, type Leased } from "./job-source.ts";
import type { ProverEvent } from "./prover-events.ts";
import { backoffMs, rest } from "./rest.ts";

export type Held = {
  readonly leased: Leased;
  /** Aborted when the job is another's by now. */
  readonly lost: AbortController;
};

export type Hand = {
  /** Undefined when it is in hand already. */
  readonly take: (leased: Leased) => Held | undefined;
  readonly has: (id: Hex) => boolean;
  readonly ids: () => Hex[];
  readonly size: () => number;
  readonly keepAll: () => Promise<void>;
  /** Each of these ends a job, tells the watcher and the source, and does nothing for a job that has ended already. */
  readonly settled: (id: Hex, transaction: Hex, earned: bigint) => Promise<void>;
  readonly closed: (id: Hex) => Promise<void>;
  readonly setAside: (id: Hex, reason: string) => Promise<void>;
  readonly giveBack: (id: Hex, reason: string) => Promise<void>;
};

type EndOfJob = Extract<ProverEvent, { kind: "settled" | "closed" | "set-aside" | "given-back" }>;

/** How often a source is told what became of a job before it is left to find out by itself, from the chain. */
const MOST_TELLS = 6;
const FIRST_PAUSE_MS = 500;

/** Starts with empty hands. */
export function startHand(onEvent: (event: ProverEvent) => void, signal: AbortSignal): Hand {
  const held = new Map<Hex, Held>();

  const drop = (id: Hex): void => {
    const lost = held.get(id);
    if (!held.delete(id)) return;
    lost?.lost.abort();
    onEvent({ kind: "lost", id });
  };

  const end = async (event: EndOfJob, what: (leased: Leased) => Promise<void>): Promise<void> => {
    const found = held.get(event.id);
    if (!held.delete(event.id) || found === undefined) return;
    onEvent(event);
    for (let tries = 0; tries < MOST_TELLS; tries++) {
      try {
        await what(found.leased);
        return;
      } catch (error) {
        if (error instanceof LeaseLostError) return;
        onEvent({ kind: "trouble", with: "source", reason: (error as Error).message });
        if (signal.aborted) return;
        await rest(backoffMs(tries, FIRST_PAUSE_MS), signal);
      }
    }
  };

  return {
    take(leased): Held | undefined {
      const { id } = leased.job;
      if (held.has(id)) return undefined;
      const taken = { leased, lost: new AbortController() };
      held.set(id, taken);
      return taken;
    },
    has: (id) => held.has(id),
    ids: () => [...held.keys()],
    size: () => held.size,
    settled: (id, transaction, earned) =>
      end({ kind: "settled", id, transaction, earned }, ({ done }) => done("settled")),
    closed: (id) => end({ kind: "closed", id }, ({ done }) => done("closed")),
    setAside: (id, reason) =>
      end({ kind: "set-aside", id, reason }, ({ giveBack }) => giveBack(reason, { forGood: true })),
    giveBack: (id, reason) => end({ kind: "given-back", id, reason }, ({ giveBack }) => giveBack(reason)),
    async keepAll() {
      const kept = [...held].map(async ([id, { leased }]) => {
        try {
          await leased.keep();
        } catch (error) {
          if (error instanceof LeaseLostError) drop(id);
          else onEvent({ kind: "trouble", with: "source", reason: (error as Error).message });
        }
      });
      await Promise.all(kept);
    },
  };
}
