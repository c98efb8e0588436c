import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { CircuitTooLargeError } from "../../../src/model/build-model.ts";
import { buildCircuit, buildModel, NotAModelFolderError } from "../../../src/model/bundle/build.ts";
import { FILES } from "../../../src/model/bundle/files.ts";
import { stopThreads } from "../../../src/model/groth16.ts";
import { errorOf } from "../../helpers/errors.ts";
import { snapshot } from "../ceremony/world.ts";
import { NARROW, writePrivate } from "./private-model.ts";
import { build, newFolder, SETUP, TINY, tinyLayers, writeSource } from "./world.ts";

const ROWS = [
  [0.7, 0.1],
  [0.1, 0.7],
];

describe("building a model", () => {
  let folder: string;
  let source: string;

  before(async () => {
    folder = await newFolder();
    source = await writeSource(join(folder, "source"), TINY, tinyLayers([1, -2, -3, 2]), ROWS);
  });
  after(async () => {
    await stopThreads();
    await rm(folder, { recursive: true });
  });

  const leavesAlone = async (target: string, step: () => Promise<unknown>): Promise<unknown> => {
    const before = await snapshot(target);
    expect(before).not.to.deep.equal({});
    const failure = await errorOf(step());
    expect(await snapshot(target)).to.deep.equal(before);
    return failure;
  };

  it("writes all files of a model and no others, beside its source by default", async () => {
    const { folder: built } = await build(source);
    const names = Object.entries(FILES).flatMap(([key, file]) => (key.startsWith("weights") ? [] : [file]));
    expect((await readdir(built)).sort()).to.deep.equal(names.sort());
    expect(await readdir(source)).not.to.include("build.unfinished");
  });

  it("refuses to write over a folder that holds other things", async () => {
    const target = join(folder, "holiday");
    await mkdir(target);
    await writeFile(join(target, "photo.jpg"), "precious");
    const failures = [
      await leavesAlone(target, () => buildCircuit(source, target, {})),
      await leavesAlone(source, () => buildCircuit(source, source, {})),
      await leavesAlone(target, () => buildModel(source, target, { setup: SETUP })),
    ];
    for (const failure of failures) expect(failure).to.be.instanceOf(NotAModelFolderError);
  });

  it("writes into a folder that is empty, or not there, whatever is above it", async () => {
    const empty = join(folder, "empty");
    await mkdir(empty);
    for (const target of [empty, join(folder, "a", "b", "c")]) {
      const { circuit } = await buildCircuit(source, target, {});
      expect((await readFile(circuit)).subarray(0, 4).toString()).to.equal("r1cs");
    }
  });

  it("replaces an earlier model as a whole, and leaves nothing beside it", async () => {
    const target = join(folder, "again");
    await build(source, target);
    await buildCircuit(source, target, {});
    expect(await readdir(target)).not.to.include(FILES.key);
    expect((await readdir(folder)).filter((name) => name.startsWith("again"))).to.deep.equal(["again"]);
  });

  it("leaves an earlier model as it was when it fails, its private weights among it", async () => {
    const model = await writePrivate(join(folder, "private"), NARROW);
    const { folder: built } = await build(model);
    expect(await readdir(built)).to.include(FILES.weights);
    const failure = await leavesAlone(built, () => buildModel(model, built, { setup: SETUP, limit: 10 }));
    expect(failure).to.be.instanceOf(CircuitTooLargeError);

    await writeFile(join(model, "model.json"), "{");
    expect(await leavesAlone(built, () => build(model))).to.be.instanceOf(Error);
  });

  it("leaves an earlier model as it was when it cannot be written", async () => {
    const { folder: built } = await build(source, join(folder, "short"));
    // As long as a name may be, so that nothing can be written under a longer one beside it.
    const target = join(folder, "x".repeat(250));
    await rename(built, target);
    expect(await leavesAlone(target, () => build(source, target))).to.have.property("code", "ENAMETOOLONG");
  });
});
