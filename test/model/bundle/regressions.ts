/** Faults that were found, each with what should happen instead. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { inputFrom } from "../../../src/cli/model/input.ts";
import { buildCircuit, NotAModelFolderError, type BuiltModel } from "../../../src/model/bundle/build.ts";
import { FILES, MissingFileError } from "../../../src/model/bundle/files.ts";
import { encodeInput, InputShapeError } from "../../../src/model/bundle/input.ts";
import { openModel, ProofRefusedError } from "../../../src/model/bundle/open.ts";
import { verifyModel } from "../../../src/model/bundle/verify.ts";
import { canonicalJson } from "../../../src/protocol/canonical-json.ts";
import { FieldTypeError } from "../../../src/model/codec.ts";
import { stopThreads } from "../../../src/model/groth16.ts";
import { MalformedManifestError } from "../../../src/model/manifest/manifest.ts";
import { ProgramFileError, readProgram, writeProgram } from "../../../src/model/program/program-file.ts";
import { SourceError, readSource } from "../../../src/model/source-file.ts";
import { errorOf } from "../../helpers/errors.ts";
import { snapshot } from "../ceremony/world.ts";
import { NARROW, writePrivate } from "./private-model.ts";
import { build, copyOf, editManifest, newFolder, plantFile, TINY, tinyLayers, writeSource } from "./world.ts";

describe("what nobody may do to a built model", () => {
  let folder: string;
  let source: string;
  let built: BuiltModel;

  before(async () => {
    folder = await newFolder();
    const rows = [
      [0.7, 0.1],
      [0.1, 0.7],
    ];
    source = await writeSource(join(folder, "source"), TINY, tinyLayers([1, -2, -3, 2]), rows);
    built = await build(source);
  });
  after(async () => {
    await stopThreads();
    await rm(folder, { recursive: true });
  });

  it("a program that tells private weights of its own is refused: nothing binds them to the key", async () => {
    const model = await build(await writePrivate(join(folder, "private"), NARROW));
    const program = await readFile(join(model.folder, FILES.program), "utf8");
    const secret = { weights: Array.from({ length: 12 }, () => 0), bias: ["0", "0", "0"] };
    const told = program.replace('"shift":7', `"secret":${JSON.stringify(secret)},"shift":7`);
    expect(told).not.to.equal(program);
    expect(() => readProgram(told)).to.throw(ProgramFileError);
  });

  it("a program is refused in another spelling, which other readers may take otherwise", async () => {
    const text = await readFile(join(built.folder, FILES.program), "utf8");
    const spellings = [
      JSON.stringify(JSON.parse(text), null, 2),
      text.replace("{", '{"note":"extra",'),
      text.replace('"origin":', '"note":"extra","origin":'),
      text.replace('"version":1', '"version":1,"version":1'),
      text.replace('["0","0"]', '["0x0",false]'),
      "null",
    ];
    for (const spelling of spellings) {
      expect(spelling).not.to.equal(text);
      expect(() => readProgram(spelling), spelling.slice(0, 40)).to.throw(ProgramFileError);
    }
  });

  it("a proof that is of another answer than was asked for is not handed out", async () => {
    const copy = await copyOf(built.folder);
    const program = readProgram(await readFile(join(copy, FILES.program), "utf8"));
    const steps = program.steps.map((each) =>
      each.operation.kind === "dense" ? { ...each, operation: { ...each.operation, weights: [-1, 2, 3, -2] } } : each,
    );
    await plantFile(copy, "program", writeProgram({ ...program, steps }));
    const model = await openModel(copy);
    const answer = model.answer([0.7, 0.1]);
    expect(await errorOf(model.prove(answer, 1n))).to.be.instanceOf(ProofRefusedError);
    await rm(copy, { recursive: true });
  });

  it("a verification key that is no JSON is refused by an error of its own", async () => {
    const copy = await copyOf(built.folder);
    await writeFile(join(copy, FILES.verificationKey), "{");
    expect(await errorOf(openModel(copy))).not.to.be.instanceOf(SyntaxError);
    expect(await errorOf(verifyModel(copy))).not.to.be.instanceOf(SyntaxError);
    await rm(copy, { recursive: true });
  });

  it("verify refuses what it says nothing about: a source, or a program for witnesses, that is not the circuit's", async () => {
    for (const file of [FILES.source, FILES.witness]) {
      const copy = await copyOf(built.folder);
      await writeFile(join(copy, file), "anything");
      expect(await errorOf(verifyModel(copy)), file).to.be.instanceOf(Error);
      await rm(copy, { recursive: true });
    }
  });

  it("a folder beside that is no model's is named", async () => {
    const failure = await errorOf(verifyModel(built.folder, { beside: [join(folder, "nowhere")] }));
    expect(failure).to.be.instanceOf(MissingFileError);
  });

  it("a file where the model should go is not deleted", async () => {
    const target = join(folder, "notes.txt");
    await writeFile(target, "precious");
    expect(await errorOf(buildCircuit(source, target, {}))).to.be.instanceOf(NotAModelFolderError);
    expect(await readFile(target, "utf8")).to.equal("precious");
  });

  it("a folder that holds a model and other things is not replaced", async () => {
    const { folder: target } = await buildCircuit(source, join(folder, "mixed"), {});
    await writeFile(join(target, "notes.txt"), "precious");
    const before = await snapshot(target);
    const failure = await errorOf(buildCircuit(source, target, {}).then(() => readdir(target)));
    expect(failure).to.be.instanceOf(NotAModelFolderError);
    expect(await snapshot(target)).to.deep.equal(before);
  });

  it("a folder beside, with the unfinished one's name, is not deleted if a build did not make it", async () => {
    const other = join(folder, "new.unfinished");
    await mkdir(other);
    await writeFile(join(other, "notes.txt"), "precious");
    await errorOf(
      buildCircuit(source, join(folder, "new"), {}).then(() => {
        throw new MissingFileError("", "");
      }),
    );
    expect(await readdir(other)).to.deep.equal(["notes.txt"]);
  });

  it("RFC 8785 has no lone surrogates", () => {
    expect(() => canonicalJson({ purpose: "\uD800" })).to.throw(Error);
    expect(() => canonicalJson({ "\uDEAD": 1 })).to.throw(Error);
    expect(canonicalJson("\uD83D\uDE00")).to.equal('"😀"');
  });

  it("two fields of one name are refused where a model is written: one value would serve both", () => {
    const [left] = TINY.input.fields;
    const text = JSON.stringify({ ...TINY, input: { ...TINY.input, fields: [left, left] } });
    expect(() => readSource(text)).to.throw(SourceError, "left");
  });

  it("units and labels that no manifest may have are refused where a model is written", () => {
    const [left, right] = TINY.input.fields;
    const wrong = [
      { ...TINY, input: { ...TINY.input, fields: [{ ...left, unit: "" }, right] } },
      { ...TINY, output: { ...TINY.output, unit: 5 } },
      { ...TINY, output: { ...TINY.output, labels: ["first", ""] } },
      { ...TINY, output: { ...TINY.output, labels: "first" } },
    ];
    for (const each of wrong) expect(() => readSource(JSON.stringify(each))).to.throw(SourceError);
  });

  it("a manifest with more fields than any circuit is refused by an error of its own", async () => {
    const copy = await copyOf(built.folder);
    const [left, right] = built.manifest.input.fields as [never, never];
    const fields = [{ ...(left as object), count: Number.MAX_SAFE_INTEGER }, right] as never;
    await editManifest(copy, (old) => ({ ...old, input: { ...old.input, fields } }));
    expect(await errorOf(verifyModel(copy))).to.be.instanceOf(MalformedManifestError);
    await rm(copy, { recursive: true });
  });

  it("an input that JSON cannot quote is refused by its field's name", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    for (const left of [1n, circle]) {
      expect(() => encodeInput(TINY.input.fields, { left, right: 0 })).to.throw(FieldTypeError, "left");
    }
    expect(() => encodeInput(TINY.input.fields, 1n)).to.throw(InputShapeError);
  });

  it("a field on the command line is never lost, whatever it is called", async () => {
    const given = await inputFrom({ field: ["left=0.1", "right=0", "__proto__=5"] });
    expect(() => encodeInput(TINY.input.fields, given)).to.throw("__proto__");
  });
});
