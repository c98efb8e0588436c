import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { access, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { closeWithBeacon } from "../../../src/model/ceremony/beacon.ts";
import { contributeToFolder } from "../../../src/model/ceremony/contribute.ts";
import { startCeremony } from "../../../src/model/ceremony/start.ts";
import { verifyCeremony } from "../../../src/model/ceremony/verify.ts";
import { SetupFailedError } from "../../../src/model/groth16.ts";
import { DEVELOPMENT_PHASE1 } from "../../../src/model/phase1.ts";
import { BEACON, failureOf, newWorld, snapshot } from "./world.ts";
import type { World } from "./world.ts";

const BEACON_MODULE = new URL("../../../src/model/ceremony/beacon.ts", import.meta.url).href;
/** Weeks of hashing. */
const ENDLESS = 40;

describe("an interrupted step", () => {
  let world: World;
  before(async () => {
    world = await newWorld();
  });
  after(() => rm(world.folder, { recursive: true }));

  it("is ended when its time is up, and leaves the folder as it was", async () => {
    const folder = await world.start();
    await contributeToFolder(folder, { name: "Ada" });
    const before = await snapshot(folder);
    const late = closeWithBeacon(folder, { ...BEACON, iterations: ENDLESS }, { timeLimitSeconds: 2 });
    const failure = await failureOf(late);
    expect(failure).to.be.instanceOf(SetupFailedError);
    expect(String(failure)).to.include("longer than 2 seconds");
    expect(await snapshot(folder)).to.deep.equal(before);
  });

  it("leaves no folder when it was to make one, and can be run again", async () => {
    const files = { circuit: world.circuit, phase1: DEVELOPMENT_PHASE1.path, folder: join(world.folder, "anew") };
    expect(await failureOf(startCeremony(files, { timeLimitSeconds: 0.01 }))).to.be.instanceOf(SetupFailedError);
    expect(await exists(files.folder)).to.equal(false);
    await startCeremony(files);
    expect(await verifyCeremony(files.folder)).to.include({ isForgeable: true });
  });

  it("can be killed at its worst, run again, and leaves no process behind", async () => {
    const folder = await world.start();
    await contributeToFolder(folder, { name: "Ada" });
    const before = await snapshot(folder);
    const beacon = JSON.stringify({ ...BEACON, iterations: ENDLESS });
    const script = `
      const { closeWithBeacon } = await import(${JSON.stringify(BEACON_MODULE)});
      await closeWithBeacon(${JSON.stringify(folder)}, ${beacon});`;
    const running = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
    const half = join(folder, ".assay-unfinished", "key.zkey");
    while (!(await exists(half))) {
      expect(running.exitCode).to.equal(null);
      await sleep(50);
    }
    const [child] = await childrenOf(running);
    expect(child).to.be.a("number");
    running.kill("SIGKILL");
    await once(running, "exit");
    // It hashes without a pause, and yet has to notice that nobody waits for it.
    while (isRunning(child as number)) await sleep(50);

    const { [half]: unfinished, ...left } = await snapshot(folder);
    expect(unfinished).to.be.a("string");
    expect(left).to.deep.equal(before);
    await closeWithBeacon(folder, BEACON);
    expect(await verifyCeremony(folder)).to.include({ isClosed: true, isForgeable: false });
    expect(await exists(join(folder, ".assay-unfinished"))).to.equal(false);
  });
});

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function childrenOf({ pid }: ChildProcess): Promise<number[]> {
  const listing = spawn("pgrep", ["-P", String(pid)], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  for await (const chunk of listing.stdout) text += String(chunk);
  return text.trim().split(/\s+/).map(Number);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
