/** Starts a prover's process, on the PostgreSQL of a provider's gateways. */
import type { Hex } from "viem";

import type { BatchLimits } from "../../src/prover/batch.ts";
import type { Deployment } from "../../src/protocol/deployment.ts";
import { forkPart, type ForkedPart, type ForkOptions } from "./fork-part.ts";

export type ProverTask = {
  readonly rpc: string;
  readonly deployment: Deployment;
  readonly databaseUrl: string;
  /** Of the built models that it proves. */
  readonly folders: readonly string[];
  readonly privateKey: Hex;
  readonly limits: Partial<BatchLimits>;
  readonly workers: number;
  readonly confirmations: number;
  readonly tokenDecimals: number;
  readonly pollMs: number;
};

export type ForkedProver = ForkedPart;

const BODY = new URL("./prover-process.ts", import.meta.url);

export async function forkProver(task: ProverTask, options?: ForkOptions): Promise<ForkedProver> {
  return forkPart(BODY, task, options);
}
