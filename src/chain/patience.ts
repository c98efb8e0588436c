/** Waiting that can be called off, and trying again for as long as a node is in trouble. */
import { chainErrorOf, isFromNode } from "./rpc.ts";

const LONGEST_MS = 30_000;

/** Resolves after a time, or at once when the waiting is called off. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const callOff = (): void => resolve();
  signal.addEventListener("abort", callOff, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", callOff);
}

/** How long to wait after so many failures in a row. */
export function backoff(failures: number, firstMs: number): number {
  return Math.min(firstMs * 2 ** Math.min(failures, 30), Math.max(firstMs, LONGEST_MS));
}

export type Patience = { readonly origin: string; readonly firstMs: number; readonly signal: AbortSignal };

/** Does something until the node is not in the way, or until it is called off: then its trouble is what is thrown. */
export async function patiently<T>({ origin, firstMs, signal }: Patience, attempt: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isFromNode(error) || signal.aborted) throw chainErrorOf(error, origin);
      await pause(backoff(failures, firstMs), signal);
    }
  }
}
