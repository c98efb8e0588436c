import { readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { parseArgs } from "node:util";

import { FILES } from "../../model/bundle/files.ts";
import { lintInputs } from "../../model/bundle/lint-inputs.ts";
import { compile } from "../../model/compile.ts";
import { isSound, lintCircuit, type LintOptions } from "../../model/lint/lint.ts";
import { renderReport } from "../../model/lint/render.ts";
import { packedCount } from "../../model/program/secrets.ts";
import { readProgram } from "../../model/program/program-file.ts";
import type { CircuitInputs } from "../../model/witness.ts";
import { COMMON, runSteps } from "../steps.ts";
import { only, UsageError } from "../usage.ts";
import { NotJsonFileError, readJson } from "./input.ts";

export async function lintCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...COMMON, wasm: { type: "string" }, inputs: { type: "string" } },
    allowPositionals: true,
  });
  const target = only(positionals, "a built model's folder, or a circuit");
  await runSteps(values, "Checking", 2, async (step) => {
    step.onStep?.("reading the circuit");
    const circuit = await circuitFrom(target, values);
    step.onStep?.("propagating, and mutating witnesses");
    const report = await lintCircuit(circuit);
    const found = isSound(report);
    return { json: { isSound: found, ...report }, text: renderReport(report), exitCode: found ? 0 : 1 };
  });
}

type LintValues = { readonly wasm?: string | undefined; readonly inputs?: string | undefined };

async function circuitFrom(target: string, { wasm, inputs }: LintValues): Promise<LintOptions> {
  const own = inputs === undefined ? [] : await inputsFrom(inputs);
  if (extname(target) === ".circom") return { ...(await compile(target)), inputs: own };
  if (extname(target) === ".r1cs") {
    if (wasm === undefined) {
      throw new UsageError("--wasm is missing: the program that computes the circuit's witnesses.");
    }
    const [r1cs, program] = await Promise.all([readFile(target), readFile(wasm)]);
    return { r1cs, wasm: program, inputs: own };
  }
  if (!(await stat(target)).isDirectory()) {
    throw new UsageError("Give a folder, or a file that ends in .circom or .r1cs.");
  }
  const [r1cs, program, text] = await Promise.all([
    readFile(join(target, FILES.circuit)),
    readFile(join(target, FILES.witness)),
    readFile(join(target, FILES.program), "utf8"),
  ]);
  const model = readProgram(text);
  return { r1cs, wasm: program, inputs: [...lintInputs(model, packedCount(model)), ...own] };
}

async function inputsFrom(file: string): Promise<CircuitInputs[]> {
  const given = await readJson(file, "a list of inputs");
  const isList = Array.isArray(given) && given.every((each) => each !== null && typeof each === "object");
  if (!isList) throw new NotJsonFileError(file, "a list of objects, by the names of the circuit's signals,");
  return (given as Record<string, unknown>[]).map((each) => {
    const numbers = Object.entries(each).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(String) : String(value),
    ]);
    return Object.fromEntries(numbers) as CircuitInputs;
  });
}
