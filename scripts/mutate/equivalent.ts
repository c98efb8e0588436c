/**
 * Mutants that no test can notice, each with its reason. An entry names its mutant by what it does to which line of
 * which function, so that it outlives edits elsewhere; an entry without a mutant, or whose mutant a test notices after
 * all, fails the run.
 */
import type { Mutant } from "./mutants.ts";

export type Equivalent = Pick<Mutant, "file" | "within" | "before" | "after"> & {
  /** Which one of those that read the same, if not the first. */
  readonly occurrence?: number;
  readonly reason: string;
};

export const EQUIVALENT: readonly Equivalent[] = [];

/** Whether an entry of the list means this mutant. */
export function isMeant(entry: Equivalent, mutant: Mutant): boolean {
  return (
    entry.file === mutant.file &&
    entry.within === mutant.within &&
    entry.before === mutant.before &&
    entry.after === mutant.after &&
    (entry.occurrence ?? 1) === mutant.occurrence
  );
}
