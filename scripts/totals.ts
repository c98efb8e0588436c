import { readFileSync, writeFileSync } from "node:fs";

/** How many tests of a run had which outcome. */
export type Totals = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** Names the file into which a test runner that `npm test` starts writes its totals. */
export const TOTALS_FILE = "ASSAY_TOTALS_FILE";

/** Says how many runs each invariant campaign has, if not as many as it is meant to have. */
export const INVARIANT_RUNS_VARIABLE = "ASSAY_INVARIANT_RUNS";

/** Writes a run's totals for whoever asked for them; does nothing when nobody did. */
export function reportTotals({ passed, failed, skipped }: Totals): void {
  const file = process.env[TOTALS_FILE];
  if (file !== undefined) writeFileSync(file, JSON.stringify({ passed, failed, skipped }));
}

/** Reads what `reportTotals` wrote: nothing, if the runner ended before it got that far. */
export function readTotals(file: string): Totals | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Totals;
  } catch {
    return undefined;
  }
}

export function addTotals(all: readonly Totals[]): Totals {
  return all.reduce(
    (sum, { passed, failed, skipped }) => ({
      passed: sum.passed + passed,
      failed: sum.failed + failed,
      skipped: sum.skipped + skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}

/** The totals in words. */
export function describeTotals({ passed, failed }: Totals): string {
  return `${passed} passed, ${failed} failed`;
}
