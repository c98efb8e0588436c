/**
 * Which private inputs the public signals fix. An input that nothing public depends on one-to-one, such as a weight
 * that is hashed nowhere, can be chosen by the prover after it has seen everything else.
 *
 * That a hash fixes what was hashed is an assumption. It is made of results that are at least MIN_ROUNDS power maps away
 * from their input, on every way between the two with nothing but linear steps otherwise: Poseidon's eight full rounds,
 * or MiMC's many. All else is shown, by the same rules that show wires to be determined by the inputs.
 */
import type { Linear, Variable } from "./linear.ts";
import { Propagation } from "./propagation.ts";
import { privateRange, type Constraints } from "./r1cs-file.ts";
import { findSBoxes, type SBox } from "./s-boxes.ts";
import type { System } from "./system.ts";

const MIN_ROUNDS = 8;

/**
 * The private inputs that the public signals are not shown to fix.
 *
 * @param forward What the inputs determine: it tells which way the hashes run.
 */
export function unboundInputs(circuit: Constraints, forward: Propagation): number[] {
  const { first, end } = privateRange(circuit);
  const { system } = forward;
  const given = Array.from({ length: first }, (_, wire) => wire);
  // What was hashed is known with the hash: a variable that is given, and equal to it.
  let { variables } = system;
  const equations = [...system.equations];
  for (const { input } of hashedInto(given, forward)) {
    given.push(variables);
    equations.push({
      constant: input.constant,
      variables: [...input.variables, variables],
      coefficients: [...input.coefficients, -1n],
    });
    variables++;
  }
  const backward = new Propagation({ ...system, equations, variables }, given);
  return Array.from({ length: end - first }, (_, i) => first + i).filter((wire) => !backward.isDetermined(wire));
}

/** The S-boxes that are far enough behind something public. */
function hashedInto(published: readonly Variable[], forward: Propagation): SBox[] {
  const boxes = findSBoxes(forward.system);
  const rounds = new Map<Variable, number>();
  const reached = new Map<SBox, number>();
  let layer = startsOf(published, forward);
  for (let round = 0; layer.length > 0; round++) {
    const next: Variable[] = [];
    for (let variable = layer.pop(); variable !== undefined; variable = layer.pop()) {
      if (rounds.has(variable)) continue;
      rounds.set(variable, round);
      const box = boxes.get(variable);
      if (box === undefined) {
        layer.push(...sourcesOf(variable, forward));
      } else if (!reached.has(box)) {
        reached.set(box, round + 1);
        next.push(...box.input.variables);
      }
    }
    layer = next;
  }
  return [...reached].filter(([, round]) => round >= MIN_ROUNDS).map(([box]) => box);
}

/** The public signals, and what equations beside them say that no wire was computed by: a public input's expected value. */
function startsOf(published: readonly Variable[], forward: Propagation): Variable[] {
  const used = new Set(forward.causes.flatMap((cause) => (cause?.equation === undefined ? [] : [cause.equation])));
  const checks = published.flatMap((variable) => {
    return (forward.occurrences.equations[variable] ?? []).filter((index) => !used.has(index));
  });
  const { equations }: System = forward.system;
  return [...published, ...checks.flatMap((index) => (equations[index] as Linear).variables)];
}

/** What a variable is a sum of. Products other than S-boxes are not followed: they hide their factors. */
function sourcesOf(variable: Variable, { causes, system }: Propagation): readonly Variable[] {
  const equation = causes[variable]?.equation;
  return equation === undefined ? [] : (system.equations[equation] as Linear).variables;
}
