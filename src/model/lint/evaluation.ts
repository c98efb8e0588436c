/** A witness, and what becomes of its constraints when some wires take other values. */
import { GROUP_ORDER } from "../../protocol/bn254.ts";
import { reduce } from "./field.ts";
import type { Combination, Constraints } from "./r1cs-file.ts";

/** New values of some wires. */
export type Changes = ReadonlyMap<number, bigint>;

type Part = "a" | "b" | "c";
type Place = { readonly row: number; readonly part: Part; readonly coefficient: bigint };
type Values = { readonly a: bigint; readonly b: bigint; readonly c: bigint };

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
  readonly places: Places;
  readonly #rows: readonly Values[];

  constructor({ rows }: Constraints, places: Places, values: readonly bigint[]) {
    this.values = values;
    this.places = places;
    const sum = ({ wires, coefficients }: Combination): bigint => {
      let total = 0n;
      for (const [i, wire] of wires.entries()) total += (coefficients[i] ?? 0n) * (values[wire] ?? 0n);
      return total % GROUP_ORDER;
    };
    this.#rows = rows.map(({ a, b, c }) => ({ a: sum(a), b: sum(b), c: sum(c) }));
  }

  /** The first constraint that does not hold as it stands. */
  get broken(): number | undefined {
    const index = this.#rows.findIndex((row) => !holds(row));
    return index === -1 ? undefined : index;
  }

  /** A constraint that does not hold with these changes, if any. */
  brokenBy(changes: Changes): number | undefined {
    const only = changes.size === 1 ? [...changes][0] : undefined;
    if (only !== undefined) return this.#brokenByOne(...only);
    const seen = new Set<number>();
    for (const wire of changes.keys()) {
      for (const { row } of this.places[wire] ?? []) {
        if (seen.has(row)) continue;
        seen.add(row);
        if (!holds(this.rowWith(row, changes))) return row;
      }
    }
    return undefined;
  }

  /** A constraint's three parts with these changes. */
  rowWith(row: number, changes: Changes): Values {
    const { a, b, c } = this.#rows[row] ?? { a: 0n, b: 0n, c: 0n };
    const sums = { a, b, c };
    for (const [wire, value] of changes) {
      const change = value - (this.values[wire] ?? 0n);
      for (const place of this.places[wire] ?? []) {
        if (place.row === row) sums[place.part] += place.coefficient * change;
      }
    }
    return sums;
  }

  /** A wire's places are in the order of rows, so that each row's are together. */
  #brokenByOne(wire: number, value: bigint): number | undefined {
    const change = value - (this.values[wire] ?? 0n);
    const places = this.places[wire] ?? [];
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

function holds({ a, b, c }: Values): boolean {
  return reduce(a * b - c) === 0n;
}
