import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { expect } from "chai";

import { UsageError } from "../../../src/cli/usage.ts";
import { ceremonyCommand } from "../../../src/cli/ceremony.ts";
import { BEACON, failureOf, forceBeacon, newWorld } from "./world.ts";
import type { World } from "./world.ts";

const MODULE = new URL("../../../src/cli/ceremony.ts", import.meta.url).href;

describe("the ceremony command", () => {
  let world: World;
  let folder: string;
  before(async () => {
    world = await newWorld();
    folder = join(world.folder, "by command");
  });
  after(() => rm(world.folder, { recursive: true }));

  it("makes a key from start to finish, with JSON for programs", async () => {
    const start = ["start", "--circuit", world.circuit, "--phase1", "development", "--out", folder];
    expect((await run(start)).stdout).to.include("DEVELOPMENT SETUP");
    const elsewhere = join(world.folder, "elsewhere");
    await mkdir(elsewhere);
    const sent = join(elsewhere, "0000.zkey");
    await rename(join(folder, "0000.zkey"), sent);
    const files = ["--circuit", world.circuit, "--phase1", "development"];
    const ada = await run(["contribute", sent, "--name", "Ada", "--ask", ...files], "typed by Ada\n");
    const published = hashIn(ada.stdout);
    expect(published).to.match(/^[0-9a-f]{128}$/);
    await rename(sent, join(folder, "0000.zkey"));
    const accepted = await run(["contribute", folder, "--accept", join(elsewhere, "0001.zkey")]);
    expect(accepted.stdout).to.include("Ada");
    expect(hashIn(accepted.stdout)).to.equal(published);

    const bob = JSON.parse((await run(["contribute", folder, "--name", "Bob", "--json"])).stdout) as object;
    expect(bob).to.have.nested.property("contribution.name", "Bob");
    await run(["beacon", folder, "--value", BEACON.value]);
    const verified = await run(["verify", folder]);
    expect(verified.code).to.equal(0);
    expect(verified.stdout).to.include("DEVELOPMENT SETUP");
    expect(verified.stderr).to.include("verifying the key");
    const finished = JSON.parse((await run(["finish", folder, "--json"])).stdout) as object;
    expect(finished).to.include({ isDevelopment: true, folder: join(folder, "final") });
    await access(join(folder, "final", "proving-key.zkey"));
  });

  it("says of a key that only a beacon contributed to that it is forgeable, and fails", async () => {
    const forgeable = await world.start();
    await forceBeacon(forgeable);
    const { code, stdout } = await run(["verify", forgeable]);
    expect(stdout).to.include("FORGEABLE");
    expect(code).to.equal(1);
    expect((await run(["finish", forgeable])).stderr).to.include("NoContributionError");
  });

  it("refuses keys that share a delta", async () => {
    const [first, second] = [await world.start(), await world.start()];
    await forceBeacon(first);
    await forceBeacon(second);
    expect((await run(["verify", first, "--beside", second])).stderr).to.include("SharedDeltaError");
  });

  it("explains itself, and refuses what it does not know", async () => {
    for (const args of [["--help"], ["verify", "--help"], []]) {
      expect((await run(args)).stdout).to.include("assay ceremony start");
    }
    const wrong = [
      ["dance"],
      ["start", "--phase1", "development", "--out", "x"],
      ["contribute", folder],
      ["contribute", join(folder, "0000.zkey"), "--name", "Eve", "--circuit", world.circuit],
      ["beacon", folder, "--value", BEACON.value, "--iterations", "many"],
      ["verify"],
      ["verify", folder, folder],
      ["verify", folder, "--time-limit", "0"],
    ];
    for (const args of wrong) expect(await failureOf(ceremonyCommand(args))).to.be.instanceOf(UsageError);
    expect(await failureOf(ceremonyCommand(["verify", folder, "--out", "x"]))).to.have.property(
      "code",
      "ERR_PARSE_ARGS_UNKNOWN_OPTION",
    );
  });
});

/** The hash that a person sees, without its spaces. */
function hashIn(stdout: string): string {
  const rows = stdout.split("\n").filter((line) => /^ {4}[0-9a-f]{8}/.test(line));
  return rows.slice(0, 4).join("").replaceAll(" ", "");
}

/** Runs the command in a process of its own, which has to end by itself. */
async function run(args: readonly string[], input = ""): Promise<{ stdout: string; stderr: string; code: number }> {
  const script = `
    const { ceremonyCommand } = await import(${JSON.stringify(MODULE)});
    await ceremonyCommand(${JSON.stringify(args)});`;
  const running = spawn(process.execPath, ["--input-type=module", "-e", script]);
  running.stdin.end(input);
  const ended = once(running, "close");
  const [stdout, stderr] = await Promise.all([text(running.stdout), text(running.stderr)]);
  await ended;
  return { stdout, stderr, code: running.exitCode ?? -1 };
}
