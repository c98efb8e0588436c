/** The jobs in a prover's hand: their leases are kept up, and each is handed back or done exactly once. */
import type { Hex } from "viem";

import { reasonOf } from "./plain.ts";
import { LeaseLostError, type Leased } from "./job-source.ts";
import type { ProverEvent } from "./prover-events.ts";
import { backoffMs, rest } from "./rest.ts";

export type Held = {
  /** The newest lease, where an older one ran out. */
  leased: Leased;
  /** Aborted when the job is another's by now. */
  readonly lost: AbortController;
  /** With a proof it is settled whoever else has it: the first to settle is paid. */
  isProven: boolean;
};

export type Hand = {
  /** Undefined when it is in hand already. */
  readonly take: (leased: Leased) => Held | undefined;
  /** Whether it was in hand still when it was proven. */
  readonly proven: (id: Hex) => boolean;
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
    const found = held.get(id);
    if (found === undefined || found.isProven) return;
    held.delete(id);
    found.lost.abort();
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
        onEvent({ kind: "trouble", with: "source", reason: reasonOf(error) });
        if (signal.aborted) return;
        await rest(backoffMs(tries, FIRST_PAUSE_MS), signal);
      }
    }
  };

  return {
    take(leased): Held | undefined {
      const { id } = leased.job;
      const known = held.get(id);
      if (known !== undefined) {
        known.leased = leased;
        return undefined;
      }
      const taken: Held = { leased, lost: new AbortController(), isProven: false };
      held.set(id, taken);
      return taken;
    },
    proven(id) {
      const found = held.get(id);
      if (found !== undefined) found.isProven = true;
      return found !== undefined;
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
          else onEvent({ kind: "trouble", with: "source", reason: reasonOf(error) });
        }
      });
      await Promise.all(kept);
    },
  };
}
