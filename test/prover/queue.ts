/** A source of jobs in memory, that a test can look into and break. */
import type { Hex } from "viem";

import type { Job } from "../../src/protocol/wire.ts";
import { LeaseLostError, type JobSource, type Leased } from "../../src/prover/job-source.ts";

export type Ending =
  { readonly kind: "settled" | "closed" } | { readonly kind: "given-back" | "set-aside"; readonly reason: string };

/** The database, say, does not answer. */
export class QueueDownError extends Error {
  override readonly name = "QueueDownError";

  constructor() {
    super("The queue is down.");
  }
}

/** Starts with these jobs. What is given back is leased again. */
export function startQueue(jobs: readonly Job[] = []) {
  const waiting = [...jobs];
  const leased = new Set<Hex>();
  const endings = new Map<Hex, Ending[]>();
  let [isDown, keeps, leases] = [false, 0, 0];
  const lost = new Set<Hex>();

  const end = (id: Hex, ending: Ending): void => {
    if (isDown) throw new QueueDownError();
    leased.delete(id);
    endings.set(id, [...(endings.get(id) ?? []), ending]);
  };

  const hand = (job: Job): Leased => ({
    job,
    async keep() {
      keeps++;
      if (lost.has(job.id)) throw new LeaseLostError(job.id);
    },
    async done(kind) {
      end(job.id, { kind });
    },
    async giveBack(reason, { forGood = false } = {}) {
      end(job.id, { kind: forGood ? "set-aside" : "given-back", reason });
      if (!forGood) waiting.push(job);
    },
  });

  const source: JobSource = {
    async lease(most) {
      leases++;
      if (isDown) throw new QueueDownError();
      const taken = waiting.splice(0, most);
      for (const { id } of taken) leased.add(id);
      return taken.map(hand);
    },
    async stop() {},
  };
  return {
    source,
    add: (...more: readonly Job[]) => waiting.push(...more),
    /** Another has the job from now on. */
    lose: (id: Hex) => lost.add(id),
    breakDown: (): void => void (isDown = true),
    repair: (): void => void (isDown = false),
    /** What became of each job, in order. */
    endings: (...of: readonly Job[]) => of.map(({ id }) => (endings.get(id) ?? []).map(({ kind }) => kind)),
    reasons: ({ id }: Job) => (endings.get(id) ?? []).flatMap((each) => ("reason" in each ? [each.reason] : [])),
    leased: () => leased.size,
    waiting: () => waiting.length,
    keeps: () => keeps,
    leases: () => leases,
  };
}
