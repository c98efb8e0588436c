import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { partsOf } from "../../scripts/bench/known-models.ts";
import { casesOf } from "../../scripts/exactness/cases.ts";
import { firstMismatch } from "../../scripts/exactness/check-model.ts";
import { deriveFrom } from "../../src/model/build-model.ts";
import { compileOnce } from "../../src/model/compile.ts";
import { executorOf } from "../../src/model/program/execute.ts";
import type { Program } from "../../src/model/program/program.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

type Outcome = { readonly code: number; readonly out: string; readonly err: string };

function exactness(...options: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["scripts/exactness.ts", ...options], { cwd: ROOT }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : Number(error !== null), out, err });
    });
  });
}

describe("the exactness of models", () => {
  it("is told as rows with --json", async () => {
    const { code, out, err } = await exactness("--json", "--inputs", "50", "--only", "iris");
    expect(code, err).to.equal(0);
    const [iris, ...others] = JSON.parse(out) as { inputs: Record<string, number>; seconds: number }[];
    expect(others).to.deep.equal([]);
    expect(iris).to.have.all.keys("model", "seed", "inputs", "seconds", "mismatch");
    expect(iris).to.include({ model: "iris", seed: 1, mismatch: null });
    expect(iris?.inputs).to.include({ end: 2, random: 50 });
    // Three sums of four fields, each with two ends.
    expect(iris?.inputs["bound"]).to.equal(6);
  });

  it("refuses what it does not know", async () => {
    expect((await exactness("--help")).out).to.include("Usage: npm run exactness");
    for (const options of [
      ["--inputs", "0"],
      ["--inputs", "many"],
      ["--only", "nobody"],
      ["--seed", "-1"],
      ["--fast"],
    ]) {
      const { code, out, err } = await exactness(...options);
      expect(code, options.join(" ")).to.equal(2);
      expect(err).to.include("Usage: npm run exactness");
      expect(out).to.equal("");
    }
  });

  describe("of iris", () => {
    let program: Program;
    let wasm: Uint8Array;
    let rows: readonly (readonly number[])[];

    before(async () => {
      const parts = await partsOf("iris");
      const derived = deriveFrom(parts);
      ({ program } = derived);
      ({ wasm } = await compileOnce(derived.circuit));
      // Lengths in tenths.
      rows = parts.evaluated.map(({ inputs }) => inputs.map((value) => Math.round(value * 10)));
    });

    it("is asked of inputs that one seed decides, with real ties among them", () => {
      const cases = casesOf(program, rows, 20, 7);
      expect(casesOf(program, rows, 20, 7)).to.deep.equal(cases);
      expect(casesOf(program, rows, 20, 8)).to.not.deep.equal(cases);
      const ties = cases.filter(({ kind }) => kind === "tie");
      expect(ties).to.not.be.empty;
      const last = program.steps.at(-1)?.operation;
      const scores = last?.kind === "argmax" ? last.input : "";
      const execute = executorOf(program);
      for (const { fields } of ties) {
        const [first, second] = Array.from(execute(fields).get(scores) ?? [], Number).toSorted((a, b) => b - a);
        expect(first, fields.join()).to.equal(second);
      }
    });

    it("fails where the circuit is another model's, or takes less", async () => {
      const cases = casesOf(program, rows, 100, 1);
      expect(await firstMismatch({ program, wasm }, cases, () => {})).to.equal(undefined);

      const steps = program.steps.map((step) => {
        const { operation } = step;
        if (operation.kind !== "dense") return step;
        return {
          ...step,
          operation: { ...operation, bias: operation.bias.map((bias, row) => (row === 0 ? 0n : bias)) },
        };
      });
      const answers = await firstMismatch({ program: { ...program, steps }, wasm }, cases, () => {});
      expect(answers?.executor).to.not.equal(answers?.circuit);

      const input = { ...program.input, widths: program.input.widths.map((width) => width + 1) };
      const wider = { ...program, input };
      const beyond = casesOf(wider, rows, 0, 1).slice(1, 2);
      expect((await firstMismatch({ program: wider, wasm }, beyond, () => {}))?.circuit).to.include("NoWitnessError");
    });
  });
});
