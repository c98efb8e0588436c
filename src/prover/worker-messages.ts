/** What a pool and its processes tell each other. */
import type { Hex } from "viem";

import type { ProvingProgram } from "./proving-program.ts";

/** The first message to a process: what it has to keep ready. */
export type Preparation = {
  /** Folders of built models by id. */
  readonly models: ReadonlyMap<Hex, string>;
  readonly program: ProvingProgram;
  /** A folder of its own for files that come and go. */
  readonly scratch: string;
};

/** One proof to make. */
export type Task = {
  readonly model: Hex;
  readonly fields: readonly number[];
  readonly salt: bigint;
  readonly input: Hex;
  readonly output: Hex;
  readonly context: bigint;
};

export type WorkerMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "proof"; readonly proof: Hex }
  /** @param isTasks The task can be proven by nobody, as far as the process can tell. */
  | { readonly kind: "failure"; readonly reason: string; readonly isTasks: boolean };
