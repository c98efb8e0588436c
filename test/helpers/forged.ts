/**
 * Witnesses as a thief would make them: one lie, and everything that follows from it computed as the circuit would, so
 * that only the constraint which should catch the lie can catch it.
 */
import { expect } from "chai";

import { inverse, reduce } from "../../src/model/field.ts";
import {
  isInput,
  readConstraints,
  type Combination,
  type Constraint,
  type Constraints,
} from "../../src/model/lint/r1cs-file.ts";
import { readWitness } from "../../src/model/witness-file.ts";
import { compileText, type CompiledCircuit } from "../../src/model/compile.ts";
import { satisfies } from "../../src/model/groth16.ts";
import { witnessOf, type CircuitInputs } from "../../src/model/witness.ts";

/** Values of some wires that are not what the circuit computes. */
export type Lies = ReadonlyMap<number, bigint>;

/** A circuit with an honest witness. */
export type Target = {
  readonly r1cs: Uint8Array;
  readonly constraints: Constraints;
  readonly file: Uint8Array;
  readonly honest: readonly bigint[];
  /** Where the constraints cut a sum into bits, in their order. */
  readonly decompositions: readonly Decomposition[];
  /** Bits that no sum is cut into: those of bins. */
  readonly bins: readonly number[];
};

/** A sum of wires, the wires of its bits from the second one on, and the constraint that makes the first one a bit. */
type Decomposition = { readonly sum: Combination; readonly bits: readonly number[]; readonly row: number };

const WIRE_BYTES = 32;

/** One use of a gadget as a circuit: its wires are the outputs, then the inputs x, both public. */
export function gadgetAlone(file: string, outputs: string, use: string, inputs: number): Promise<CompiledCircuit> {
  return compileText(`pragma circom 2.2.2;
include "${file}.circom";
template Main() {
    signal input x[${inputs}];
    ${outputs}
    ${use}
}
component main {public [x]} = Main();
`);
}

/** A circuit with its honest witness for some inputs. */
export async function targetOf({ r1cs, wasm }: CompiledCircuit, inputs: CircuitInputs): Promise<Target> {
  const constraints = await readConstraints(r1cs);
  const file = await witnessOf(wasm, inputs);
  const honest = readWitness(file, constraints.wires);
  const decompositions = decompositionsOf(constraints);
  const decomposed = new Set(decompositions.flatMap(({ bits }) => bits));
  const bits = new Set(constraints.rows.flatMap((row) => soleBit(row) ?? []));
  const bins = [...bits].filter((wire) => !decomposed.has(wire) && !isInput(constraints, wire));
  return { r1cs, constraints, file, honest, decompositions, bins };
}

/** The witness that has these lies, and all that follows from them. What follows from nothing stays as it was. */
export function forge({ constraints, honest, decompositions, bins }: Target, lies: Lies): bigint[] {
  const { rows, wires } = constraints;
  const known = new Map([[0, 1n]]);
  const told = (wire: number): bigint => reduce(lies.get(wire) ?? honest[wire] ?? 0n);
  for (let wire = 1; wire < wires; wire++) if (isInput(constraints, wire)) known.set(wire, told(wire));
  for (const wire of [...bins, ...lies.keys()]) known.set(wire, told(wire));
  for (let before = -1; before !== known.size;) {
    before = known.size;
    for (const { sum, bits } of decompositions) {
      if (bits.every((wire) => known.has(wire)) || !sum.wires.every((wire) => known.has(wire))) continue;
      const value = evaluate(sum, known);
      for (const [at, wire] of bits.entries()) {
        if (!known.has(wire)) known.set(wire, (value >> BigInt(at + 1)) & 1n);
      }
    }
    for (const row of rows) solve(row, known);
  }
  return Array.from({ length: wires }, (_, wire) => known.get(wire) ?? told(wire));
}

/** The constraints that a witness breaks. */
export function brokenBy({ constraints }: Target, witness: readonly bigint[]): number[] {
  const values = new Map(witness.entries());
  return [...constraints.rows.entries()].flatMap(([at, { a, b, c }]) => {
    const isKept = reduce(evaluate(a, values) * evaluate(b, values) - evaluate(c, values)) === 0n;
    return isKept ? [] : [at];
  });
}

/** A witness as a file. */
export function fileOf({ file, constraints }: Target, witness: readonly bigint[]): Uint8Array {
  const copy = Uint8Array.from(file);
  // The values are the last thing in it.
  const view = new DataView(copy.buffer, copy.length - constraints.wires * WIRE_BYTES);
  for (const [wire, value] of witness.entries()) {
    for (let word = 0; word < 4; word++) {
      view.setBigUint64(wire * WIRE_BYTES + 8 * word, BigInt.asUintN(64, value >> BigInt(64 * word)), true);
    }
  }
  return copy;
}

/** Demands that just so many constraints, one by default, refuse a lie; answers the witness that told it. */
export async function expectRefused(target: Target, lies: Lies, constraints = 1): Promise<bigint[]> {
  const witness = forge(target, lies);
  for (const [wire, value] of lies) expect(witness[wire]).to.equal(reduce(value));
  expect(brokenBy(target, witness)).to.have.lengthOf(constraints);
  expect(await isAccepted(target, witness)).to.equal(false);
  return witness;
}

/** Demands that an honest witness is accepted, and that a thief who does not lie arrives at the same. */
export async function expectHonest(target: Target): Promise<void> {
  expect(await isAccepted(target, target.honest)).to.equal(true);
  expect(forge(target, new Map())).to.deep.equal(target.honest);
}

/** Whether snarkjs finds that a witness satisfies every constraint. */
export function isAccepted(target: Target, witness: readonly bigint[]): Promise<boolean> {
  return satisfies(fileOf(target, witness), target.r1cs);
}

function decompositionsOf({ rows }: Constraints): Decomposition[] {
  return [...rows.entries()].flatMap(([row, constraint]) => {
    const line = lineOf(constraint);
    if (line === undefined) return [];
    const terms = entriesOf(line);
    const bits = bitsBefore(rows, row, new Map(terms));
    if (bits.length === 0) return [];
    const summed = terms.filter(([wire]) => !bits.includes(wire));
    const sum = { wires: summed.map(([wire]) => wire), coefficients: summed.map(([, weight]) => weight) };
    return [{ sum, bits, row }];
  });
}

/** The bits that the constraints just before say to be bits, if this one takes 2, 4, ... times them away. */
function bitsBefore(rows: readonly Constraint[], row: number, weights: ReadonlyMap<number, bigint>): number[] {
  const bits: number[] = [];
  for (let wire = bitAt(rows, row - 1); wire !== undefined; wire = bitAt(rows, row - 1 - bits.length)) {
    bits.unshift(wire);
    if (weights.get(wire) === reduce(-2n)) break;
  }
  const isSum = bits.every((wire, at) => weights.get(wire) === reduce(-(2n << BigInt(at))));
  return isSum ? bits : [];
}

function bitAt(rows: readonly Constraint[], at: number): number | undefined {
  const row = rows[at];
  return row === undefined ? undefined : soleBit(row);
}

/** The wire that a constraint makes zero or one. */
function soleBit(row: Constraint): number | undefined {
  const line = lineOf(row);
  return line?.wires.length === 1 && line.coefficients[0] === 1n ? line.wires[0] : undefined;
}

/** The expression that a constraint makes zero or one: one factor, of which the other one is less by one. */
function lineOf({ a, b, c }: Constraint): Combination | undefined {
  if (c.wires.length > 0) return undefined;
  const isLess = (one: Combination, other: Combination): boolean => {
    const [left, right] = [new Map(entriesOf(one)), new Map(entriesOf(other))];
    const isSame = [...left, ...right].every(([wire]) => wire === 0 || left.get(wire) === right.get(wire));
    return isSame && reduce((left.get(0) ?? 0n) - (right.get(0) ?? 0n)) === reduce(-1n);
  };
  if (isLess(a, b)) return b;
  return isLess(b, a) ? a : undefined;
}

function entriesOf({ wires, coefficients }: Combination): [number, bigint][] {
  return wires.map((wire, i) => [wire, coefficients[i] ?? 0n]);
}

/** Adds the one wire that a constraint misses, if it decides it. */
function solve({ a, b, c }: Constraint, known: Map<number, bigint>): void {
  const missing = new Set([...a.wires, ...b.wires, ...c.wires].filter((wire) => !known.has(wire)));
  const [wire] = missing;
  if (missing.size !== 1 || wire === undefined) return;
  const weightIn = (part: Combination): bigint => part.coefficients[part.wires.indexOf(wire)] ?? 0n;
  const [left, right, out] = [a, b, c].map((part) => evaluate(part, known)) as [bigint, bigint, bigint];
  const slope = reduce(weightIn(a) * right + weightIn(b) * left - weightIn(c));
  if ((weightIn(a) !== 0n && weightIn(b) !== 0n) || slope === 0n) return;
  known.set(wire, reduce((out - left * right) * inverse(slope)));
}

function evaluate({ wires, coefficients }: Combination, values: ReadonlyMap<number, bigint>): bigint {
  return reduce(wires.reduce((total, wire, i) => total + (coefficients[i] ?? 0n) * (values.get(wire) ?? 0n), 0n));
}
