import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { BadBeaconError, closeWithBeacon } from "../../../src/model/ceremony/beacon.ts";
import type { Beacon } from "../../../src/model/ceremony/beacon.ts";
import { CircuitTooLargeError, checkFits, circuitSizeOf } from "../../../src/model/ceremony/circuit-file.ts";
import {
  BadNameError,
  CeremonyClosedError,
  KeyExistsError,
  NotAnExtensionError,
  acceptKey,
  contributeToFile,
  contributeToFolder,
} from "../../../src/model/ceremony/contribute.ts";
import { NoCeremonyError } from "../../../src/model/ceremony/folder.ts";
import {
  UnknownPhase1Error,
  identifyPhase1,
  phase1By,
  publicPhase1For,
} from "../../../src/model/ceremony/known-phase1.ts";
import { readKey } from "../../../src/model/ceremony/key-file.ts";
import { MalformedFileError, fromLittleEndian } from "../../../src/model/ceremony/sections.ts";
import { CeremonyExistsError, startCeremony } from "../../../src/model/ceremony/start.ts";
import { Phase1MissingError, verifyCeremony } from "../../../src/model/ceremony/verify.ts";
import { isDevelopmentSetup } from "../../../src/model/development-setup.ts";
import { DEVELOPMENT_PHASE1 } from "../../../src/model/phase1.ts";
import { BadPointError, FIELD_ORDER } from "../../../src/protocol/bn254.ts";
import { BEACON, EIGHTH_POWER, editTranscript, failureOf, newWorld, sectionOf, snapshot } from "./world.ts";
import type { World } from "./world.ts";

describe("what a ceremony refuses", () => {
  let world: World;
  before(async () => {
    world = await newWorld();
  });
  after(() => rm(world.folder, { recursive: true }));

  const phase1 = DEVELOPMENT_PHASE1.path;

  describe("to start", () => {
    it("on a phase 1 that is none of the known ones", async () => {
      const file = join(world.folder, "powersOfTau28_hez_final_08.ptau");
      await writeFile(file, "named like one");
      const failure = await failureOf(startCeremony({ circuit: world.circuit, phase1: file, folder: `${file}-out` }));
      expect(failure).to.be.instanceOf(UnknownPhase1Error);
      expect((failure as UnknownPhase1Error).blake2b).to.match(/^[0-9a-f]{128}$/);
    });

    it("a circuit that does not fit, with both counts, before any key is made", async () => {
      const large = Buffer.from(world.compiled.r1cs);
      // The header need not be the first section.
      const header = headerOf(large);
      header.writeUInt32LE(2 ** 15 - 1, 60);
      const circuit = join(world.folder, "large.r1cs");
      await writeFile(circuit, large);
      const steps: string[] = [];
      const failure = await failureOf(
        startCeremony(
          { circuit, phase1, folder: join(world.folder, "too large") },
          { onStep: (step) => steps.push(step) },
        ),
      );
      expect(failure).to.be.instanceOf(CircuitTooLargeError);
      expect(failure).to.include({ rows: 2 ** 15 + 1, capacity: 2 ** 15 });
      expect(String(failure)).to.include("powersOfTau28_hez_final_16.ptau");
      expect(steps).to.deep.equal(["reading the phase 1"]);
      // One row less fits exactly.
      header.writeUInt32LE(2 ** 15 - 2, 60);
      const size = await circuitSizeOf(large);
      expect(() => checkFits(size, { name: "it", capacity: 2 ** 15 })).not.to.throw();
    });

    it("what is no circuit, or is over another field", async () => {
      const other = Buffer.from(world.compiled.r1cs);
      const header = headerOf(other);
      header.writeUInt8(header.readUInt8(4) ^ 1, 4);
      expect(await failureOf(circuitSizeOf(other))).to.be.instanceOf(MalformedFileError);
      expect(await failureOf(circuitSizeOf(Buffer.from("pragma circom")))).to.be.instanceOf(MalformedFileError);
      expect(await failureOf(circuitSizeOf(world.compiled.r1cs.slice(0, -1)))).to.be.instanceOf(MalformedFileError);
    });

    it("over something that is there", async () => {
      const folder = await world.start();
      const failure = await failureOf(startCeremony({ circuit: world.circuit, phase1, folder }));
      expect(failure).to.be.instanceOf(CeremonyExistsError);
    });
  });

  describe("to add", () => {
    let folder: string;
    before(async () => {
      folder = await world.start();
      await contributeToFolder(folder, { name: "Ada" });
    });

    const leavesAlone = async (step: () => Promise<unknown>, error: new (...args: never[]) => Error): Promise<void> => {
      const before = await snapshot(folder);
      expect(await failureOf(step())).to.be.instanceOf(error);
      expect(await snapshot(folder)).to.deep.equal(before);
    };

    it("under a name that is empty, too long, or not visible", async () => {
      const refuses = (name: string) => leavesAlone(() => contributeToFolder(folder, { name }), BadNameError);
      for (const name of ["", "  ", "x".repeat(65), "Ada\u001B[2J"]) await refuses(name);
    });

    it("a beacon of the wrong length, or hashed too seldom or too often", async () => {
      const refuses = (wrong: Partial<Beacon>) =>
        leavesAlone(() => closeWithBeacon(folder, { ...BEACON, ...wrong }), BadBeaconError);
      for (const value of ["", "0x", BEACON.value.slice(0, -2), `${BEACON.value}00`, "g".repeat(64)]) {
        await refuses({ value });
      }
      for (const iterations of [0, 9, 64, 10.5, Number.NaN]) await refuses({ iterations });
    });

    it("to a file over one that is there", async () => {
      await leavesAlone(() => contributeToFile(join(folder, "0000.zkey"), { name: "Bob" }), KeyExistsError);
    });

    it("a key that does not build on the newest one", async () => {
      const sibling = await world.start();
      await contributeToFolder(sibling, { name: "Ada" });
      await contributeToFolder(sibling, { name: "Bob" });
      await leavesAlone(() => acceptKey(folder, join(sibling, "0002.zkey")), NotAnExtensionError);
      await leavesAlone(() => acceptKey(folder, join(folder, "0001.zkey")), NotAnExtensionError);
    });

    it("a key of another circuit, or one that is cut off", async () => {
      const other = await newWorld(EIGHTH_POWER.replace("fourth * fourth", "fourth * root"));
      const otherFolder = await other.start();
      const { file } = await contributeToFile(join(otherFolder, "0000.zkey"), { name: "Bob" });
      const untouched = await world.start();
      expect(await failureOf(acceptKey(untouched, file))).to.be.instanceOf(NotAnExtensionError);
      await truncate(file, (await readFile(file)).length - 1);
      await leavesAlone(() => acceptKey(folder, file), MalformedFileError);
      await rm(other.folder, { recursive: true });
    });

    it("anything after the beacon: a contribution, another beacon, a key from elsewhere", async () => {
      const closed = await world.start();
      const { file } = await contributeToFile(join(closed, "0000.zkey"), { name: "Ada" }, { out: `${closed}.zkey` });
      await acceptKey(closed, file);
      await closeWithBeacon(closed, BEACON);
      const key = join(closed, "0002.zkey");
      expect(await failureOf(contributeToFolder(closed, { name: "Bob" }))).to.be.instanceOf(CeremonyClosedError);
      expect(await failureOf(contributeToFile(key, { name: "Bob" }))).to.be.instanceOf(CeremonyClosedError);
      expect(await failureOf(closeWithBeacon(closed, BEACON))).to.be.instanceOf(CeremonyClosedError);
      expect(await failureOf(acceptKey(closed, file))).to.be.instanceOf(CeremonyClosedError);
      // Whoever sends a key back closed would have chosen the beacon.
      await leavesAlone(() => acceptKey(folder, key), CeremonyClosedError);
    });
  });

  describe("to verify", () => {
    it("a folder that is no ceremony's, or lacks its key", async () => {
      expect(await failureOf(verifyCeremony(join(world.folder, "nowhere")))).to.be.instanceOf(NoCeremonyError);
      const folder = await world.start();
      await rm(join(folder, "0000.zkey"));
      expect(await failureOf(verifyCeremony(folder))).to.be.instanceOf(NoCeremonyError);
    });

    it("without the file of a public phase 1, which it names", async () => {
      const folder = await world.start();
      const blake2b =
        "6a6277a2f74e1073601b4f9fed6e1e55226917efb0f0db8a07d98ab01df1ccf4" +
        "3eb0e8c3159432acd4960e2f29fe84a4198501fa54c8dad9e43297453efec125";
      await editTranscript(folder, (old) => ({ ...old, phase1: { sha256: "00".repeat(32), blake2b } }));
      const failure = await failureOf(verifyCeremony(folder));
      expect(failure).to.be.instanceOf(Phase1MissingError);
      expect(String(failure)).to.include("powersOfTau28_hez_final_16.ptau");
    });

    it("a key with a point that is off the curve, or written in another way", async () => {
      const folder = await world.start();
      await contributeToFolder(folder, { name: "Ada" });
      const key = await readFile(join(folder, "0001.zkey"));
      const first = sectionOf(key, 10).subarray(64 + 4);
      const coordinate = fromLittleEndian(first.subarray(0, 32));
      for (const wrong of [coordinate + FIELD_ORDER, coordinate ^ 1n]) {
        first.set(Buffer.from(wrong.toString(16).padStart(64, "0"), "hex").toReversed());
        expect(await failureOf(readKey(key))).to.be.instanceOf(BadPointError);
      }
    });

    it("a key that is cut off anywhere", async () => {
      const key = await readFile(join(await world.start(), "0000.zkey"));
      for (let length = 0; length < key.length; length += 37) {
        expect(await failureOf(readKey(key.subarray(0, length)))).to.be.instanceOf(MalformedFileError);
      }
    });
  });
});

describe("known phase 1s", () => {
  it("recognises the development one by its hash, whatever the file is called", async () => {
    const found = await identifyPhase1(DEVELOPMENT_PHASE1.path);
    expect(found).to.include({ name: "development phase 1", capacity: 2 ** 15, sha256: DEVELOPMENT_PHASE1.sha256 });
    expect(phase1By(found.blake2b)?.name).to.equal(found.name);
    expect(isDevelopmentSetup(found.sha256)).to.equal(true);
    expect(isDevelopmentSetup(`0x${found.sha256.toUpperCase()}`)).to.equal(true);
    expect(isDevelopmentSetup("00".repeat(32))).to.equal(false);
  });

  it("knows the public ones from 2^8 to 2^22", () => {
    expect(publicPhase1For(1)).to.equal("powersOfTau28_hez_final_08.ptau");
    expect(publicPhase1For(256)).to.equal("powersOfTau28_hez_final_08.ptau");
    expect(publicPhase1For(257)).to.equal("powersOfTau28_hez_final_09.ptau");
    expect(publicPhase1For(2 ** 22)).to.equal("powersOfTau28_hez_final_22.ptau");
    expect(publicPhase1For(2 ** 22 + 1)).to.equal(undefined);
  });
});

/** The section that says how large a circuit is. */
function headerOf(r1cs: Buffer): Buffer {
  for (let position = 12; ; position += 12 + Number(r1cs.readBigUInt64LE(position + 4))) {
    if (r1cs.readUInt32LE(position) === 1) return r1cs.subarray(position + 12);
  }
}
