import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { FILES } from "../../../src/model/bundle/files.ts";
import { answerOf, assay, errorOf, jsonOf, newWorld, refusalOf, type World } from "./world.ts";

const CIRCUIT_FILES = ["program", "certificate", "source", "circuit", "witness", "report", "page"] as const;
const KEY_FILES = ["manifest", "key", "verificationKey", "transcript"] as const;

function names(...keys: readonly (keyof typeof FILES)[]): string[] {
  return keys.map((key) => FILES[key]).toSorted();
}

describe("assay model build", () => {
  let world: World;
  before(async () => {
    world = await newWorld();
  });
  after(() => world.close());

  const build = (...options: string[]): string[] => ["model", "build", world.source, ...options];

  it("puts all of a model beside its source, and says what it costs and whose setup it is", async () => {
    const { code, stdout, stderr } = await assay(build());
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^ +rows +\d[^]*^Built 0x[0-9a-f]{64}$[^]*^DEVELOPMENT SETUP/m);
    expect(stderr).to.match(/^Building: quantising$/m);
    expect(await readdir(world.built)).to.have.members(names(...CIRCUIT_FILES, ...KEY_FILES));
    expect(await readdir(world.source)).not.to.include("build.unfinished");
  });

  it("prints only JSON where it is asked to, and builds the same again", async () => {
    const out = world.path("elsewhere");
    const [first, again] = [await jsonOf(build("--out", out)), await jsonOf(build("--out", out))];
    expect(again).to.deep.equal(first).and.to.include({ folder: out, isDevelopment: true });
    expect(first).to.have.nested.property("report.cost.rows");
    expect(first).to.have.nested.property("manifest.name", "iris");
  });

  it("refuses a circuit that is too large, with its size and where it comes from, and writes nothing", async () => {
    const { cost } = (await jsonOf(["model", "report", world.source])) as { cost: { rows: number } };
    const out = world.path("large");
    const limited = build("--out", out, "--limit", String(cost.rows - 1));
    const { name, message } = await errorOf(limited);
    expect(name).to.equal("CircuitTooLargeError");
    expect(message).to.match(new RegExp(`\\b${cost.rows}\\b.*\\binput \\(.*\\banswer \\(`));
    expect(await readdir(world.folder)).not.to.include("large");
    await answerOf(build("--out", out, "--limit", String(cost.rows)));
  });

  it("leaves alone what is no built model", async () => {
    const before = await readdir(world.source);
    expect(await errorOf(build("--out", world.source))).to.have.property("name", "NotAModelFolderError");
    expect(await readdir(world.source)).to.deep.equal(before);
  });

  it("leaves a file alone that is where the model should go", async () => {
    const file = world.path("notes.txt");
    await writeFile(file, "mine");
    await refusalOf(build("--out", file));
    expect(await readFile(file, "utf8")).to.equal("mine");
  });

  it("leaves a folder alone that only looks like a built model", async () => {
    const notes = world.path("notes");
    await mkdir(notes);
    await writeFile(join(notes, FILES.program), "{}");
    await writeFile(join(notes, "thesis.txt"), "mine");
    await refusalOf(build("--out", notes));
    expect(await readFile(join(notes, "thesis.txt"), "utf8")).to.equal("mine");
  });

  it("says what is missing or broken, and keeps the model that was there", async () => {
    const manifest = await readFile(join(world.built, FILES.manifest));
    expect(await refusalOf(["model", "build", world.path("nowhere")])).to.include("model.json");
    expect(await refusalOf(build("--phase1", world.path("none.ptau")))).to.include("none.ptau");
    expect(await errorOf(build("--phase1", join(world.source, "model.json")))).to.have.property(
      "name",
      "UnknownPhase1Error",
    );
    expect(await refusalOf(build("--ceremony", world.path("nowhere")))).to.include("transcript.json");
    const onnx = join(world.source, "model.onnx");
    await rename(onnx, `${onnx}.aside`);
    expect(await refusalOf(build())).to.include("model.onnx");
    await writeFile(onnx, (await readFile(`${onnx}.aside`)).subarray(0, 200));
    expect(await errorOf(build())).to.have.property("name", "CorruptFileError");
    await rm(onnx);
    await rename(`${onnx}.aside`, onnx);
    expect(await readFile(join(world.built, FILES.manifest))).to.deep.equal(manifest);
  });

  it("stops before the key for a ceremony, and takes the key that the ceremony made", async () => {
    const [out, ceremony] = [world.path("shared"), world.path("ceremony")];
    const { circuit } = await jsonOf(build("--out", out, "--circuit-only"));
    expect(circuit).to.equal(join(out, FILES.circuit));
    expect(await readdir(out)).to.have.members(names(...CIRCUIT_FILES));
    expect(await refusalOf(["model", "run", out, "--field", "a=1"])).to.include(FILES.manifest);

    const held = build("--out", out, "--ceremony", ceremony);
    await answerOf(["ceremony", "start", "--circuit", String(circuit), "--phase1", "development", "--out", ceremony]);
    expect(await errorOf(held)).to.have.property("name", "NoContributionError");
    expect(await readdir(out)).to.have.members(names(...CIRCUIT_FILES));

    await answerOf(["ceremony", "contribute", ceremony, "--name", "Ada"]);
    await answerOf(["ceremony", "beacon", ceremony, "--value", `0x${"42".repeat(32)}`]);
    await answerOf(["ceremony", "finish", ceremony]);
    const { id } = await jsonOf(held);
    expect(await readdir(out)).to.have.members(names(...CIRCUIT_FILES, ...KEY_FILES));
    const verified = await answerOf(["model", "verify", out, "--id", String(id)]);
    expect(verified)
      .to.match(/^contribution +Ada /m)
      .and.match(/^beacon /m)
      .and.include("DEVELOPMENT SETUP");
  });
});

describe("assay model report", () => {
  let world: World;
  before(async () => {
    world = await newWorld();
  });
  after(() => world.close());

  it("writes a page and a card, and compiles nothing", async () => {
    const [html, card] = [world.path("report.html"), world.path("README.md")];
    const printed = await answerOf(["model", "report", world.source, "--html", html, "--card", card]);
    expect(printed).to.include("Constraints by layer").and.include("Widest intervals");
    const page = await readFile(html, "utf8");
    expect(page).to.match(/^<!DOCTYPE html>[^]*<svg[^]*<\/html>\s*$/);
    expect(await readFile(card, "utf8")).to.match(/^# iris\n[^]*## Accuracy\n[^]*## Cost\n/);
    expect(await readdir(world.source)).not.to.include("build");
  });

  it("prints the same figures as JSON, and puts the page beside the model if nobody says where", async () => {
    const { page, ...report } = await jsonOf(["model", "report", world.source]);
    expect(await readdir(world.source)).to.include("report.html");
    expect(page).to.equal(join(world.source, "report.html"));
    const printed = await answerOf(["model", "report", world.source]);
    const { cost, agreement } = report as { cost: { rows: number }; agreement: { rows: number } };
    expect(printed).to.match(new RegExp(`rows +${cost.rows},`));
    expect(printed).to.include(`on ${agreement.rows} held-out rows`);
  });

  it("says which file it cannot write", async () => {
    const nowhere = world.path("nowhere/report.html");
    expect(await refusalOf(["model", "report", world.source, "--html", nowhere])).to.include(nowhere);
  });

  it("says what is wrong with a model's source, and where", async () => {
    const path = join(world.source, "model.json");
    const source = await readFile(path, "utf8");
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ['"visibility": "hidden"', '"visibility": "secret"', /input\.visibility.*hidden, public/],
      ['"step": "0.1" },', '"step": 0.1 },', /input\.fields\[0\]\.step/],
      ['"max": "12.7"', '"max": "12.75"', /sepal length.*12\.75/],
      ['"kind": "label"', '"kind": "class"', /output\.kind/],
      ['"training.csv"', '"lost.csv"', /lost\.csv/],
      ["{", "", /model\.json/],
    ];
    for (const [from, to, words] of cases) {
      await writeFile(path, source.replace(from, to));
      expect(await refusalOf(["model", "report", world.source]), to).to.match(words);
    }
    await writeFile(path, source);
  });
});
