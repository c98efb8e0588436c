/** Tries mutants in several sandboxes at once. */
import { availableParallelism } from "node:os";

import { startProgress } from "../../src/cli/progress.ts";
import { EQUIVALENT, isMeant, type Equivalent } from "./equivalent.ts";
import type { Mutant } from "./mutants.ts";
import { checkUnmutated, makeSandbox, tryMutant, type Sandbox, type Verdict } from "./sandbox.ts";
import { BUILD, suitesForAny } from "./suites.ts";
import { openVerdicts } from "./verdicts.ts";

/** What became of a mutant, and the entry of the list that said so before. */
export type Trial = { readonly mutant: Mutant; readonly verdict: Verdict; readonly listed: Equivalent | undefined };

/** Tries each mutant of the project at `root` that has no verdict yet; `onTrial` hears of each as it ends. */
export async function tryAll(
  root: string,
  mutants: readonly Mutant[],
  onTrial: (trial: Trial) => void,
): Promise<Trial[]> {
  const verdicts = openVerdicts(root);
  const trials: Trial[] = [];
  const end = (mutant: Mutant, verdict: Verdict): void => {
    const trial = { mutant, verdict, listed: EQUIVALENT.find((entry) => isMeant(entry, mutant)) };
    trials.push(trial);
    onTrial(trial);
  };

  const untried: Mutant[] = [];
  for (const mutant of mutants) {
    const verdict = verdicts.find(mutant);
    if (verdict === undefined) untried.push(mutant);
    else end(mutant, verdict);
  }
  const count = Math.min(availableParallelism(), untried.length);
  const sandboxes = await Promise.all(Array.from({ length: count }, () => makeSandbox(root)));
  await prepare(sandboxes, untried);

  const progress = startProgress("Mutants", untried.length);
  await share(untried, sandboxes, async (mutant, sandbox) => {
    const verdict = await tryMutant(sandbox, mutant);
    verdicts.keep(mutant, verdict);
    progress.end();
    end(mutant, verdict);
    progress.advance();
  });
  progress.end();
  return trials;
}

/** Builds in every sandbox, and sees to it that the tests pass where nothing is mutated. */
async function prepare(sandboxes: readonly Sandbox[], mutants: readonly Mutant[]): Promise<void> {
  const suites = sandboxes.slice(0, 1).flatMap(({ files }) => suitesForAny(mutants, files));
  const progress = startProgress("Tests without mutants", suites.length);
  await Promise.all(sandboxes.map((sandbox) => checkUnmutated(sandbox, BUILD)));
  await share(suites, sandboxes, async (suite, sandbox) => {
    await checkUnmutated(sandbox, suite);
    progress.advance();
  });
  progress.end();
}

/** Has each item worked on in the first sandbox that is free. */
async function share<T>(
  items: readonly T[],
  sandboxes: readonly Sandbox[],
  work: (item: T, sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const drain = async (sandbox: Sandbox): Promise<void> => {
    for (const item of queue) await work(item, sandbox);
  };
  await Promise.all(sandboxes.map(drain));
}
