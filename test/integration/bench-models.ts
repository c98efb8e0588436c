import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import type { ModelRow } from "../../scripts/bench/model-row.ts";
import { SHAPES } from "../../scripts/bench/shapes.ts";
import { deriveFrom, type DerivedModel, type ModelParts } from "../../src/model/build-model.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const COUNTS = ["constraints", "predicted", "rows", "domain", "buildSeconds"] as const;
const TIMES = [
  "setupSeconds",
  "witnessSeconds",
  "proveSecondsCold",
  "proveSeconds",
  "verifySeconds",
  "peakMiB",
] as const;
const SCORES = ["accuracyFloat", "accuracyInteger", "agreement"] as const;

/** The most rows that each shape may have; that of trees is before the input's commitment. */
const LIMITS: Readonly<Record<string, number>> = {
  "lenet-8": 99_000,
  "lenet-8-pool-first": 32_760,
  "mlp-784-56-10-w8": 12_700,
  "mlp-784-56-10-w6": 7_200,
  "trees-100x3": 1_700,
};

type Outcome = { readonly code: number; readonly out: string; readonly err: string };

function bench(...options: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["scripts/bench.ts", "models", ...options], { cwd: ROOT }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : Number(error !== null), out, err });
    });
  });
}

async function rowsOf(...options: string[]): Promise<ModelRow[]> {
  const { code, out, err } = await bench("--json", ...options);
  expect(code, err).to.equal(0);
  return JSON.parse(out) as ModelRow[];
}

describe("the benchmark of models", () => {
  it("counts without proving, and prints nothing but rows with --json", async () => {
    const rows = await rowsOf("--no-prove", "--only", "trees-100x3,iris");
    expect(rows.map(({ model }) => model)).to.deep.equal(["iris", "trees-100x3"]);
    for (const row of rows) {
      expect(row).to.have.all.keys("model", ...COUNTS, ...TIMES, "metric", ...SCORES);
      expect(row.predicted, row.model).to.equal(row.rows);
      expect(row.constraints, row.model).to.be.above(0).and.to.be.at.most(row.rows);
      expect(Math.log2(row.domain), row.model).to.satisfy(Number.isInteger);
      // Input, answer, context and the constant have rows of their own.
      expect(row.domain, row.model)
        .to.be.at.least(row.rows + 4)
        .and.to.be.below(2 * (row.rows + 4));
      expect(row.buildSeconds, row.model).to.be.above(0);
      for (const time of TIMES) expect(row[time], `${row.model}: ${time}`).to.equal(null);
    }
    const [iris, trees] = rows as [ModelRow, ModelRow];
    expect(iris.metric).to.equal("accuracy");
    for (const score of SCORES) expect(iris[score], score).to.be.above(0.9).and.to.be.at.most(1);
    expect([trees.metric, ...SCORES.map((score) => trees[score])]).to.deep.equal([null, null, null, null]);
  });

  it("measures real proofs", async () => {
    const [iris] = (await rowsOf("--only", "iris")) as [ModelRow];
    for (const time of TIMES) expect(iris[time], time).to.be.above(0);
  });

  it("says how it is used, and refuses what it cannot measure", async () => {
    expect((await bench("--help")).out).to.include("Usage: npm run bench models");
    for (const options of [
      ["--only", "iris,nobody"],
      ["--only", ""],
      ["--fast"],
      ["everything"],
      ["--no-prove", "--phase1", "file"],
    ]) {
      const { code, out, err } = await bench(...options);
      expect(code, options.join(" ")).to.equal(2);
      expect(err).to.include("Usage: npm run bench models");
      expect(out).to.equal("");
    }
    const unknown = await bench("--only", "nobody");
    for (const name of ["iris", ...Object.keys(SHAPES)]) expect(unknown.err).to.include(name);
  });

  it("refuses a phase 1 that nobody knows before it measures anything", async () => {
    const { code, err } = await bench("--only", "iris", "--phase1", "package.json");
    expect(code).to.equal(1);
    expect(err).to.include("BLAKE2b-512").and.not.to.include("building");
  });
});

for (const [name, make] of Object.entries(SHAPES)) {
  describe(`the shape ${name}`, () => {
    let model: DerivedModel;

    before(() => {
      model = deriveFrom(make(name));
    });

    it("has as few rows as it should", () => {
      const { rows, lines } = model.cost;
      const isForest = name.startsWith("trees");
      const commitment = lines.find(({ gadget }) => gadget === "CommitInput");
      const without = isForest ? (commitment?.nonlinear ?? 0) + (commitment?.linear ?? 0) : 0;
      expect(rows - without).to.be.at.most(LIMITS[name] ?? 0);
    });

    it("hides its input", () => {
      expect(model.program.input.visibility).to.equal("hidden");
    });
  });
}

describe("the shapes", () => {
  const program = (name: string) => deriveFrom((SHAPES[name] as (name: string) => ModelParts)(name)).program;

  it("are of the widths that they are named after", () => {
    for (const [name, input, weights] of [
      ["lenet-8", 8, 8],
      ["lenet-8-pool-first", 8, 8],
      ["mlp-784-56-10-w8", 8, 8],
      ["mlp-784-56-10-w6", 4, 6],
    ] as const) {
      const { input: fields, steps } = program(name);
      expect(new Set(fields.widths), name).to.deep.equal(new Set([input]));
      expect(fields.widths, name).to.have.lengthOf(784);
      const largest = steps.flatMap(({ operation }) => {
        const isTrained = operation.kind === "dense" || (operation.kind === "conv" && operation.geometry.groups === 1);
        return isTrained ? [operation.weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0)] : [];
      });
      for (const most of largest) expect(most, name).to.equal(2 ** (weights - 1) - 1);
      expect(steps.at(-1)?.operation.kind, name).to.equal("argmax");
    }
  });

  it("have the layers of LeNet", () => {
    const kinds = (name: string) => program(name).steps.map(({ operation }) => operation.kind);
    const sizes = (name: string) => program(name).steps.map(({ size }) => size);
    expect(kinds("lenet-8")).to.deep.equal(["conv", "relu", "conv", "conv", "relu", "conv", "dense", "argmax"]);
    expect(sizes("lenet-8")).to.deep.equal([3456, 3456, 864, 1024, 1024, 256, 10, 1]);
  });
});
