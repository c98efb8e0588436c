/** Where jobs come from: the database's queue, or a gateway's feed. */
import type { Hex } from "viem";

import type { Job } from "../protocol/wire.ts";

/** A job that is in this prover's hand for a while. */
export type Leased = {
  readonly job: Job;
  /** Tells the source that the job is in hand still; rejects with LeaseLostError when it is not. */
  readonly keep: () => Promise<void>;
  readonly done: (outcome: "settled" | "closed") => Promise<void>;
  /** Back to the queue, or aside for good with a reason. */
  readonly giveBack: (reason: string, options?: { readonly forGood?: boolean }) => Promise<void>;
};

export type JobSource = {
  readonly lease: (most: number) => Promise<readonly Leased[]>;
  readonly stop: () => Promise<void>;
};

/** Several sources as one: each lease begins with another, and one that does not answer holds up no other. */
export function joinSources(sources: readonly JobSource[]): JobSource {
  let turn = 0;
  return {
    async lease(most) {
      const leased: Leased[] = [];
      const failures: unknown[] = [];
      turn += 1;
      for (let step = 0; step < sources.length && leased.length < most; step++) {
        const source = sources[(turn + step) % sources.length];
        try {
          leased.push(...((await source?.lease(most - leased.length)) ?? []));
        } catch (error) {
          failures.push(error);
        }
      }
      if (leased.length === 0 && failures.length > 0) throw failures[0];
      return leased;
    },
    async stop() {
      await Promise.all(sources.map((source) => source.stop()));
    },
  };
}

/** A job is in somebody else's hand by now, or in nobody's. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
  readonly id: Hex;

  constructor(id: Hex) {
    super(`The lease of job ${id} has ended. Lease it again before more is spent on it.`);
    this.id = id;
  }
}
