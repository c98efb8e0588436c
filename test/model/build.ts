import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { build } from "../../src/model/build.ts";
import { MissingIncludeError, hashSource } from "../../src/model/circuit-source.ts";
import { CompilationFailedError, compile } from "../../src/model/compile.ts";
import { isKeyOf, isProof, newProvingKey, prove, SetupFailedError, stopThreads } from "../../src/model/groth16.ts";
import { witnessOf } from "../../src/model/witness.ts";
import { DEVELOPMENT_PHASE1, WrongPhase1Error, checkPhase1 } from "../../src/model/phase1.ts";

const SQUARE = `pragma circom 2.2.2;
template Square() {
    signal input root;
    signal output square <== root * root;
}
component main = Square();
`;

describe("build", () => {
  let folder: string;
  let source: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay test build-"));
    source = join(folder, "square.circom");
    await writeFile(source, SQUARE);
  });
  after(async () => {
    await stopThreads();
    await rm(folder, { recursive: true });
  });

  const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => "no failure",
      (error: unknown) => error,
    );
  const stepsOf = async (options: { contributor?: string; cache: string }): Promise<string[]> => {
    const steps: string[] = [];
    await build(source, { ...options, onStep: (step) => steps.push(step) });
    return steps;
  };

  it("makes a key that proves, once; then finds it by its content", async () => {
    const cache = join(folder, "cache");
    expect(await stepsOf({ cache })).to.deep.equal(["compiling", "setting up"]);
    expect(await stepsOf({ cache })).to.deep.equal([]);

    const circuit = await build(source, { cache });
    const proven = await prove(circuit.provingKey, await witnessOf(circuit.wasm, { root: 12n }));
    expect(proven.publicSignals).to.deep.equal(["144"]);
    expect(await isProof(circuit.verificationKey, proven)).to.equal(true);
    expect(await isProof(circuit.verificationKey, { ...proven, publicSignals: ["145"] })).to.equal(false);
  });

  it("makes another key for another contributor, and for another source", async () => {
    const cache = join(folder, "cache");
    await build(source, { cache });
    expect(await stepsOf({ cache, contributor: "another" })).to.not.be.empty;
    await writeFile(source, SQUARE.replace("root * root", "root * (root + 1)"));
    expect(await stepsOf({ cache })).to.not.be.empty;
    await writeFile(source, SQUARE);
  });

  it("builds anew what is damaged in the cache", async () => {
    const cache = join(folder, "damaged");
    await build(source, { cache });
    const [entry] = await readdir(cache);
    const file = join(cache, entry ?? "", "provingKey");
    const bytes = await readFile(file);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(file, bytes);
    expect(await stepsOf({ cache })).to.not.be.empty;
    expect(await stepsOf({ cache })).to.deep.equal([]);
  });

  it("closes no key without a contribution: its delta is not the generator", async () => {
    const { r1cs, verificationKey, provingKey } = await build(source, { cache: join(folder, "cache") });
    expect(verificationKey.vk_delta_2).to.not.deep.equal(verificationKey.vk_gamma_2);
    expect(await isKeyOf(provingKey, r1cs, DEVELOPMENT_PHASE1.path)).to.equal(true);
    const { r1cs: otherR1cs } = await compile(
      await write("other.circom", SQUARE.replace("root * root", "root * root + 1")),
    );
    expect(await isKeyOf(provingKey, otherR1cs, DEVELOPMENT_PHASE1.path)).to.equal(false);
  });

  it("refuses an include that is nowhere, and a circuit that does not compile", async () => {
    const lost = await write("lost.circom", 'pragma circom 2.2.2;\ninclude "nowhere.circom";\n');
    expect(await failureOf(hashSource(lost))).to.be.instanceOf(MissingIncludeError);
    const broken = await write("broken.circom", SQUARE.replace("<==", "<="));
    const failure = await failureOf(compile(broken));
    expect(failure).to.be.instanceOf(CompilationFailedError);
    expect(String(failure)).to.include("broken.circom");
  });

  it("refuses a phase 1 that is not the one it names, or that is too small", async () => {
    const fake = await write("fake.ptau", "not a phase 1");
    expect(await failureOf(checkPhase1({ ...DEVELOPMENT_PHASE1, path: fake }))).to.be.instanceOf(WrongPhase1Error);
    expect(await failureOf(checkPhase1(DEVELOPMENT_PHASE1))).to.equal("no failure");
    const large = await write("large.circom", LARGE);
    const { r1cs } = await compile(large);
    expect(await failureOf(newProvingKey(r1cs, DEVELOPMENT_PHASE1.path))).to.be.instanceOf(SetupFailedError);
  });

  async function write(name: string, text: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  }
});

/** More constraints than the development phase 1 has room for. */
const LARGE = `pragma circom 2.2.2;
template Large() {
    signal input root;
    signal powers[40000];
    powers[0] <== root * root;
    for (var i = 1; i < 40000; i++) powers[i] <== powers[i - 1] * powers[i - 1];
}
component main = Large();
`;
