/** How many of many checks went well, and what was wrong with the others. */
import { isFromNode } from "../../chain/rpc.ts";
import { UncheckedError, type Check } from "../checks.ts";

/** More would not be read by anybody. */
const MOST_SHOWN = 20;

type Line = { passed: number; failed: number; readonly faults: string[]; readonly unchecked: Map<string, number> };

export function startTally() {
  const lines = new Map<string, Line>();
  const lineOf = (name: string): Line => {
    const line = lines.get(name) ?? { passed: 0, failed: 0, faults: [], unchecked: new Map() };
    lines.set(name, line);
    return line;
  };
  const unchecked = (name: string, reason: string): void => {
    const { unchecked: reasons } = lineOf(name);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  };
  return {
    unchecked,
    /** Checks one thing. A node that does not answer ends it all: it says nothing about the thing. */
    async of(name: string, what: string, work: () => Promise<void>): Promise<void> {
      const line = lineOf(name);
      try {
        await work();
        line.passed += 1;
      } catch (error) {
        if (isFromNode(error) || !(error instanceof Error)) throw error;
        if (error instanceof UncheckedError) {
          unchecked(name, error.message);
          return;
        }
        line.failed += 1;
        if (line.faults.length < MOST_SHOWN) line.faults.push(`${what}: ${error.message}`);
      }
    },
    checks: (): Check[] =>
      [...lines].map(([name, { passed, failed, faults, unchecked: reasons }]) => {
        const left = [...reasons].map(([reason, count]) => `${count} ${reason}`);
        const rest = failed > faults.length ? [`and ${failed - faults.length} more`] : [];
        const says = [`${passed} hold${failed === 0 ? "" : `, ${failed} do not`}`, ...left, ...faults, ...rest].join(
          "\n",
        );
        if (failed > 0) return { name, state: "failed", says };
        return { name, state: passed === 0 && left.length > 0 ? "unchecked" : "ok", says };
      }),
  };
}

export type Tally = ReturnType<typeof startTally>;

/** Something in a bundle is not true. */
export class EntryError extends Error {
  override readonly name = "EntryError";
}
