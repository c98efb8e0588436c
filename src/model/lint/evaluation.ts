/** A witness, and what becomes of its constraints when some wires take other values. */
import { GROUP_ORDER } from "../../protocol/bn254.ts";
import { reduce } from "../field.ts";
import type { Combination, Constraint, Constraints } from "./r1cs-file.ts";

/** New values of some wires. */
export type Changes = ReadonlyMap<number, bigint>;

type Part = "a" | "b" | "c";
/** An occurrence of a wire. */
export type Place = { readonly row: number; readonly part: Part; readonly coefficient: bigint };
/** A constraint's three parts. */
export type RowValues = { readonly a: bigint; readonly b: bigint; readonly c: bigint };

/** Where each wire occurs: the same for all witnesses of a circuit. */
export type Places = readonly (readonly Place[])[];

export function placesOf({ wires, rows }: Constraints): Places {
  const places = Array.from({ length: wires }, (): Place[] => []);
  for (const [row, constraint] of rows.entries()) {
    for (const part of ["a", "b", "c"] as const) {
      const { wires: named, coefficients } = constraint[part];
      for (const [i, wire] of named.entries()) places[wire]?.push({ row, part, coefficient: coefficients[i] ?? 0n });
    }
  }
  return places;
}

export class Evaluation {
  readonly values: readonly bigint[];
  readonly #circuit: Constraints;
  readonly #places: Places;
  readonly #rows: readonly RowValues[];

  constructor(circuit: Constraints, places: Places, values: readonly bigint[]) {
    this.values = values;
    this.#circuit = circuit;
    this.#places = places;
    const sum = ({ wires, coefficients }: Combination): bigint => {
      let total = 0n;
      for (const [i, wire] of wires.entries()) total += (coefficients[i] ?? 0n) * (values[wire] ?? 0n);
      return total % GROUP_ORDER;
    };
    this.#rows = circuit.rows.map(({ a, b, c }) => ({ a: sum(a), b: sum(b), c: sum(c) }));
  }

  /** Where a wire occurs. */
  placesOf(wire: number): readonly Place[] {
    return this.#places[wire] ?? [];
  }

  /** The first constraint that does not hold as it stands. */
  get broken(): number | undefined {
    const index = this.#rows.findIndex((row) => !holds(row));
    return index === -1 ? undefined : index;
  }

  /** The constraints that a wire is in. */
  rowsOf(wire: number): number[] {
    return [...new Set((this.#places[wire] ?? []).map(({ row }) => row))];
  }

  /** A constraint that does not hold with these changes, if any. */
  brokenBy(changes: Changes): number | undefined {
    const [only] = changes;
    if (changes.size === 1 && only !== undefined) return this.#brokenByOne(...only);
    const rows = new Set([...changes.keys()].flatMap((wire) => this.rowsOf(wire)));
    return [...rows].find((row) => this.isBroken(row, changes));
  }

  isBroken(row: number, changes: Changes): boolean {
    return !holds(this.rowWith(row, changes));
  }

  /** A constraint's three parts with these changes. */
  rowWith(row: number, changes: Changes): RowValues {
    const constraint = this.#circuit.rows[row] as Constraint;
    const before = this.#rows[row] as RowValues;
    const sum = (part: Part): bigint => {
      const { wires, coefficients } = constraint[part];
      let total = before[part];
      for (const [i, wire] of wires.entries()) {
        const value = changes.get(wire);
        if (value !== undefined) total += (coefficients[i] ?? 0n) * (value - (this.values[wire] ?? 0n));
      }
      return total;
    };
    return { a: sum("a"), b: sum("b"), c: sum("c") };
  }

  /** A wire's places are in the order of rows, so that each row's are together. */
  #brokenByOne(wire: number, value: bigint): number | undefined {
    const change = value - (this.values[wire] ?? 0n);
    const places = this.#places[wire] ?? [];
    for (let i = 0; i < places.length;) {
      const row = places[i]?.row ?? 0;
      const sums = { ...(this.#rows[row] ?? { a: 0n, b: 0n, c: 0n }) };
      for (; i < places.length && places[i]?.row === row; i++) {
        const { part, coefficient } = places[i] as Place;
        sums[part] += coefficient * change;
      }
      if (!holds(sums)) return row;
    }
    return undefined;
  }
}

function holds({ a, b, c }: RowValues): boolean {
  return reduce(a * b - c) === 0n;
}
