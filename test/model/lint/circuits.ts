import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { emitCircuit } from "../../../src/model/circuit/emit.ts";
import { planCircuit } from "../../../src/model/circuit/plan.ts";
import { compile, type CompiledCircuit } from "../../../src/model/compile.ts";
import { intervalsOf } from "../../../src/model/program/intervals.ts";
import type { Program } from "../../../src/model/program/program.ts";

const GADGETS = fileURLToPath(new URL("../../../circuits/", import.meta.url));

/** Path of a circuit with a known bug, or of its twin without. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/circuits/${name}.circom`, import.meta.url));
}

/** Compiles a text; `GADGETS/` in its includes is the gadget library. */
export async function compileText(source: string): Promise<CompiledCircuit> {
  const folder = await mkdtemp(join(tmpdir(), "assay-lint-"));
  try {
    const path = join(folder, "circuit.circom");
    await writeFile(path, source.replaceAll("GADGETS/", `${relative(dirname(path), GADGETS)}/`));
    return await compile(path);
  } finally {
    await rm(folder, { recursive: true });
  }
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
  return compileText(emitCircuit(planCircuit(program, intervalsOf(program)), "GADGETS/"));
}
