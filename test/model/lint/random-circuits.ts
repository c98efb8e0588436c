import { expect } from "chai";

import { reduce } from "../../../src/model/field.ts";
import { determine } from "../../../src/model/lint/lint.ts";
import type { Combination, Constraint, Constraints } from "../../../src/model/lint/r1cs-file.ts";
import { GROUP_ORDER } from "../../../src/protocol/bn254.ts";
import { fuzz, times, type Random } from "../../helpers/random.ts";
import { allWitnesses } from "./forging.ts";

/** Coefficients of wires; wire 0 is the constant one. */
type Sum = Map<number, bigint>;

const combination = (sum: Sum): Combination => {
  const terms = [...sum].map(([wire, factor]) => [wire, reduce(factor)] as const).filter(([, factor]) => factor !== 0n);
  terms.sort(([one], [other]) => one - other);
  return { wires: terms.map(([wire]) => wire), coefficients: terms.map(([, factor]) => factor) };
};
const row = (a: Sum, b: Sum, c: Sum): Constraint => ({ a: combination(a), b: combination(b), c: combination(c) });
const ONE: Sum = new Map([[0, 1n]]);
/** An expression that is zero or one. */
const choice = (line: Sum): Constraint => row(line, new Map(line).set(0, (line.get(0) ?? 0n) - 1n), new Map());
const valueOf = (sum: Sum, witness: readonly bigint[]): bigint =>
  [...sum].reduce((total, [wire, factor]) => total + factor * (witness[wire] ?? 0n), 0n);

/** A circuit of two inputs and a few bits that has an honest witness, and often others. */
function randomCircuit(random: Random): { circuit: Constraints; bits: number[]; inputs: Map<number, bigint> } {
  // Of the first bits at most one is set.
  const members = random.pick([0, 2, 3]);
  const set = random.below(members + 1);
  const bits = times(members + 2 + random.below(3), (i) => 3 + i);
  const witness = [
    1n,
    ...times(2, () => BigInt(random.below(4))),
    ...bits.map((_, i) => (i < members ? BigInt(Number(i === set)) : BigInt(random.below(2)))),
  ];
  const rows = bits.map((bit) => choice(new Map([[bit, 1n]])));
  const group: Sum = new Map(bits.slice(0, members).map((bit) => [bit, 1n]));
  const isExact = set < members && random.below(2) === 0;
  if (isExact) rows.push(row(ONE, new Map(group).set(0, -1n), new Map()));
  else if (members > 0) rows.push(choice(group));

  const sum = (most: number): Sum => {
    const wires = times(1 + random.below(most), () => random.below(witness.length));
    const factor = random.pick([1n, 1n, 1n, GROUP_ORDER / 3n]);
    return new Map(wires.map((wire) => [wire, factor * BigInt(random.pick([1, 1, 2, 4, 8, 3, -1, -2, -4]))]));
  };
  /** Moves the constant so that the witness fits. */
  const fitted = (line: Sum, value: bigint): Sum =>
    new Map(line).set(0, (line.get(0) ?? 0n) + value - valueOf(line, witness));
  /** What is left of an input after a part that the choice decides is the sum of some bits. */
  const part = (): Sum => {
    const slack = bits.slice(members).filter(() => random.below(2) === 0);
    return new Map([
      [1, random.pick([1n, -1n])],
      ...bits.slice(0, members).map((bit) => [bit, BigInt(random.below(17)) - 8n] as const),
      ...slack.map((bit, i) => [bit, -(1n << BigInt(i))] as const),
    ]);
  };
  const KINDS: readonly (() => Constraint)[] = [
    () => row(ONE, fitted(sum(6), 0n), new Map()),
    () => row(ONE, fitted(part(), 0n), new Map()),
    () => row(ONE, fitted(part(), 0n), new Map()),
    () => row(ONE, fitted(new Map([...group, [bits.at(-1) ?? 0, -1n]]), 0n), new Map()),
    () => choice(fitted(sum(5), BigInt(random.below(2)))),
    () => row(fitted(sum(3), 0n), sum(3), new Map()),
    // A factor that an input decides, and is often zero.
    () =>
      row(
        new Map([
          [1, 1n],
          [0, -BigInt(random.below(4))],
        ]),
        fitted(sum(2), 0n),
        new Map(),
      ),
    () => {
      const root = sum(3);
      return row(root, root, fitted(new Map([[2, 1n]]), valueOf(root, witness) ** 2n));
    },
    () => {
      // A wire that is computed.
      const [left, right] = [sum(3), sum(3)];
      witness.push(reduce(valueOf(left, witness) * valueOf(right, witness)));
      return row(left, right, new Map([[witness.length - 1, 1n]]));
    },
  ];
  for (let i = 0; i < 3; i++) rows.push((KINDS[random.below(KINDS.length)] as () => Constraint)());
  const circuit = { wires: witness.length, outputs: 0, publicInputs: 2, privateInputs: 0, rows };
  return { circuit, bits, inputs: new Map([0, 1, 2].map((wire) => [wire, witness[wire] ?? 0n])) };
}

describe("determine", () => {
  it("never calls a wire determined that has two values, in any small circuit", () =>
    fuzz((random) => {
      let [determined, ambiguous] = [0, 0];
      for (let round = 0; round < 3_000; round++) {
        const { circuit, bits, inputs } = randomCircuit(random);
        const witnesses = allWitnesses(circuit, inputs, bits);
        expect(witnesses).to.not.be.empty;
        const known = determine(circuit);
        for (let wire = 3; wire < circuit.wires; wire++) {
          const values = new Set(witnesses.map((witness) => witness[wire]));
          if (values.size > 1) ambiguous++;
          if (!known.isDetermined(wire)) continue;
          determined++;
          expect(values.size, `wire ${wire} by ${known.causes[wire]?.rule}`).to.equal(1);
        }
      }
      expect(determined).to.be.greaterThan(500);
      expect(ambiguous).to.be.greaterThan(500);
    }));
});
