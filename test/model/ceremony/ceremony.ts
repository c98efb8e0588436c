import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";
import { zKey } from "snarkjs";

import { closeWithBeacon } from "../../../src/model/ceremony/beacon.ts";
import {
  acceptKey,
  contributeToFile,
  contributeToFolder,
  verifyKeyFile,
} from "../../../src/model/ceremony/contribute.ts";
import { finishCeremony } from "../../../src/model/ceremony/finish.ts";
import { contributionsOf, deltaOf } from "../../../src/model/ceremony/key-file.ts";
import { verifyCeremony } from "../../../src/model/ceremony/verify.ts";
import { isProof, prove, stopThreads, verificationKeyOf } from "../../../src/model/groth16.ts";
import { witnessOf } from "../../../src/model/witness.ts";
import type { VerificationKey } from "../../../src/model/groth16.ts";
import { DEVELOPMENT_PHASE1 } from "../../../src/model/phase1.ts";
import { BEACON, newWorld } from "./world.ts";
import type { World } from "./world.ts";

const NAMES = ["Ada", "Bob", "Çelik"];

describe("ceremony", () => {
  let world: World;
  let folder: string;

  before(async () => {
    world = await newWorld();
    folder = await world.start();
  });
  after(async () => {
    await stopThreads();
    await rm(world.folder, { recursive: true });
  });

  it("starts with a key that anyone can forge with, and says so", async () => {
    const report = await verifyCeremony(folder);
    expect(report).to.include({ isForgeable: true, isClosed: false, isDevelopment: true });
    expect(report.size).to.deep.equal({ constraints: 3, publicSignals: 1, rows: 5 });
    expect(report.phase1.name).to.equal("development phase 1");
  });

  it("is contributed to in its folder, and on other machines that get the key alone", async () => {
    const [ada, bob, celik] = NAMES as [string, string, string];
    const seen = [await contributeToFolder(folder, { name: ada, text: "typed" })];

    const machine = join(world.folder, "another machine");
    await mkdir(machine);
    const sent = join(machine, "0001.zkey");
    await copyFile(join(folder, "0001.zkey"), sent);
    await verifyKeyFile({ key: sent, circuit: world.circuit, phase1: DEVELOPMENT_PHASE1.path });
    const second = await contributeToFile(sent, { name: bob });
    expect(second.file).to.equal(join(machine, "0002.zkey"));
    const third = await contributeToFile(second.file, { name: celik }, { out: join(machine, "back.zkey") });
    seen.push(second.contribution, third.contribution);
    // Two contributions come back at once.
    expect(await acceptKey(folder, third.file)).to.deep.equal(seen.slice(1));

    const { contributions, isForgeable, isClosed } = await verifyCeremony(folder);
    expect(contributions).to.deep.equal(seen);
    expect(contributions.map(({ name }) => name)).to.deep.equal(NAMES);
    expect([isForgeable, isClosed]).to.deep.equal([false, false]);
  });

  it("is closed by a beacon, and exports keys that prove", async () => {
    const closing = await closeWithBeacon(folder, BEACON);
    expect(closing.beacon).to.deep.equal(BEACON);
    expect(await verifyCeremony(folder)).to.include({ isForgeable: false, isClosed: true });

    const { folder: final, hashes } = await finishCeremony(folder);
    const provingKey = await readFile(join(final, "proving-key.zkey"));
    const verificationKey = JSON.parse(await readFile(join(final, "verification-key.json"), "utf8")) as VerificationKey;
    const proven = await prove(provingKey, await witnessOf(world.compiled.wasm, { root: 2n }));
    expect(proven.publicSignals).to.deep.equal(["256"]);
    expect(await isProof(verificationKey, proven)).to.equal(true);
    expect(await isProof(verificationKey, { ...proven, publicSignals: ["257"] })).to.equal(false);
    expect(JSON.parse(await readFile(join(final, "hashes.json"), "utf8"))).to.deep.equal(hashes);

    const { xReal, xImaginary, yReal, yImaginary } = await deltaOf(provingKey);
    const plain = [[xReal, xImaginary].map(String), [yReal, yImaginary].map(String), ["1", "0"]];
    expect((await verificationKeyOf(provingKey)).vk_delta_2).to.deep.equal(plain);
  });

  it("finishes again with the same result", async () => {
    const first = await finishCeremony(folder);
    expect((await finishCeremony(folder)).hashes).to.deep.equal(first.hashes);
  });

  it("reads from a key the hashes that snarkjs prints", async () => {
    const key = join(folder, "0004.zkey");
    const lines: string[] = [];
    const logger = { debug() {}, warn() {}, error() {}, info: (line: string) => lines.push(line) };
    expect(await zKey.verifyFromR1cs(world.circuit, DEVELOPMENT_PHASE1.path, key, logger)).to.equal(true);
    const printed = lines
      .filter((line) => line.startsWith("contribution #"))
      .map((line) => line.split("\n").slice(1).join("").replaceAll(/\s/g, ""));
    const read = await contributionsOf(key);
    expect(read.map(({ hash }) => hash.slice(2)).toReversed()).to.deep.equal(printed);
    expect(read.map(({ kind }) => kind)).to.deep.equal(["contribution", "contribution", "contribution", "beacon"]);
  });
});
