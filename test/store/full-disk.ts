import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { expect } from "chai";

import type { OnFullDisk } from "../helpers/full-disk.ts";

const BODY = new URL("../helpers/full-disk.ts", import.meta.url).href;
const run = promisify(execFile);

/** A disk of 256 MB, for one program and as long as it runs. */
async function onSmallDisk(folder: string, command: readonly string[]): Promise<string> {
  const script = 'mount -t tmpfs -o size=256m tmpfs "$0" && exec "$@"';
  const { stdout } = await run("unshare", ["-rm", "sh", "-c", script, folder, ...command], { timeout: 120_000 });
  return stdout;
}

describe("a store on a full disk", () => {
  let folder: string;

  before(async function () {
    folder = await mkdtemp(join(tmpdir(), "assay-disk-"));
    const isPossible = await onSmallDisk(folder, ["true"]).then(
      () => true,
      () => false,
    );
    if (!isPossible) {
      console.log("      This machine lets nobody mount a small disk (unshare -rm).");
      this.skip();
    }
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  it("says so, loses nothing that it wrote, and goes on when there is room", async () => {
    const program = `const { fillDisk } = await import(process.argv[1]);
      process.stdout.write(JSON.stringify(await fillDisk(process.argv[2])));`;
    const command = [process.execPath, "--input-type=module", "--eval", program, BODY, folder];
    const told = JSON.parse(await onSmallDisk(folder, command)) as OnFullDisk;

    expect(told.failures).to.deep.equal(Array.from({ length: 3 }, () => "StoppedDatabaseError"));
    expect(told.failed).to.equal("StoppedDatabaseError");
    expect(told.written).to.be.above(0);
    // And the one that was written when there was room again.
    expect(told.kept).to.equal(told.written + 1);
  });
});
