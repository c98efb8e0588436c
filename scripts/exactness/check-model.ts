import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

import type { Case, Compared, Mismatch } from "./comparison.ts";

/** Few enough that threads end at about the same time. */
const CASES_A_MESSAGE = 20;

const BODY = new URL("./worker.ts", import.meta.url);

/**
 * Compares a program with its circuit on all cores, and stops at the first case that differs.
 *
 * @param onDone Called with how many more cases agreed.
 */
export async function firstMismatch(
  compared: Compared,
  cases: readonly Case[],
  onDone: (count: number) => void,
): Promise<Mismatch | undefined> {
  let next = 0;
  let found: Mismatch | undefined;
  const take = (): readonly Case[] => {
    const taken = found === undefined ? cases.slice(next, next + CASES_A_MESSAGE) : [];
    next += taken.length;
    return taken;
  };
  const work = async (): Promise<void> => {
    const worker = new Worker(BODY, { workerData: compared });
    try {
      for (let taken = take(); taken.length > 0; taken = take()) {
        const mismatch = await ask(worker, taken);
        found ??= mismatch;
        onDone(taken.length);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return found;
}

function ask(worker: Worker, cases: readonly Case[]): Promise<Mismatch | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Mismatch | undefined>();
  worker.once("message", resolve).once("error", reject);
  worker.postMessage(cases);
  return promise.finally(() => worker.off("error", reject));
}
