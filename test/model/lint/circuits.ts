import { fileURLToPath } from "node:url";

import { emitCircuit } from "../../../src/model/circuit/emit.ts";
import { planCircuit } from "../../../src/model/circuit/plan.ts";
import { compileText, type CompiledCircuit } from "../../../src/model/compile.ts";
import { intervalsOf } from "../../../src/model/program/intervals.ts";
import type { Program } from "../../../src/model/program/program.ts";

/** Path of a circuit with a known bug, or of its twin without. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/circuits/${name}.circom`, import.meta.url));
}

/** Compiles a circuit of circomlib with these signals public. */
export function compileStranger(file: string, component: string, publicSignals = ""): Promise<CompiledCircuit> {
  const inputs = publicSignals === "" ? "" : ` {public [${publicSignals}]}`;
  return compileText(`pragma circom 2.0.0;
include "circomlib/circuits/${file}.circom";
component main${inputs} = ${component};
`);
}

/** Plans, writes and compiles a program. */
export function compileProgram(program: Program): Promise<CompiledCircuit> {
  return compileText(emitCircuit(planCircuit(program, intervalsOf(program))));
}
