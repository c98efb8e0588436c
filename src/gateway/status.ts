/** What became of a request, for whoever has its id: what is on chain anyway, and never its input. */
import type { Hex } from "viem";

import { findOutcomes, type Outcome } from "../store/chain-state.ts";
import type { Database } from "../store/database.ts";
import { findRequests, type JournalRow } from "../store/journal.ts";

export const EVENTS = [
  "received",
  "opened",
  "answered",
  "proving",
  "settled",
  "slashed",
  "refunded",
  "expired",
] as const;

export type RequestEvent = {
  readonly event: (typeof EVENTS)[number];
  /** Milliseconds of Unix time, or seconds of the chain's as milliseconds. */
  readonly at: number | null;
  readonly transaction?: Hex;
  readonly block?: number;
  readonly amount?: string;
};

export type RequestStatus = {
  readonly id: Hex;
  readonly state: (typeof EVENTS)[number];
  /** Whether nothing more can happen, in final blocks. */
  readonly isFinal: boolean;
  readonly output: Hex | null;
  readonly charge: string | null;
  readonly deadline: number;
  readonly events: readonly RequestEvent[];
};

/** The status of each request that the journal has. */
export async function statusesOf(database: Database, ids: readonly Hex[]): Promise<RequestStatus[]> {
  const rows = await findRequests(database, ids);
  const outcomes = Map.groupBy(await findOutcomes(database, ids), ({ id }) => id);
  return rows.map((row) => statusOf(row, outcomes.get(row.id) ?? []));
}

const NAMES = { opened: "opened", settled: "settled", reclaimed: "refunded", penalised: "slashed" } as const;

function statusOf(row: JournalRow, outcomes: readonly Outcome[]): RequestStatus {
  const events: RequestEvent[] = [{ event: "received", at: row.receivedAt }];
  const onChain = outcomes.map(({ kind, at, transaction, block, amount }): RequestEvent => {
    return { event: NAMES[kind], at: at * 1000, transaction, block, amount: amount.toString() };
  });
  events.push(...onChain.filter(({ event }) => event === "opened"));
  if (row.answeredAt !== undefined) events.push({ event: "answered", at: row.answeredAt });
  if (row.provingAt !== undefined) events.push({ event: "proving", at: row.provingAt });
  if (row.closed === "expired") events.push({ event: "expired", at: row.request.deadline * 1000 });
  events.push(...onChain.filter(({ event }) => event !== "opened"));
  return {
    id: row.id,
    state: events.at(-1)?.event ?? "received",
    isFinal:
      row.closed !== undefined && !(row.closed === "expired" && row.request.penalty > 0n && !isSlashed(outcomes)),
    output: row.output ?? null,
    charge: row.charge?.toString() ?? null,
    deadline: row.request.deadline,
    events,
  };
}

function isSlashed(outcomes: readonly Outcome[]): boolean {
  return outcomes.some(({ kind }) => kind === "penalised");
}

export type StatusWatcher = {
  readonly count: () => number;
  /** Calls back with the status again and again, until the function that it answers is called. */
  readonly watch: (id: Hex, tell: (status: RequestStatus) => void) => () => void;
  readonly stop: () => void;
};

/** Tells the statuses of requests as they change: one query for all that are watched. */
export function watchStatuses(database: Database, everyMs: number, onError: (error: Error) => void): StatusWatcher {
  type Watcher = { readonly id: Hex; readonly tell: (status: RequestStatus) => void };
  const watchers = new Set<Watcher>();
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    const ids = [...new Set([...watchers].map(({ id }) => id))];
    const statuses = new Map((await statusesOf(database, ids)).map((status) => [status.id, status]));
    for (const { id, tell } of watchers) {
      const status = statuses.get(id);
      if (status !== undefined) tell(status);
    }
  };
  let isLooking = false;
  const tick = (): void => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((error: unknown) => onError(error as Error))
      .finally(() => {
        isLooking = false;
      });
  };
  return {
    count: () => watchers.size,
    watch(id: Hex, tell: Watcher["tell"]): () => void {
      const watcher = { id, tell };
      watchers.add(watcher);
      timer ??= setInterval(tick, everyMs);
      tick();
      return () => {
        watchers.delete(watcher);
        if (watchers.size === 0) {
          clearInterval(timer);
          timer = undefined;
        }
      };
    },
    stop() {
      clearInterval(timer);
      watchers.clear();
    },
  };
}
