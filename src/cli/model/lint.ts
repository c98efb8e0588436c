import { stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { parseArgs } from "node:util";

import { describe } from "../../protocol/describe.ts";
import { FILES } from "../../model/bundle/files.ts";
import { lintInputs } from "../../model/bundle/lint-inputs.ts";
import { compile } from "../../model/compile.ts";
import { readWhole, UnreadableFileError } from "../../model/files.ts";
import { isSound, lintCircuit, type LintOptions } from "../../model/lint/lint.ts";
import { renderReport } from "../../model/lint/render.ts";
import { packedCount } from "../../model/program/secrets.ts";
import { readProgram } from "../../model/program/program-file.ts";
import type { CircuitInputs } from "../../model/witness.ts";
import { COMMON, runSteps } from "../steps.ts";
import { only, UsageError } from "../usage.ts";
import { readJson } from "./input.ts";

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
    const [r1cs, program] = await Promise.all([readWhole(target), readWhole(wasm)]);
    return { r1cs, wasm: program, inputs: own };
  }
  const found = await stat(target).catch((cause: unknown) => {
    throw new UnreadableFileError(target, cause);
  });
  if (!found.isDirectory()) {
    throw new UsageError("Give a folder, or a file that ends in .circom or .r1cs.");
  }
  const [r1cs, program, text] = await Promise.all([
    readWhole(join(target, FILES.circuit)),
    readWhole(join(target, FILES.witness)),
    readWhole(join(target, FILES.program)),
  ]);
  const model = readProgram(text.toString("utf8"));
  return { r1cs, wasm: program, inputs: [...lintInputs(model, packedCount(model)), ...own] };
}

async function inputsFrom(file: string): Promise<CircuitInputs[]> {
  const given = await readJson(file, "a list of inputs");
  if (!Array.isArray(given)) throw new BadSignalsError(file, `there is no list, got ${describe(given)}`);
  return given.map((each: unknown, index) => {
    if (typeof each !== "object" || each === null || Array.isArray(each)) {
      throw new BadSignalsError(file, `input ${index} is no object, got ${describe(each)}`);
    }
    const signals = Object.entries(each).map(([name, value]) => {
      return [
        name,
        Array.isArray(value) ? value.map((one) => element(one, name, file)) : element(value, name, file),
      ] as const;
    });
    return Object.fromEntries(signals);
  });
}

function element(value: unknown, name: string, file: string): string {
  if (/^\d+$/.test(String(value)) && (typeof value === "string" || Number.isSafeInteger(value))) return String(value);
  throw new BadSignalsError(file, `${name} takes whole numbers, got ${describe(value)}`);
}

/** Inputs for a circuit are not by the names of its signals, or not numbers. */
export class BadSignalsError extends Error {
  override readonly name = "BadSignalsError";

  constructor(file: string, fault: string) {
    super(`In ${file}, ${fault}. Give a list such as [{ "a": 1, "b": ["2", "3"] }].`);
  }
}
