/** Remembers what became of mutants, so that a run that was cut short goes on where it stopped. */
import { createHash } from "node:crypto";
import { appendFileSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { Mutant } from "./mutants.ts";
import type { Verdict } from "./sandbox.ts";

/** What a verdict depends on, besides the mutant. */
const SUBJECT = [
  "contracts/**/*.sol",
  "test/{contracts,helpers,protocol}/**/*.*",
  "scripts/mutate/{hardhat.config,suites}.ts",
  "scripts/hardhat/*.ts",
];

export type Verdicts = {
  readonly find: (mutant: Mutant) => Verdict | undefined;
  readonly keep: (mutant: Mutant, verdict: Verdict) => void;
};

/** Opens the verdicts on the project at `root` as it is now: any edit of contracts or tests starts a new page. */
export function openVerdicts(root: string): Verdicts {
  const folder = join(root, ".cache", "mutants");
  mkdirSync(folder, { recursive: true });
  const page = join(folder, `${hashSubject(root)}.jsonl`);
  appendFileSync(page, "");
  // The last line is cut short when the process was.
  const lines = readFileSync(page, "utf8").split("\n").slice(0, -1);
  const known = new Map(lines.map((line) => JSON.parse(line) as [string, Verdict]));
  return {
    find: (mutant) => known.get(keyOf(mutant)),
    keep: (mutant, verdict) => appendFileSync(page, `${JSON.stringify([keyOf(mutant), verdict])}\n`),
  };
}

function keyOf({ file, content }: Mutant): string {
  return createHash("sha256").update(file).update("\0").update(content).digest("hex");
}

function hashSubject(root: string): string {
  const hash = createHash("sha256");
  for (const file of globSync(SUBJECT, { cwd: root }).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}
