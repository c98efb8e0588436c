/**
 * Checks a compiled circuit: whether its inputs determine every wire, whether its public signals are constrained, and
 * whether its private inputs are fixed by something public.
 */
import { witnessOf, type CircuitInputs } from "../witness.ts";
import { unboundInputs } from "./binding.ts";
import { Search } from "./counterexample.ts";
import { Evaluation, placesOf } from "./evaluation.ts";
import { mutateWitness, type Counterexample } from "./mutate-witness.ts";
import { Propagation, type Rule } from "./propagation.ts";
import { checkSignals } from "./public-signals.ts";
import { isInput, readConstraints, type Constraints } from "./r1cs-file.ts";
import { systemOf } from "./system.ts";
import { readWitness } from "../witness-file.ts";

/** What is wrong with a circuit. Wires are numbered as in the compiled constraints. */
export type Finding =
  /** Two witnesses have the same inputs, and differ in this wire; every constraint was computed for both. */
  | { readonly kind: "not determined"; readonly wire: number; readonly counterexample: Counterexample }
  | { readonly kind: "unconstrained public signal"; readonly wire: number }
  | { readonly kind: "unused input"; readonly wire: number }
  /** No public signal fixes it, even if hashes fix what was hashed. */
  | { readonly kind: "unbound input"; readonly wire: number };

export type LintReport = {
  readonly constraints: number;
  /** How many wires there are, how many are determined, by which rule, how many are shown not to be, and the rest. */
  readonly wires: {
    readonly total: number;
    readonly determined: number;
    readonly byRule: Readonly<Partial<Record<Rule, number>>>;
    readonly notDetermined: number;
    readonly unknown: number;
  };
  /** Whether every public output is determined: if it is, what is open inside cannot change an answer. */
  readonly outputsDetermined: boolean;
  readonly findings: readonly Finding[];
  /** Wires that no rule shows to be determined, and of which no two values were found. */
  readonly unknown: readonly number[];
  /** How many witnesses were mutated. */
  readonly witnesses: number;
};

export type LintOptions = {
  readonly r1cs: Uint8Array;
  readonly wasm: Uint8Array;
  /** Inputs whose witnesses are mutated. Some defects show at special ones alone: zeros, ties, bounds. */
  readonly inputs: readonly CircuitInputs[];
};

/** Checks a circuit. */
export async function lintCircuit({ r1cs, wasm, inputs }: LintOptions): Promise<LintReport> {
  const circuit = await readConstraints(r1cs);
  const known = determine(circuit);
  const places = placesOf(circuit);
  const counterexamples = new Map<number, Counterexample>();
  const note = (counterexample: Counterexample): void => {
    for (const wire of counterexample.changes.keys()) {
      if (counterexample.changes.get(wire) === counterexample.witness[wire]) continue;
      if (known.isDetermined(wire)) throw new ContradictionError(wire, known.causes[wire]?.rule ?? "given");
      if (!counterexamples.has(wire)) counterexamples.set(wire, counterexample);
    }
  };
  for (const input of inputs) {
    const values = readWitness(await witnessOf(wasm, input), circuit.wires);
    const evaluation = new Evaluation(circuit, places, values);
    if (evaluation.broken !== undefined) throw new ForeignWitnessError(evaluation.broken);
    for (const counterexample of mutateWitness(circuit, evaluation)) note(counterexample);
    const search = new Search(circuit, known, evaluation);
    for (const wire of openWires(circuit, known)) {
      if (counterexamples.has(wire)) continue;
      const counterexample = search.startAt(wire);
      if (counterexample !== undefined) note(counterexample);
    }
  }
  return report(circuit, known, counterexamples, inputs.length);
}

/** What the inputs determine in a circuit. */
export function determine(circuit: Constraints): Propagation {
  const given = Array.from({ length: circuit.wires }, (_, wire) => wire);
  return new Propagation(
    systemOf(circuit),
    given.filter((wire) => wire === 0 || isInput(circuit, wire)),
  );
}

function openWires(circuit: Constraints, known: Propagation): number[] {
  return Array.from({ length: circuit.wires }, (_, wire) => wire).filter((wire) => !known.isDetermined(wire));
}

function report(
  circuit: Constraints,
  known: Propagation,
  counterexamples: ReadonlyMap<number, Counterexample>,
  witnesses: number,
): LintReport {
  const open = openWires(circuit, known);
  const byRule: Partial<Record<Rule, number>> = {};
  for (let wire = 0; wire < circuit.wires; wire++) {
    const rule = known.causes[wire]?.rule;
    if (rule !== undefined) byRule[rule] = (byRule[rule] ?? 0) + 1;
  }
  const { unconstrained, unused } = checkSignals(circuit);
  // What is in no constraint is not bound either, and said once.
  const unbound = unboundInputs(circuit, known).filter((wire) => !unused.includes(wire));
  const unknown = open.filter((wire) => !counterexamples.has(wire));
  return {
    constraints: circuit.rows.length,
    wires: {
      total: circuit.wires,
      determined: circuit.wires - open.length,
      byRule,
      notDetermined: open.length - unknown.length,
      unknown: unknown.length,
    },
    outputsDetermined: open.every((wire) => wire > circuit.outputs),
    findings: [
      ...[...counterexamples]
        .sort(([one], [other]) => one - other)
        .map(([wire, counterexample]) => ({
          kind: "not determined" as const,
          wire,
          counterexample,
        })),
      ...unconstrained.map((wire) => ({ kind: "unconstrained public signal" as const, wire })),
      ...unused.map((wire) => ({ kind: "unused input" as const, wire })),
      ...unbound.map((wire) => ({ kind: "unbound input" as const, wire })),
    ],
    unknown,
    witnesses,
  };
}

/** Whether nothing is wrong with a circuit, and nothing is left open. */
export function isSound({ findings, unknown }: LintReport): boolean {
  return findings.length === 0 && unknown.length === 0;
}

/** A wire that rules show to be determined has two values: a mistake of this checker. */
export class ContradictionError extends Error {
  override readonly name = "ContradictionError";
  readonly wire: number;

  constructor(wire: number, rule: Rule) {
    super(
      `Wire ${wire} is determined by the rule "${rule}", and yet two witnesses with the same inputs differ in it. ` +
        "The rule is wrong: trust no report of this version, and report the circuit.",
    );
    this.wire = wire;
  }
}

/** A witness does not satisfy the constraints: the two come from different circuits. */
export class ForeignWitnessError extends Error {
  override readonly name = "ForeignWitnessError";
  readonly constraint: number;

  constructor(constraint: number) {
    super(
      `Constraint ${constraint} does not hold for an honest witness. Give the constraints and the program that were ` +
        "compiled from one source.",
    );
    this.constraint = constraint;
  }
}
