import { setTimeout as sleep } from "node:timers/promises";

/** Resolves once something holds. It is the test's own time limit that ends the waiting. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await sleep(10);
}
