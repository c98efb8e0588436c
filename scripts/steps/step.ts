import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runChild } from "../child.mjs";
import { addTotals, describeTotals, readTotals, TOTALS_FILE, type Totals } from "../totals.ts";

/** A tool with its arguments, whose outcome is one test, or a runner that reports the totals of many. */
export type Step = {
  readonly name: string;
  readonly kind: "check" | "tests";
  readonly command: readonly [string, ...string[]];
};

const PASSED: Totals = { passed: 1, failed: 0, skipped: 0 };
const FAILED: Totals = { passed: 0, failed: 1, skipped: 0 };

/** Runs all steps, whatever becomes of each, and ends with their totals on a line. Answers the exit code. */
export async function runSteps(steps: readonly Step[]): Promise<number> {
  const outcomes: { name: string; totals: Totals }[] = [];
  for (const step of steps) {
    console.log(`\n--- ${step.name}`);
    // One after the other: they share the compiler's output, and their own should stay readable.
    outcomes.push({ name: step.name, totals: await runStep(step) });
  }

  console.log();
  for (const { name, totals } of outcomes) console.log(`${name}: ${describeTotals(totals)}`);
  const total = addTotals(outcomes.map(({ totals }) => totals));
  console.log(`\n${describeTotals(total)}`);
  return total.failed === 0 ? 0 : 1;
}

async function runStep({ kind, command: [tool, ...toolArguments] }: Step): Promise<Totals> {
  const folder = mkdtempSync(join(tmpdir(), "assay-totals-"));
  const totalsFile = join(folder, "totals.json");
  const code = await runChild(process.execPath, [join("node_modules", ".bin", tool), ...toolArguments], {
    stdio: "inherit",
    env: { ...process.env, [TOTALS_FILE]: totalsFile },
  });
  const totals = kind === "tests" ? readTotals(totalsFile) : undefined;
  rmSync(folder, { recursive: true });

  if (kind === "check") return code === 0 ? PASSED : FAILED;
  // A runner that crashed, found no test, or failed outside of all of them has failed, whatever it counted.
  if (totals === undefined) return FAILED;
  const isAccountedFor = totals.failed > 0 || (code === 0 && totals.passed > 0);
  return isAccountedFor ? totals : addTotals([totals, FAILED]);
}
