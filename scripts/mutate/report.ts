/** The words about mutants. */
import type { Trial } from "./campaign.ts";
import { EQUIVALENT, isMeant, type Equivalent } from "./equivalent.ts";
import type { Mutant } from "./mutants.ts";
import type { Fate } from "./sandbox.ts";

export type Report = {
  readonly trials: readonly Trial[];
  /** Nothing noticed them, and the list does not excuse them. */
  readonly survivors: readonly Trial[];
  /** Entries of the list that a test contradicts, or that mean no mutant. */
  readonly rotten: readonly Equivalent[];
};

/** Judges trials of some of `all` mutants. */
export function judge(trials: readonly Trial[], all: readonly Mutant[]): Report {
  const survivors = trials.filter(({ verdict, listed }) => verdict.fate === "survived" && listed === undefined);
  const contradicted = trials.flatMap(({ verdict, listed }) => (verdict.fate === "survived" ? [] : (listed ?? [])));
  const unknown = EQUIVALENT.filter((entry) => !all.some((mutant) => isMeant(entry, mutant)));
  return { trials, survivors, rotten: [...new Set([...contradicted, ...unknown])] };
}

export function describeMutant({ id, within, before, after }: Mutant): string {
  return `${id}${within === "" ? "" : ` in ${within}`}\n    - ${before}\n    + ${after}`;
}

/** The end of the story: how many fell, who stands, and what the list has wrong. */
export function describeReport({ trials, survivors, rotten }: Report): string {
  const count = (fate: Fate): number => trials.filter(({ verdict }) => verdict.fate === fate).length;
  const equivalent = count("survived") - survivors.length;
  const counts = [
    `${count("killed")} killed`,
    `${count("timeout")} ran out of time`,
    `${count("stillborn")} stillborn`,
    `${equivalent} equivalent`,
    `${survivors.length} survived`,
  ];
  return [
    ...survivors.map(({ mutant }) => `survived: ${describeMutant(mutant)}`),
    ...rotten.map(({ file, within, after }) => `not equivalent, or no mutant: ${file}, ${within}: ${after}`),
    `${trials.length} mutants: ${counts.join(", ")}`,
  ].join("\n");
}

/** A trial for programs to read. */
export function rowOf({ mutant, verdict, listed }: Trial) {
  const { id, file, line, kind, within, before, after } = mutant;
  return { id, file, line, kind, within, before, after, ...verdict, equivalent: listed?.reason ?? null };
}
