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

/** A job is in somebody else's hand by now, or in nobody's. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
  readonly id: Hex;

  constructor(id: Hex) {
    super(`The lease of job ${id} has ended. Lease it again before more is spent on it.`);
    this.id = id;
  }
}
