/** Groups proven fills by their verifier, and says when a group has to be settled. Knows no clock but what it is told. */
import type { Address } from "viem";

export type BatchLimits = {
  /** The most fills of one settlement. */
  readonly batchSize: number;
  /** How long a fill waits for others. */
  readonly maxWaitSeconds: number;
  /** How long before its deadline a fill waits no more. */
  readonly deadlineMarginSeconds: number;
};

export const BATCH_LIMITS: BatchLimits = { batchSize: 32, maxWaitSeconds: 60, deadlineMarginSeconds: 300 };

/** What decides when a fill is settled, and with which others. */
export type Batchable = { readonly verifier: Address; readonly deadline: number };

/** Now on this machine, in seconds of any start; and now on the chain, in Unix time. */
export type Now = { readonly local: number; readonly chain: number };

export type Batches<Item> = {
  readonly add: (item: Item, now: Now) => void;
  /** Takes out the batches that have to be settled now, the nearest deadline first. */
  readonly takeDue: (now: Now) => Item[][];
  /** Takes out everything, in batches. */
  readonly takeAll: () => Item[][];
  readonly size: () => number;
};

/** Starts with no fill. */
export function startBatches<Item extends Batchable>(limits: BatchLimits): Batches<Item> {
  const { batchSize, maxWaitSeconds, deadlineMarginSeconds } = limits;
  const groups = new Map<string, Map<Item, number>>();

  const isDue = (item: Item, since: number, now: Now): boolean =>
    now.local - since >= maxWaitSeconds || isNear(item, now.chain, deadlineMarginSeconds);

  /** The nearest deadlines first, so that what cannot wait is in the first batch. */
  const take = (group: Map<Item, number>, most: number): Item[] => {
    const items = [...group.keys()].sort((a, b) => a.deadline - b.deadline).slice(0, most);
    for (const item of items) group.delete(item);
    return items;
  };

  const takeDue = (now: Now): Item[][] => {
    const due: Item[][] = [];
    for (const group of groups.values()) {
      while (group.size >= batchSize) due.push(take(group, batchSize));
      // Those that can wait go along: the others pay for the transaction.
      if ([...group].some(([item, since]) => isDue(item, since, now))) due.push(take(group, batchSize));
    }
    return due.sort((a, b) => deadlineOf(a) - deadlineOf(b));
  };

  return {
    takeDue,
    add(item, now) {
      const group = groups.get(item.verifier.toLowerCase()) ?? new Map<Item, number>();
      groups.set(item.verifier.toLowerCase(), group.set(item, now.local));
    },
    takeAll() {
      const all: Item[][] = [];
      for (const group of groups.values()) while (group.size > 0) all.push(take(group, batchSize));
      return all;
    },
    size: () => [...groups.values()].reduce((sum, group) => sum + group.size, 0),
  };
}

/** Whether a fill can wait no longer. */
export function isNear({ deadline }: Batchable, chainTime: number, marginSeconds: number): boolean {
  return deadline - chainTime <= marginSeconds;
}

function deadlineOf([first]: readonly Batchable[]): number {
  return first?.deadline ?? Infinity;
}
