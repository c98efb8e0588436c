/**
 * Looks for a second witness with the same inputs: changes an undetermined wire, then repairs the constraints that fail
 * by changing other undetermined wires, until all hold or it gives up.
 */
import { GROUP_ORDER } from "../../protocol/bn254.ts";
import { inverse, reduce } from "../field.ts";
import type { Evaluation, RowValues } from "./evaluation.ts";
import type { Linear } from "./linear.ts";
import type { Counterexample } from "./mutate-witness.ts";
import type { Propagation } from "./propagation.ts";
import { wiresOf, type Combination, type Constraint, type Constraints } from "./r1cs-file.ts";
import type { Interval } from "./system.ts";

/** How many repairs are tried from one change on, and in all: each takes up to milliseconds. */
const MAX_REPAIRS = 400;
const MAX_REPAIRS_IN_ALL = 10_000;
const MAX_CHANGES = 600;

/** A search beside one real witness. */
export class Search {
  readonly #circuit: Constraints;
  readonly #known: Propagation;
  readonly #evaluation: Evaluation;
  #repairs = 0;
  #repairsInAll = 0;
  /** Sums whose other digits were tried, which is the same from each of their wires. */
  readonly #respelt = new Set<number>();

  constructor(circuit: Constraints, known: Propagation, evaluation: Evaluation) {
    this.#circuit = circuit;
    this.#known = known;
    this.#evaluation = evaluation;
  }

  /** A second witness that is found by changing this wire, or other digits of a sum that it is in. */
  startAt(wire: number): Counterexample | undefined {
    for (const changes of this.#startsOf(wire)) {
      if (this.#repairsInAll > MAX_REPAIRS_IN_ALL) return undefined;
      this.#repairs = 0;
      const rows = new Set([...changes.keys()].flatMap((changed) => this.#evaluation.rowsOf(changed)));
      if (this.#repair(changes, [...rows])) return { witness: this.#evaluation.values, changes };
    }
    return undefined;
  }

  /** Other values of a wire, and, for wires that are digits of a sum, other digits of the same sum in the field. */
  *#startsOf(wire: number): Generator<Map<number, bigint>> {
    const value = this.#valueOf(wire);
    const bound = this.#known.bounds.of.get(wire);
    const others = bound !== undefined && bound.hi - bound.lo <= 8n ? within(bound) : around(value);
    for (const other of new Set(others.map(reduce))) if (other !== value) yield new Map([[wire, other]]);
    for (const index of this.#known.occurrences.equations[wire] ?? []) {
      if (this.#respelt.has(index)) continue;
      this.#respelt.add(index);
      yield* this.#otherDigits(this.#known.system.equations[index] as Linear);
    }
  }

  /**
   * Adds changes until every constraint holds again, if it can.
   *
   * @param pending The constraints that may not hold. The ones that a new change touches are added to them.
   */
  #repair(changes: Map<number, bigint>, pending: readonly number[]): boolean {
    const at = pending.findIndex((row) => this.#evaluation.isBroken(row, changes));
    if (at === -1) return true;
    this.#repairsInAll++;
    if (++this.#repairs > MAX_REPAIRS || changes.size > MAX_CHANGES) return false;
    const broken = pending[at] ?? 0;
    const sums = this.#evaluation.rowWith(broken, changes);
    for (const wire of wiresOf(this.#circuit.rows[broken] as Constraint)) {
      if (changes.has(wire) || this.#known.isDetermined(wire)) continue;
      const value = this.#solve(broken, sums, wire);
      if (value === undefined) continue;
      changes.set(wire, value);
      if (this.#repair(changes, [...pending.slice(at + 1), ...this.#evaluation.rowsOf(wire)])) return true;
      changes.delete(wire);
      if (this.#repairs > MAX_REPAIRS) return false;
    }
    return false;
  }

  /** The value within its bounds that makes a constraint hold, if the wire is linear in it. */
  #solve(row: number, sums: RowValues, wire: number): bigint | undefined {
    const constraint = this.#circuit.rows[row] as Constraint;
    const [inA, inB] = [coefficientIn(constraint.a, wire), coefficientIn(constraint.b, wire)];
    if (inA !== 0n && inB !== 0n) return undefined;
    const slope = reduce(inA * sums.b + inB * sums.a - coefficientIn(constraint.c, wire));
    if (slope === 0n) return undefined;
    const missing = reduce(sums.c - sums.a * sums.b);
    const value = this.#valueOf(wire);
    const bound = this.#known.bounds.of.get(wire);
    if (bound !== undefined && bound.hi - bound.lo === 1n) {
      // Of a bit the other value is tried, for there are many bits, and division is slow.
      const other = reduce(bound.lo + bound.hi - value);
      return reduce(slope * (other - value)) === missing ? other : undefined;
    }
    const solved = reduce(value + missing * inverse(slope));
    return bound === undefined || reduce(solved - bound.lo) <= bound.hi - bound.lo ? solved : undefined;
  }

  /** Writes a sum of bounded wires as another integer that is the same in the field. */
  *#otherDigits(equation: Linear): Generator<Map<number, bigint>> {
    const digits: Digit[] = [];
    for (const [i, wire] of equation.variables.entries()) {
      if (this.#known.isDetermined(wire)) continue;
      const bound = this.#known.bounds.of.get(wire);
      if (bound === undefined || wire >= this.#circuit.wires) return;
      digits.push({ wire, size: equation.coefficients[i] ?? 0n, bound });
    }
    for (const sign of [1n, -1n]) {
      const signed = digits.map(({ wire, size, bound }) => ({ wire, size: reduce(sign * size), bound }));
      signed.sort((one, other) => (one.size < other.size ? 1 : -1));
      const sum = signed.reduce((total, { wire, size }) => total + size * this.#valueOf(wire), 0n);
      for (const turned of [sum + GROUP_ORDER, sum - GROUP_ORDER]) {
        const changes = spell(turned, signed);
        if (changes !== undefined) yield changes;
      }
    }
  }

  #valueOf(wire: number): bigint {
    return this.#evaluation.values[wire] ?? 0n;
  }
}

/** A wire in a sum, and what one of it adds. */
type Digit = { readonly wire: number; readonly size: bigint; readonly bound: Interval };

/** The digits, the largest first, that add up to a number. */
function spell(sum: bigint, digits: readonly Digit[]): Map<number, bigint> | undefined {
  let left = sum;
  const spelt = new Map<number, bigint>();
  for (const { wire, size, bound } of digits) {
    const most = left / size;
    const atMost = most > bound.hi ? bound.hi : most;
    const digit = atMost < bound.lo ? bound.lo : atMost;
    spelt.set(wire, digit);
    left -= size * digit;
  }
  return left === 0n ? spelt : undefined;
}

function within({ lo, hi }: Interval): bigint[] {
  return Array.from({ length: Number(hi - lo) + 1 }, (_, i) => lo + BigInt(i));
}

function around(value: bigint): bigint[] {
  return [value + 1n, value - 1n, 0n, 1n, -value, value + 2n, value + (1n << 128n)];
}

function coefficientIn({ wires, coefficients }: Combination, wire: number): bigint {
  const at = wires.indexOf(wire);
  return at === -1 ? 0n : (coefficients[at] ?? 0n);
}
