import { once } from "node:events";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { FolderInUseError, lockFolder, type FolderLock } from "../../src/store/folder-lock.ts";
import { errorOf } from "../helpers/errors.ts";

const LOCK = fileURLToPath(new URL("../../src/store/folder-lock.ts", import.meta.url));

/** A program that takes a folder as soon as it is told to, says whether it got it, and then holds it. */
const HOLDER = `
  import { once } from "node:events";
  import { lockFolder } from ${JSON.stringify(LOCK)};
  console.log("ready");
  await once(process.stdin, "data");
  console.log(await lockFolder(process.argv[1]).then(() => "mine", ({ name }) => name));
  setInterval(() => {}, 1000);
`;

async function startHolder(folder: string) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", HOLDER, folder], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdout.setEncoding("utf8");
  await once(child.stdout, "data");
  return {
    pid: child.pid ?? 0,
    async take(): Promise<string> {
      const said = once(child.stdout, "data") as Promise<[string]>;
      child.stdin.write("now\n");
      return (await said)[0].trim();
    },
    async kill(): Promise<void> {
      const gone = once(child, "close");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

describe("the lock of a store's folder", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay-lock-"));
  });
  afterEach(async () => rm(folder, { recursive: true }));

  const owner = async (): Promise<{ pid: number }> =>
    JSON.parse(await readFile(join(folder, "owner.json"), "utf8")) as { pid: number };
  const leave = async (changes: object = {}): Promise<void> =>
    writeFile(
      join(folder, "owner.json"),
      JSON.stringify({ id: "gone", pid: 2 ** 22, host: hostname(), started: "1", ...changes }),
    );

  it("is one process's, refused to others with its number, and free after its release", async () => {
    const lock = await lockFolder(folder);
    const holder = await startHolder(folder);
    expect(await holder.take()).to.equal("FolderInUseError");
    expect(await errorOf(lockFolder(folder)))
      .to.be.instanceOf(FolderInUseError)
      .include({ folder, pid: process.pid });
    await lock.release();
    expect(await readdir(folder)).to.deep.equal([]);
    await holder.kill();
  });

  it("is refused while the process holds it, and taken over when that was killed", async () => {
    const holder = await startHolder(folder);
    expect(await holder.take()).to.equal("mine");
    expect(await errorOf(lockFolder(folder)))
      .to.be.instanceOf(FolderInUseError)
      .include({ pid: holder.pid });
    await holder.kill();
    const lock = await lockFolder(folder);
    expect((await owner()).pid).to.equal(process.pid);
    await lock.release();
  });

  it("is taken over by exactly one of ten processes", async () => {
    const holders = await Promise.all(Array.from({ length: 10 }, async () => startHolder(folder)));
    await leave();
    const said = await Promise.all(holders.map(async (holder) => holder.take()));
    expect(said.toSorted()).to.deep.equal([...Array.from({ length: 9 }, () => "FolderInUseError"), "mine"]);
    const winner = holders[said.indexOf("mine")];
    expect((await owner()).pid).to.equal(winner?.pid);
    expect(await readdir(folder)).to.deep.equal(["owner.json"]);
    for (const holder of holders) await holder.kill();
  });

  it("is taken over by exactly one of ten attempts, a hundred times", async () => {
    const places = Array.from({ length: 10 }, () => folder);
    for (let round = 0; round < 100; round++) {
      await leave({ id: `gone-${round}` });
      const attempts = await Promise.allSettled(places.map(async (place) => lockFolder(place)));
      const locks = attempts.flatMap((each): FolderLock[] => (each.status === "fulfilled" ? [each.value] : []));
      expect(locks).to.have.length(1);
      for (const each of attempts) {
        if (each.status === "rejected") expect(each.reason).to.be.instanceOf(FolderInUseError);
      }
      await locks[0]?.release();
    }
  });

  it("is taken over from an heir that ended before it was the owner", async () => {
    await leave();
    await writeFile(
      join(folder, "heir-of-gone.json"),
      JSON.stringify({ id: "heir", pid: 2 ** 22, host: hostname(), started: "1" }),
    );
    const lock = await lockFolder(folder);
    expect((await owner()).pid).to.equal(process.pid);
    expect(await readdir(folder)).to.deep.equal(["owner.json"]);
    await lock.release();
  });

  it("is not that of another process with the same number", async function () {
    if (process.platform !== "linux") return this.skip();
    await leave({ pid: process.pid, started: "1" });
    await (await lockFolder(folder)).release();
  });

  it("is taken over when a power cut emptied its file", async () => {
    await writeFile(join(folder, "owner.json"), "");
    await (await lockFolder(folder)).release();
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it("of another machine is kept as long as it is renewed", async () => {
    await leave({ host: "elsewhere", pid: process.pid });
    expect(await errorOf(lockFolder(folder))).to.be.instanceOf(FolderInUseError);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(join(folder, "owner.json"), longAgo, longAgo);
    await (await lockFolder(folder)).release();
  });
});
