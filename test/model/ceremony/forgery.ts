import { access, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { closeWithBeacon } from "../../../src/model/ceremony/beacon.ts";
import { contributeToFolder } from "../../../src/model/ceremony/contribute.ts";
import { finishCeremony } from "../../../src/model/ceremony/finish.ts";
import { openCeremony } from "../../../src/model/ceremony/folder.ts";
import { contributionsOf, deltaOf } from "../../../src/model/ceremony/key-file.ts";
import { MalformedFileError } from "../../../src/model/ceremony/sections.ts";
import { SharedDeltaError, refuseSharedDelta } from "../../../src/model/ceremony/shared-delta.ts";
import { NoContributionError, verifyCeremony } from "../../../src/model/ceremony/verify.ts";
import { isProof, stopThreads, verificationKeyOf } from "../../../src/model/groth16.ts";
import { forge, secretOf } from "./forge.ts";
import { BEACON, EIGHTH_POWER, failureOf, forceBeacon, newWorld, sectionOf } from "./world.ts";
import type { World } from "./world.ts";

// The field's generator is no square, so it is no eighth power: no root proves it.
const FALSE_STATEMENT = ["5"];

describe("a key that only a beacon contributed to", () => {
  let world: World;
  let folder: string;
  let key: string;

  before(async () => {
    world = await newWorld();
    folder = await world.start();
    await forceBeacon(folder);
    ({ key } = await openCeremony(folder));
  });
  after(async () => {
    await stopThreads();
    await rm(world.folder, { recursive: true });
  });

  it("proves what is false, for anyone who reads the beacon", async () => {
    const proof = forge(await verificationKeyOf(key), FALSE_STATEMENT, secretOf(BEACON));
    expect(await isProof(await verificationKeyOf(key), proof)).to.equal(true);
  });

  it("does not once somebody contributed before the beacon", async () => {
    const honest = await world.start();
    await contributeToFolder(honest, { name: "Ada" });
    await closeWithBeacon(honest, BEACON);
    const verificationKey = await verificationKeyOf((await openCeremony(honest)).key);
    expect(await isProof(verificationKey, forge(verificationKey, FALSE_STATEMENT, secretOf(BEACON)))).to.equal(false);
  });

  it("verifies as a key, but is said to be forgeable, and is not exported", async () => {
    expect(await verifyCeremony(folder)).to.include({ isForgeable: true, isClosed: true });
    expect(await failureOf(finishCeremony(folder))).to.be.instanceOf(NoContributionError);
    expect(await failureOf(access(join(folder, "final")))).to.have.property("code", "ENOENT");
  });

  it("is not exported before the beacon either, nor closed by it", async () => {
    const untouched = await world.start();
    const { key: newKey } = await openCeremony(untouched);
    const proof = forge(await verificationKeyOf(newKey), FALSE_STATEMENT, 1n);
    expect(await isProof(await verificationKeyOf(newKey), proof)).to.equal(true);
    expect(await failureOf(finishCeremony(untouched))).to.be.instanceOf(NoContributionError);
    expect(await failureOf(closeWithBeacon(untouched, BEACON))).to.be.instanceOf(NoContributionError);
  });

  it("is not passed off as contributed to by calling the beacon a contribution", async () => {
    const disguised = await readFile(key);
    const steps = sectionOf(disguised, 10);
    const type = 64 + 4 + 384;
    expect(steps.readUInt32LE(type)).to.equal(1);
    steps.writeUInt32LE(0, type);
    expect(await failureOf(contributionsOf(disguised))).to.be.instanceOf(MalformedFileError);
  });

  it("shares its delta with any other circuit's on the same beacon", async () => {
    const other = await newWorld(EIGHTH_POWER.replace("fourth * fourth", "fourth * root"));
    const otherFolder = await other.start();
    await forceBeacon(otherFolder);
    const { key: otherKey } = await openCeremony(otherFolder);
    const keys = [
      { name: "one", delta: await deltaOf(key) },
      { name: "two", delta: await deltaOf(otherKey) },
    ];
    expect(() => refuseSharedDelta(keys)).to.throw(SharedDeltaError, "one and two");

    const honest = await other.start();
    await contributeToFolder(honest, { name: "Ada" });
    const { delta } = (await openCeremony(honest)).record;
    expect(() => refuseSharedDelta([{ name: "three", delta }, ...keys.slice(0, 1)])).not.to.throw();
    await rm(other.folder, { recursive: true });
  });
});
