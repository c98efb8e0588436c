/** Tries mutants in several sandboxes at once. */
import { availableParallelism } from "node:os";

import { startProgress } from "../progress.ts";
import { EQUIVALENT, isMeant, type Equivalent } from "./equivalent.ts";
import type { Mutant } from "./mutants.ts";
import {
  buildSandbox,
  checkUnmutated,
  makeSandbox,
  removeSandbox,
  tryMutant,
  type Sandbox,
  type Verdict,
} from "./sandbox.ts";

/** What became of a mutant, and the entry of the list that said so before. */
export type Trial = { readonly mutant: Mutant; readonly verdict: Verdict; readonly listed: Equivalent | undefined };

/** Tries each mutant; `onTrial` hears of each as it ends. Answers in the order of the mutants. */
export async function tryAll(
  root: string,
  mutants: readonly Mutant[],
  onTrial: (trial: Trial) => void,
): Promise<Trial[]> {
  const sandboxes: Sandbox[] = [];
  try {
    for (let count = 0; count < Math.min(availableParallelism(), mutants.length); count++) {
      sandboxes.push(await makeSandbox(root));
    }
    await prepare(sandboxes, mutants);

    const progress = startProgress("Mutants", mutants.length);
    const trials = new Map<Mutant, Trial>();
    const queue = mutants.values();
    const work = async (sandbox: Sandbox): Promise<void> => {
      // The workers share one iterator: each takes the next mutant when it is done with one.
      for (const mutant of queue) {
        const verdict = await tryMutant(sandbox, mutant, root);
        const trial = { mutant, verdict, listed: EQUIVALENT.find((entry) => isMeant(entry, mutant)) };
        trials.set(mutant, trial);
        progress.end();
        onTrial(trial);
        progress.advance();
      }
    };
    await Promise.all(sandboxes.map(work));
    progress.end();
    return mutants.flatMap((mutant) => trials.get(mutant) ?? []);
  } finally {
    await Promise.all(sandboxes.map(removeSandbox));
  }
}

async function prepare([first, ...others]: readonly Sandbox[], mutants: readonly Mutant[]): Promise<void> {
  if (first === undefined) return;
  const progress = startProgress("Without mutants", 0);
  await Promise.all([checkUnmutated(first, mutants, progress.note), ...others.map(buildSandbox)]);
  progress.end();
}
