/** Whether what a verifier sees, and what a prover gives, is in the constraints at all. */
import { isConstant, linearOf } from "./linear.ts";
import { isInput, privateRange, wiresOf, type Constraint, type Constraints } from "./r1cs-file.ts";

export type SignalFindings = {
  /** Public signals that can be replaced in a proof without breaking a constraint that says anything. */
  readonly unconstrained: readonly number[];
  /** Private inputs in no constraint. */
  readonly unused: readonly number[];
};

/**
 * A public signal is constrained if it is in a product, or in a linear constraint with something else that matters: a
 * signal of the outside, or a wire that is in other constraints too. One that only defines an idle wire is not.
 */
export function checkSignals(circuit: Constraints): SignalFindings {
  const occurrences = new Uint32Array(circuit.wires);
  for (const row of circuit.rows) for (const wire of wiresOf(row)) occurrences[wire] = (occurrences[wire] ?? 0) + 1;
  const { first, end } = privateRange(circuit);
  const constrained = new Set<number>();
  for (const row of circuit.rows) {
    const wires = wiresOf(row);
    if (![...wires].some((wire) => wire < first)) continue;
    const says =
      isProduct(row) ||
      [...wires].filter((wire) => wire < first || isInput(circuit, wire) || (occurrences[wire] ?? 0) > 1).length > 1 ||
      wires.size === 1;
    if (says) for (const wire of wires) constrained.add(wire);
  }
  return {
    unconstrained: range(1, first).filter((wire) => !constrained.has(wire)),
    unused: range(first, end).filter((wire) => occurrences[wire] === 0),
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function isProduct({ a, b }: Constraint): boolean {
  return !isConstant(linearOf(a)) && !isConstant(linearOf(b));
}
