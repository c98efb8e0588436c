import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { tryAll } from "./mutate/campaign.ts";
import { findMutants, type Mutant } from "./mutate/mutants.ts";
import { describeMutant, describeReport, judge, rowOf } from "./mutate/report.ts";
import { UsageError, runCommand } from "../src/cli/usage.ts";

const USAGE = `Usage: npm run mutate -- [--only contracts/Escrow.sol[:line]] [--list] [--json]

Breaks the contracts in one place at a time, in copies of the project, and runs the tests: each must notice.
What became of a mutant is kept in .cache/mutants until a contract or a test changes, so a run that was cut short goes on.
Exits with 1 if one survives that scripts/mutate/equivalent.ts does not excuse, or if that list is wrong.

  --only     the mutants of one file, or of one line of it
  --list     print the mutants and try none
  --json     print an array of what became of each mutant
  --help     print this`;

const OPTIONS = {
  only: { type: "string", default: "" },
  list: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const ROOT = fileURLToPath(new URL("..", import.meta.url));

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const all = findMutants(ROOT);
  const chosen = choose(all, values.only);
  if (values.list) {
    for (const mutant of chosen) console.log(describeMutant(mutant));
    console.log(`${chosen.length} mutants`);
    return;
  }
  const trials = await tryAll(ROOT, chosen, ({ mutant, verdict, listed }) => {
    if (verdict.fate !== "survived" || listed !== undefined) return;
    console.error(`survived: ${describeMutant(mutant)}`);
  });
  const report = judge(trials, all);
  console.log(values.json ? JSON.stringify(trials.map(rowOf), null, 2) : describeReport(report));
  if (report.survivors.length + report.rotten.length > 0) process.exitCode = 1;
}

function choose(mutants: readonly Mutant[], only: string): readonly Mutant[] {
  const [file = "", line] = only.split(":");
  const chosen = mutants.filter(
    (mutant) => mutant.file.endsWith(file) && (line === undefined || mutant.line === Number(line)),
  );
  if (chosen.length === 0) throw new UsageError(`There is no mutant at ${only}.`);
  return chosen;
}

// An interrupt is an exit like any other, so that no copy of the project stays behind.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

await runCommand(USAGE, main);
