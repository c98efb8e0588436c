import { GROUP_ORDER } from "../../../src/protocol/bn254.ts";
import { inverse, reduce } from "../../../src/model/field.ts";
import { isInput, type Combination, type Constraint, type Constraints } from "../../../src/model/lint/r1cs-file.ts";

/** Values of some wires. */
export type Values = ReadonlyMap<number, bigint>;

/** A circuit's inputs, in the order of its wires, and the constant one. */
export function inputValues(circuit: Constraints, values: readonly bigint[]): Map<number, bigint> {
  const wires = Array.from({ length: circuit.wires }, (_, wire) => wire).filter((wire) => isInput(circuit, wire));
  return new Map([[0, 1n], ...wires.map((wire, i) => [wire, values[i] ?? 0n] as const)]);
}

/** Works all other wires out, as whoever forges would: from each constraint in which one is missing. */
function complete({ wires, rows }: Constraints, known: Values): bigint[] | undefined {
  const values = new Map(known);
  for (let before = -1; before !== values.size;) {
    before = values.size;
    for (const row of rows) {
      const missing = new Set([...row.a.wires, ...row.b.wires, ...row.c.wires].filter((wire) => !values.has(wire)));
      const [wire] = missing;
      if (missing.size !== 1 || wire === undefined) continue;
      const value = solve(row, wire, values);
      if (value !== undefined) values.set(wire, value);
    }
  }
  return values.size === wires ? Array.from({ length: wires }, (_, wire) => values.get(wire) ?? 0n) : undefined;
}

/** The first constraint that does not hold. */
export function brokenRow({ rows }: Constraints, witness: readonly bigint[]): number | undefined {
  const at = rows.findIndex(({ a, b, c }) => {
    const [left, right, out] = [a, b, c].map((part) => sum(part, (wire) => witness[wire] ?? 0n));
    return reduce((left ?? 0n) * (right ?? 0n) - (out ?? 0n)) !== 0n;
  });
  return at === -1 ? undefined : at;
}

/** All witnesses for some inputs, if these wires can only be bits and all others follow from them. */
export function allWitnesses(circuit: Constraints, inputs: Values, bits: readonly number[]): bigint[][] {
  const found: bigint[][] = [];
  for (let choice = 0; choice < 2 ** bits.length; choice++) {
    const chosen = bits.map((wire, i) => [wire, BigInt((choice >> i) & 1)] as const);
    const witness = complete(circuit, new Map([...inputs, ...chosen]));
    if (witness === undefined) throw new MissingWireError();
    if (brokenRow(circuit, witness) === undefined) found.push(witness);
  }
  return found;
}

function solve({ a, b, c }: Constraint, wire: number, values: Values): bigint | undefined {
  const valueOf = (each: number): bigint => (each === wire ? 0n : (values.get(each) ?? 0n));
  const [left, right, out] = [sum(a, valueOf), sum(b, valueOf), sum(c, valueOf)];
  const [inA, inB, inC] = [coefficientIn(a, wire), coefficientIn(b, wire), coefficientIn(c, wire)];
  const slope = reduce(inA * right + inB * left - inC);
  if ((inA !== 0n && inB !== 0n) || slope === 0n) return undefined;
  return reduce((out - left * right) * inverse(slope));
}

function sum({ wires, coefficients }: Combination, valueOf: (wire: number) => bigint): bigint {
  return wires.reduce((total, wire, i) => total + (coefficients[i] ?? 0n) * valueOf(wire), 0n) % GROUP_ORDER;
}

function coefficientIn({ wires, coefficients }: Combination, wire: number): bigint {
  return coefficients[wires.indexOf(wire)] ?? 0n;
}

/** The bits that were chosen do not decide all other wires. */
class MissingWireError extends Error {
  override readonly name = "MissingWireError";

  constructor() {
    super("Some wire follows from no constraint. Choose more bits.");
  }
}
