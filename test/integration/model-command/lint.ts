import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { FILES } from "../../../src/model/bundle/files.ts";
import { answerOf, assay, complaintOf, errorOf, jsonOf, newWorld, refusalOf, type World } from "./world.ts";

const SAMPLE = fileURLToPath(new URL("../../../circuits/samples/credit-score.circom", import.meta.url));

function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/circuits/${name}.circom`, import.meta.url));
}

describe("assay model lint", () => {
  let world: World;
  before(async () => {
    world = await newWorld();
    await answerOf(["model", "build", world.source]);
  });
  after(() => world.close());

  /** Of constraints that are compiled already. */
  const withInputs = (inputs: string): string[] => {
    const [r1cs, wasm] = [join(world.built, FILES.circuit), join(world.built, FILES.witness)];
    return ["model", "lint", r1cs, "--wasm", wasm, "--inputs", inputs];
  };

  it("passes a built model, with witnesses of its own", async () => {
    const { wires, witnesses, ...report } = await jsonOf(["model", "lint", world.built]);
    expect(report).to.include({ isSound: true, outputsDetermined: true });
    expect(report).to.deep.include({ findings: [], unknown: [] });
    expect(witnesses).to.be.greaterThan(0);
    const { total, determined } = wires as { total: number; determined: number };
    expect(determined).to.equal(total).and.to.be.greaterThan(300);
  });

  it("takes a circuit's source, or its constraints, with inputs for its signals", async () => {
    expect(await answerOf(["model", "lint", SAMPLE])).to.include("PASSED");
    const inputs = world.path("inputs.json");
    await writeFile(inputs, JSON.stringify([{ fields: [1, 2, 3, 255], salt: "5", context: 7 }]));
    expect(await answerOf(["model", "lint", SAMPLE, "--inputs", inputs])).to.include("1 witnesses mutated");

    const [r1cs, wasm] = [join(world.built, FILES.circuit), join(world.built, FILES.witness)];
    expect(await jsonOf(["model", "lint", r1cs, "--wasm", wasm])).to.include({ isSound: true, witnesses: 0 });
    expect(await complaintOf(["model", "lint", r1cs])).to.include("--wasm");
  });

  it("fails an unsound circuit, shows two witnesses for one input, and ends with 1", async () => {
    const inputs = world.path("remainder.json");
    await writeFile(inputs, JSON.stringify([{ value: 37 }]));
    const unsound = ["model", "lint", fixture("free-remainder"), "--inputs", inputs];
    const { code, stdout } = await assay(unsound);
    expect(code).to.equal(1);
    expect(stdout).to.match(/not determined: two witnesses[^]*wire 1 \(1: \d+ -> \d+[^]*FAILED/);

    const asJson = await assay([...unsound, "--json"]);
    expect(asJson.code).to.equal(1);
    expect(JSON.parse(asJson.stdout)).to.include({ isSound: false, outputsDetermined: false });
    expect(await answerOf(["model", "lint", fixture("free-remainder-fixed"), "--inputs", inputs])).to.include("PASSED");
  });

  it("says what it cannot read", async () => {
    const notes = world.path("notes.txt");
    await writeFile(notes, "mine");
    expect(await complaintOf(["model", "lint", notes])).to.include(".circom");
    expect(await refusalOf(["model", "lint", world.path("nowhere")])).to.include("nowhere");
    expect(await refusalOf(["model", "lint", world.source])).to.include(world.source);

    const broken = world.path("broken.r1cs");
    await cp(notes, broken);
    const wasm = join(world.built, FILES.witness);
    expect(await refusalOf(["model", "lint", broken, "--wasm", wasm])).to.include("r1cs");
    const source = world.path("broken.circom");
    await writeFile(source, "template");
    expect(await errorOf(["model", "lint", source])).to.have.property("name", "CompilationFailedError");
  });

  it("says what is wrong with the inputs for its signals", async () => {
    const inputs = world.path("wrong.json");
    const fields = [1, 2, 3, 4];
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [{ fields, salt: 5, context: 7 }, /wrong\.json.*list/],
      [[{ fields, salt: 5 }], /inputs/],
      [[{ fields: [1, 2, 3], salt: 5, context: 7 }], /fields/],
      [[{ fields: [1, 2, 3, 256], salt: 5, context: 7 }], /constraint/],
    ];
    for (const [given, words] of cases) {
      await writeFile(inputs, JSON.stringify(given));
      expect(await refusalOf(withInputs(inputs)), JSON.stringify(given)).to.match(words);
    }
  });

  it("says which of the inputs for its signals is no number", async () => {
    const inputs = world.path("words.json");
    for (const word of ["four", null, 1.5, {}]) {
      await writeFile(inputs, JSON.stringify([{ fields: [1, 2, 3, word], salt: 5, context: 7 }]));
      expect(await refusalOf(withInputs(inputs))).to.include("fields");
    }
  });
});
