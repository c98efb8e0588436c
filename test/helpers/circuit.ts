/** A program's circuit, compiled, and what it answers. */
import { costOf, type CostReport } from "../../src/model/circuit/cost.ts";
import { emitCircuit } from "../../src/model/circuit/emit.ts";
import { planCircuit } from "../../src/model/circuit/plan.ts";
import { compileText, type CompiledCircuit } from "../../src/model/compile.ts";
import { executorOf, outputOf, type Executor } from "../../src/model/program/execute.ts";
import { intervalsOf, type Intervals } from "../../src/model/program/intervals.ts";
import type { Program } from "../../src/model/program/program.ts";
import { circuitInputsOf } from "../../src/model/signals.ts";
import { witnessOf } from "../../src/model/witness.ts";
import { publicSignalsOf } from "../../src/model/witness-file.ts";
import { pack } from "../../src/protocol/packing.ts";
import type { Random } from "./random.ts";

export type TestedCircuit = CompiledCircuit & {
  readonly program: Program;
  readonly intervals: Intervals;
  readonly cost: CostReport;
  readonly execute: Executor;
};

export const CONTEXT = 42n;
export const SALT = 123_456_789n;
export const BLINDING = 987_654_321n;

/** Builds a program's executor and circuit. */
export async function circuitOf(program: Program): Promise<TestedCircuit> {
  const intervals = intervalsOf(program);
  const plan = planCircuit(program, intervals);
  const compiled = await compileText(emitCircuit(plan));
  return { ...compiled, program, intervals, cost: costOf(plan), execute: executorOf(program, intervals) };
}

/** What the executor answers, packed. */
export function executed({ program, execute }: TestedCircuit, input: readonly number[]): bigint {
  return pack(program.output.fields, outputOf(program, execute(input)));
}

/** The circuit's witness for an input. */
export function witnessFor({ program, wasm }: TestedCircuit, input: readonly number[]): Promise<Uint8Array> {
  const inputs = circuitInputsOf(program, BLINDING)({ fields: input, salt: SALT, context: CONTEXT });
  return witnessOf(wasm, inputs);
}

/** The circuit's public signals for an input: commitment, output and context. */
export async function signalsFor(circuit: TestedCircuit, input: readonly number[]): Promise<bigint[]> {
  return publicSignalsOf(await witnessFor(circuit, input), 3);
}

/** Inputs at both ends of every field, then random ones; every third field is at an edge of its range. */
export function inputsFor({ input }: Program, count: number, random: Random): number[][] {
  const { widths } = input;
  const ends = [widths.map(() => 0), widths.map((width) => 2 ** width - 1)];
  const between = Array.from({ length: count }, () => {
    return widths.map((width) => [0, 2 ** width - 1, 1][random.below(9)] ?? random.below(2 ** width));
  });
  return [...ends, ...between];
}
