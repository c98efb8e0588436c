import { setTimeout as sleep } from "node:timers/promises";

const MOST_MS = 30_000;

/** Waits, or less when the signal is aborted meanwhile. */
export async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
}

/** Twice as long after each failure, within bounds. */
export function backoffMs(failures: number, firstMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(failures, 20), Math.max(firstMs, MOST_MS));
}
