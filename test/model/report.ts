import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";
import { check } from "prettier";

import { deriveModel, type DerivedModel } from "../../src/model/build-model.ts";
import { planCircuit } from "../../src/model/circuit/plan.ts";
import { bitLength, signedBits } from "../../src/model/integers.ts";
import { intervalsOf } from "../../src/model/program/intervals.ts";
import { cardOf } from "../../src/model/report/card.ts";
import { pageOf } from "../../src/model/report/page.ts";
import { reportOf, type ModelReport } from "../../src/model/report/report.ts";
import { outputTable } from "../../src/model/report/tables.ts";
import { textOf } from "../../src/model/report/text.ts";
import { columnsOf, grouped, percent, points, quantity, visible } from "../../src/model/report/words.ts";
import { readSource, SourceError } from "../../src/model/source-file.ts";
import { HOSTILE, hostileFrom, sum, withLayers } from "./report/models.ts";

const IRIS = fileURLToPath(new URL("../../models/iris", import.meta.url));

describe("the report of a model", () => {
  let iris: DerivedModel;
  let report: ModelReport;
  let hostile: DerivedModel;

  before(async () => {
    iris = await deriveModel(IRIS);
    report = reportOf(iris);
    hostile = hostileFrom(iris);
  });

  it("says what the model takes, answers, costs and loses", () => {
    expect(report.fields.map(({ name, bits, count }) => [name, bits, count])).to.deep.equal([
      ["sepal length", 7, 1],
      ["sepal width", 7, 1],
      ["petal length", 7, 1],
      ["petal width", 7, 1],
    ]);
    expect(report.visibility).to.deep.equal({ input: "hidden", output: "public", weights: "public" });
    expect(report.output.numbers).to.deep.equal([{ bits: 2, scale: 1 }]);
    expect(report.widths).to.deep.include({ ...iris.widths, layers: [] });
    expect(report.agreement).to.deep.equal({ ...iris.agreement, data: "held-out.csv", isHeldOut: true, lost: 0 });
    expect(JSON.parse(JSON.stringify(report))).to.deep.equal(report);
  });

  it("counts every row once, by layer and by gadget, and the room that is left", () => {
    const { rows, constraints, layers, gadgets, domain, headroom } = report.cost;
    expect(rows).to.equal(iris.cost.rows);
    for (const list of [layers, gadgets, layers.flatMap((layer) => layer.gadgets)]) {
      expect(sum(list.map((each) => each.rows))).to.equal(rows);
      expect(sum(list.map((each) => each.constraints))).to.equal(constraints);
    }
    // Three public signals, and the wire that is always one.
    expect(headroom).to.equal(domain - rows - 4);
    expect(domain / 2).to.be.lessThan(rows + 4);
  });

  it("counts private weights among what fills the domain", async () => {
    const model = await variant({ weights: "private", widths: { weights: 8, activations: 8 } });
    const { weights } = planCircuit(model.program, intervalsOf(model.program));
    const { visibility, cost } = reportOf(model);
    expect(visibility.weights).to.equal("private");
    expect(weights).to.be.greaterThan(0);
    expect(cost.headroom).to.equal(cost.domain - model.cost.rows - 4 - (weights + 1));
  });

  it("tells how many bits hold each tensor", () => {
    const intervals = intervalsOf(iris.program);
    for (const { layer, bits, tensors } of report.intervals) {
      for (const { id, size, bits: own } of tensors) {
        const all = intervals.get(id) ?? [];
        expect(size, id).to.equal(all.length);
        expect(own, id).to.equal(Math.max(...all.map(({ lo, hi }) => (lo < 0n ? signedBits(lo, hi) : bitLength(hi)))));
      }
      expect(bits, layer).to.equal(Math.max(...tensors.map((tensor) => tensor.bits)));
    }
    expect(report.intervals.flatMap(({ tensors }) => tensors)).to.have.length(1 + iris.program.steps.length);
  });

  it("leaves out an accuracy that nobody knows, and says so", async () => {
    const { float: _, integer: __, ...agreement } = iris.agreement;
    const silent = reportOf({ ...iris, agreement });
    expect(silent.agreement).to.not.have.any.keys("float", "integer", "lost");
    expect(kindsOf(silent)).to.include("no answers");
    for (const text of [textOf(silent), pageOf(silent), cardOf(silent, iris.source)]) {
      expect(text).to.not.match(/undefined|NaN|accuracy in/);
    }
    // Words are no numbers: they have no error.
    const { labels: ___, ...output } = iris.source.output;
    const scores = await variant({ output: { ...output, kind: "numbers", bits: 8 }, ...NARROW });
    expect(kindsOf(reportOf(scores))).to.include.members(["no answers", "rounded output"]);
    expect(JSON.parse(JSON.stringify(reportOf(scores)))).to.deep.equal(reportOf(scores));
  });

  it("warns of what should be looked at, and of nothing else", () => {
    const { rows } = iris.cost;
    expect(kindsOf(report)).to.deep.equal(["costly layer"]);
    const lines = (["a", "b"] as const).map((layer) => {
      return { layer, gadget: "Relu" as const, count: 1, nonlinear: rows / 2, linear: 0 };
    });
    expect(kindsOf(reportOf({ ...iris, cost: { ...iris.cost, lines } }))).to.deep.equal([]);
    const full = (free: number) => kindsOf(reportOf({ ...iris, cost: { ...iris.cost, lines, rows: 512 - 4 - free } }));
    expect(full(10)).to.deep.include("little headroom");
    expect(full(11)).to.not.include("little headroom");
    const lost = (integer: number) => {
      return kindsOf(reportOf({ ...iris, agreement: { ...iris.agreement, float: 0.98, integer } }));
    };
    expect(lost(0.976)).to.include("lost accuracy");
    expect(lost(0.978)).to.not.include("lost accuracy");
    const { evaluation: _, ...source } = iris.source;
    expect(kindsOf(reportOf({ ...iris, source }))).to.include("rows seen in training");
  });

  it("never rounds to all or nothing, and keeps what models say in its line", () => {
    expect([0, 0.00001, 0.96667, 0.99999, 1].map(percent)).to.deep.equal([
      "0.00%",
      "0.01%",
      "96.67%",
      "99.99%",
      "100.00%",
    ]);
    expect([points(-0.001), points(0.25)]).to.deep.equal(["0.00 points", "0.25 points"]);
    expect([quantity(1234567.8), quantity(-1234), quantity(0.012345, "m")]).to.deep.equal([
      "1,234,568",
      "-1,234",
      "0.01235 m",
    ]);
    expect(visible("a\n\tb\u001B[2J\u202Ec")).to.equal("a b\uFFFD[2J\uFFFDc");
    expect([columnsOf("層"), columnsOf("e\u0301"), columnsOf("ab")]).to.deep.equal([2, 1, 2]);
  });

  describe("as text", () => {
    it("takes at most 100 columns, whatever a model says", () => {
      for (const text of [textOf(report), textOf(reportOf(hostile)), textOf(withLayers(report, 40))]) {
        for (const line of text.split("\n")) expect(columnsOf(line), line).to.be.at.most(100);
        expect(text.replaceAll("\n", "")).to.not.match(/[\p{Cc}\p{Cf}]/u);
      }
    });

    it("has every figure of the report", () => {
      const lines = textOf(report).split("\n");
      const words = (line: string): string => line.trim().replaceAll(/ +/g, " ");
      for (const { name, gadgets } of report.cost.layers) {
        for (const { gadget, count, constraints, rows } of gadgets) {
          const line = `${name} ${gadget} ${count} ${constraints} ${rows} ${percent(rows / report.cost.rows)}`;
          expect(lines.map(words)).to.include(line);
        }
      }
      expect(textOf(report)).to.contain("2^9, 190 of 512 rows are free").and.to.contain("96.67%, in integers");
    });
  });

  describe("as a card", () => {
    it("has its figures from the report alone, and stays as it is when it is formatted", async () => {
      const card = cardOf(report, iris.source);
      expect(cardOf(reportOf(await deriveModel(IRIS)), iris.source)).to.equal(card);
      expect(await check(card, { parser: "markdown", printWidth: 120 })).to.equal(true);
      expect(card).to.contain(
        "318 rows, of which 316 multiply, in a domain of 2^9: 190 of 512 rows are free (37.11%).",
      );
      expect(card)
        .to.match(/\| accuracy in integers \| +96\.67% \|/)
        .and.to.contain("npm run -s assay -- model build models/iris");
      for (const { gadget, rows } of report.cost.gadgets) {
        expect(card).to.match(new RegExp(`\\| ${gadget} .*\\| +${grouped(rows)} \\|`));
      }
    });

    it("tells of the data and the training where the source does", () => {
      const data = "Every fifth row of the well_known set, `x < 3`, x < 3.";
      const card = cardOf(report, { ...iris.source, card: { data, training: "- by hand" } });
      expect(card).to.contain(`## Data and training\n\n${data.replace("x < 3.", "x \\< 3.")}\n\n\\- by hand\n`);
      const { card: _, ...silent } = iris.source;
      expect(cardOf(report, silent)).to.not.contain("## Data and training");
      expect(() => readSource(JSON.stringify({ ...iris.source, card: { data } })))
        .to.throw(SourceError)
        .with.property("at", "card");
    });

    it("takes nothing that a model says for Markdown", () => {
      const { source } = hostile;
      const card = cardOf(reportOf(hostile), { ...source, card: { data: HOSTILE, training: HOSTILE } });
      const prose = card.slice(0, card.indexOf("```sh")).replaceAll("`code`", "");
      expect(prose).to.not.match(/(?<!\\)[<`[]/);
      expect(prose.match(/^#+ .*/gm)?.slice(1)).to.deep.equal(
        ["Data and training", "Input", "Output", "Accuracy", "Cost", "Rebuild"].map((name) => `## ${name}`),
      );
      const pipes = prose
        .split("\n")
        .filter((line) => line.startsWith("| "))
        .map((line) => line.match(/(?<!\\)\|/g)?.length);
      expect(new Set(pipes)).to.deep.equal(new Set([3, 4, 6, 8]));
    });
  });

  it("gives each score its label, and puts numbers alike on one line", () => {
    const numbers = [5, 5, 6].map((bits) => ({ bits, scale: 0.5 }));
    const output = { name: "scores", kind: "numbers", unit: "kg", numbers } as const;
    expect(outputTable({ ...report, output }).rows).to.deep.equal([
      ["numbers 0 to 1", "5", "0.5 kg"],
      ["number 2", "6", "0.5 kg"],
    ]);
    const labelled = outputTable({ ...report, output: { ...output, labels: ["a", "b", "c"] } });
    expect(labelled.rows.map(([name]) => name)).to.deep.equal(["a", "b", "c"]);
  });

  /** Iris, but for what its source says. */
  async function variant(change: object): Promise<DerivedModel> {
    const folder = await mkdtemp(join(tmpdir(), "assay test report-"));
    try {
      await cp(IRIS, folder, { recursive: true });
      const source = JSON.parse(await readFile(join(folder, "model.json"), "utf8")) as object;
      await writeFile(join(folder, "model.json"), JSON.stringify({ ...source, ...change }));
      return await deriveModel(folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  }
});

const NARROW = { widths: { weights: 8, activations: 8 } };

const kindsOf = ({ warnings }: ModelReport): string[] => warnings.map(({ kind }) => kind);
