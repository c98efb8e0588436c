/** The body of the threads that compare: answers each list of cases with the first that differs, if one does. */
import { parentPort, workerData } from "node:worker_threads";

import { comparisonOf, type Case, type Compared, type Mismatch } from "./comparison.ts";

const compare = comparisonOf(workerData as Compared);

parentPort?.on("message", (cases: readonly Case[]) => void compareAll(cases));

async function compareAll(cases: readonly Case[]): Promise<void> {
  let mismatch: Mismatch | undefined;
  for (const each of cases) mismatch ??= await compare(each);
  parentPort?.postMessage(mismatch);
}
