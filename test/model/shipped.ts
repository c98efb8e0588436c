import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { deriveModel, CircuitTooLargeError, readParts, type DerivedModel } from "../../src/model/build-model.ts";
import { lintInputs } from "../../src/model/bundle/lint-inputs.ts";
import { encodeNearest, type FieldCodec } from "../../src/model/codec.ts";
import { compileText } from "../../src/model/compile.ts";
import { constraintCountOf, stopThreads } from "../../src/model/groth16.ts";
import { isSound, lintCircuit } from "../../src/model/lint/lint.ts";
import { intervalsFrom } from "../../src/model/program/certificate.ts";
import { checkCertificate } from "../../src/model/program/check-certificate.ts";
import { executorOf, outputOf } from "../../src/model/program/execute.ts";
import { intervalsOf } from "../../src/model/program/intervals.ts";
import { packedCount } from "../../src/model/program/secrets.ts";
import { readProgram, writeProgram } from "../../src/model/program/program-file.ts";
import { cardOf } from "../../src/model/report/card.ts";
import { reportOf } from "../../src/model/report/report.ts";
import { codecsOf } from "../../src/model/source.ts";
import { commitInput } from "../../src/protocol/commitment.ts";
import { CONTEXT, executed, inputsFor, SALT, signalsFor, type TestedCircuit } from "../helpers/circuit.ts";
import { errorOf } from "../helpers/errors.ts";
import { fuzz } from "../helpers/random.ts";
import { runtimeAnswers } from "../helpers/runtime.ts";

const MODELS = fileURLToPath(new URL("../../models", import.meta.url));
const NAMES = readdirSync(MODELS).filter((name) => readdirSync(join(MODELS, name)).includes("model.json"));
const ROWS = 100;
const RUNTIME_ROWS = 500;
/** Of accuracy, or of the error's own size. */
const MOST_LOST = 0.003;

for (const name of NAMES) {
  describe(`the model ${name}`, () => {
    const folder = join(MODELS, name);
    let model: DerivedModel;
    let circuit: TestedCircuit;

    before(async () => {
      model = await deriveModel(folder);
      const { program, cost, circuit: text } = model;
      const intervals = intervalsOf(program);
      circuit = { ...(await compileText(text)), program, intervals, cost, execute: executorOf(program, intervals) };
    });
    after(() => stopThreads());

    it("answers as its circuit does, on its data, at the ends of its fields, and between", () =>
      fuzz(async (random) => {
        const { source, program } = model;
        const codecs = codecsOf(source);
        const { rows } = await readParts(folder);
        const real = rows.slice(0, ROWS).map(({ inputs }) => {
          return inputs.map((value, field) => encodeNearest(codecs[field] as FieldCodec, value));
        });
        for (const input of [...real, ...inputsFor(program, ROWS, random)]) {
          const [commitment, answer, context] = await signalsFor(circuit, input);
          expect(answer, input.join()).to.equal(executed(circuit, input));
          expect(commitment).to.equal(commitInput(program.input.widths, input.map(BigInt), SALT));
          expect(context).to.equal(CONTEXT);
        }
      }));

    it("has as many constraints as its report says, and each wire is determined", async () => {
      expect(await constraintCountOf(circuit.r1cs)).to.equal(model.cost.rows);
      const inputs = lintInputs(model.program, packedCount(model.program));
      const report = await lintCircuit({ r1cs: circuit.r1cs, wasm: circuit.wasm, inputs });
      expect(isSound(report), JSON.stringify(report.findings)).to.equal(true);
    });

    it("loses no accuracy worth speaking of", () => {
      const { agreement, metric, float = Number.NaN, integer = Number.NaN } = model.agreement;
      expect(agreement).to.be.greaterThan(0.98);
      if (metric === "accuracy") expect(float - integer).to.be.at.most(MOST_LOST);
      else expect(integer / float - 1).to.be.at.most(MOST_LOST);
    });

    it("answers as ONNX Runtime does with its floats", async () => {
      const { source, program, scales } = model;
      const codecs = codecsOf(source);
      const { evaluated } = await readParts(folder);
      const rows = evaluated.slice(0, RUNTIME_ROWS).map(({ inputs }) => inputs);
      const theirs = await runtimeAnswers(await readFile(join(folder, "model.onnx")), rows);
      const ours = rows.map((row) => {
        const steps = row.map((value, field) => encodeNearest(codecs[field] as FieldCodec, value));
        const [first = 0n] = outputOf(program, circuit.execute(steps));
        return source.output.kind === "label"
          ? source.output.labels?.[Number(first)]
          : Number(first) * (scales[0] ?? 1);
      });
      const numbers = theirs.map((answer) => (typeof answer === "string" ? 0 : (answer[0] ?? 0)));
      const tolerance = 0.01 * (Math.max(...numbers) - Math.min(...numbers));
      const same = theirs.filter((answer, row) => {
        const own = ours[row];
        if (typeof answer === "string" || typeof own === "string") {
          const label =
            typeof answer === "string" ? answer : source.output.labels?.[answer.indexOf(Math.max(...answer))];
          return own === label;
        }
        return Math.abs((own ?? Number.NaN) - (answer[0] ?? 0)) <= tolerance;
      });
      expect(same.length / rows.length).to.be.greaterThan(0.98);
    });

    it("has a program and a certificate that survive being written", () => {
      const text = writeProgram(model.program);
      const read = readProgram(text);
      expect(writeProgram(read)).to.equal(text);
      checkCertificate(read, intervalsFrom(model.certificate, read));
    });

    it("has a card that says what it is", async () => {
      const card = await readFile(join(folder, "README.md"), "utf8");
      // Written by: npm run -s assay -- model report models/NAME --card models/NAME/README.md
      expect(card).to.equal(cardOf(reportOf(model), model.source));
    });
  });
}

describe("a model whose circuit would be too large", () => {
  it("is refused, with the layers that cost most", async () => {
    const folder = join(MODELS, "iris");
    const { rows } = (await deriveModel(folder)).cost;
    const error = await errorOf(deriveModel(folder, { limit: rows - 1 }));
    expect(error).to.be.instanceOf(CircuitTooLargeError);
    expect((error as Error).message)
      .to.contain(`${rows} constraints`)
      .and.to.contain("input (287)");
    await deriveModel(folder, { limit: rows });
  });
});
