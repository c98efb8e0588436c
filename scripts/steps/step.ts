import type { StdioOptions } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runChild } from "../child.mjs";
import { BUILT } from "../local/build-contracts.ts";
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
  const outcomes: Outcome[] = [];
  // One after the other: the checks begin with the build, which all others need.
  for (const step of steps.filter(({ kind }) => kind === "check")) {
    console.log(`\n--- ${step.name}`);
    outcomes.push({ name: step.name, totals: await runStep(step, "inherit") });
  }
  const runners = steps.filter(({ kind }) => kind === "tests");
  if (runners.length > 0) console.log(`\n--- ${runners.map(({ name }) => name).join(", and beside them ")}`);
  outcomes.push(...(await Promise.all(runners.map(runBeside))));

  console.log();
  for (const { name, totals } of outcomes) {
    const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : "";
    console.log(`${name}: ${describeTotals(totals)}${skipped}`);
  }
  const total = addTotals(outcomes.map(({ totals }) => totals));
  console.log(`\n${describeTotals(total)}`);
  return total.failed === 0 ? 0 : 1;
}

type Outcome = { readonly name: string; readonly totals: Totals };

/** Runs tests at the same time as others: what the first prints is seen at once, what the others print when they end. */
async function runBeside(step: Step, index: number): Promise<Outcome> {
  if (index === 0) return { name: step.name, totals: await runStep(step, "inherit") };
  const folder = mkdtempSync(join(tmpdir(), "assay-output-"));
  const file = openSync(join(folder, "output"), "w+");
  const totals = await runStep(step, ["ignore", file, file]);
  console.log(`\n--- ${step.name}\n${readFileSync(join(folder, "output"), "utf8")}`);
  closeSync(file);
  rmSync(folder, { recursive: true });
  return { name: step.name, totals };
}

async function runStep({ kind, command: [tool, ...toolArguments] }: Step, stdio: StdioOptions): Promise<Totals> {
  const folder = mkdtempSync(join(tmpdir(), "assay-totals-"));
  const totalsFile = join(folder, "totals.json");
  const code = await runChild(process.execPath, [join("node_modules", ".bin", tool), ...toolArguments], {
    stdio,
    env: { ...process.env, [TOTALS_FILE]: totalsFile, ...(kind === "tests" ? { [BUILT]: "true" } : {}) },
  });
  const totals = kind === "tests" ? readTotals(totalsFile) : undefined;
  rmSync(folder, { recursive: true });

  if (kind === "check") return code === 0 ? PASSED : FAILED;
  // A runner that crashed, found no test, or failed outside of all of them has failed, whatever it counted.
  if (totals === undefined) return FAILED;
  const isAccountedFor = totals.failed > 0 || (code === 0 && totals.passed > 0);
  return isAccountedFor ? totals : addTotals([totals, FAILED]);
}
