/**
 * Changes the hinted wires of a real witness, and demands that a constraint fails. It knows nothing of the rules that
 * show wires to be determined, and so it also checks these.
 */
import { GROUP_ORDER } from "../../protocol/bn254.ts";
import { inverse, reduce } from "../field.ts";
import type { Changes, Evaluation } from "./evaluation.ts";
import { isInput, type Constraint, type Constraints } from "./r1cs-file.ts";

/** Two witnesses for the same inputs: the real one, and the same with these changes. */
export type Counterexample = { readonly witness: readonly bigint[]; readonly changes: Changes };

/** A wire's neighbours that are changed along with it: enough for the next bits, and for a quotient and its remainder. */
const COMPANIONS = 4;

/** The first change of each wire that no constraint rejects. */
export function mutateWitness(circuit: Constraints, evaluation: Evaluation): Counterexample[] {
  const found: Counterexample[] = [];
  const { values } = evaluation;
  for (let wire = 1; wire < circuit.wires; wire++) {
    if (isInput(circuit, wire)) continue;
    const accepted = mutationsOf(circuit, evaluation, wire).find((changes) => {
      return evaluation.brokenBy(changes) === undefined;
    });
    if (accepted !== undefined) found.push({ witness: values, changes: accepted });
  }
  return found;
}

function mutationsOf(circuit: Constraints, evaluation: Evaluation, wire: number): Changes[] {
  const { values } = evaluation;
  const value = values[wire] ?? 0n;
  const alone = [value + 1n, value - 1n, 0n, 1n - value, -value, value + 2n, value + (1n << 64n), value + (1n << 252n)];
  const mutations: Changes[] = [...new Set(alone.map(reduce))]
    .filter((changed) => changed !== value)
    .map((changed) => new Map([[wire, changed]]));
  // A row that adds two wires up stays as it is if what one gains the other loses: a bit moves, a quotient and a remainder.
  const flip = value === 0n ? 1n : -1n;
  for (const { row, part, coefficient } of evaluation.placesOf(wire).slice(0, 2 * COMPANIONS)) {
    const { wires, coefficients } = (circuit.rows[row] as Constraint)[part];
    const at = wires.indexOf(wire);
    const first = Math.max(0, at - COMPANIONS / 2);
    for (let i = first; i <= at + COMPANIONS / 2 && i < wires.length; i++) {
      const companion = wires[i] ?? 0;
      if (i === at || companion === 0 || isInput(circuit, companion)) continue;
      const ratio = (coefficient * inverse(coefficients[i] ?? 1n)) % GROUP_ORDER;
      for (const change of [flip, -flip]) {
        mutations.push(
          new Map([
            [wire, reduce(value + change)],
            [companion, reduce((values[companion] ?? 0n) - change * ratio)],
          ]),
        );
      }
    }
  }
  return mutations;
}
