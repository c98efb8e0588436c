import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { expect } from "chai";
import { Client } from "pg";

import type { Postgres } from "../../scripts/local/postgres.ts";
import { NoPostgresError, placePrograms } from "../../scripts/local/postgres-programs.ts";
import { errorOf } from "../helpers/errors.ts";
import { postgresOrSkip } from "../helpers/postgres.ts";

const START = fileURLToPath(new URL("../../scripts/local/postgres.ts", import.meta.url));

/** A program that starts a server, says where its data is, and then does nothing. */
const HOLDER = `
  import { startPostgres } from ${JSON.stringify(START)};
  const { url } = await startPostgres();
  console.log(url);
`;

async function rowsOf(url: string, sql: string): Promise<unknown[]> {
  const client = new Client(url);
  await client.connect();
  try {
    const { rows } = await client.query(sql);
    return rows as unknown[];
  } finally {
    await client.end();
  }
}

async function dataFolder(url: string): Promise<string> {
  const [row] = await rowsOf(url, "SHOW data_directory");
  return (row as { data_directory: string }).data_directory;
}

/** The first line of the file by which a server keeps others off its data. */
async function processOf(data: string): Promise<number> {
  return Number((await readFile(join(data, "postmaster.pid"), "utf8")).split("\n")[0]);
}

function runs(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
}

describe("a PostgreSQL of one's own", () => {
  let postgres: Postgres;
  before(async function () {
    postgres = await postgresOrSkip(this);
  });
  after(async () => postgres?.stop());

  it("listens on loopback alone, and writes to the disk before it confirms", async () => {
    const names = ["fsync", "listen_addresses", "synchronous_commit", "unix_socket_directories"];
    const settings = names.map((name) => `current_setting('${name}') AS ${name}`).join(", ");
    expect(await rowsOf(postgres.url, `SELECT ${settings}`)).to.deep.equal([
      { fsync: "on", listen_addresses: "127.0.0.1", synchronous_commit: "on", unix_socket_directories: "" },
    ]);
  });

  it("keeps what was committed, and nothing else, when it is killed", async () => {
    await rowsOf(postgres.url, "CREATE TABLE kept (n int)");
    await rowsOf(postgres.url, "INSERT INTO kept VALUES (7)");
    const open = new Client(postgres.url);
    const lost: Error[] = [];
    open.on("error", (error) => lost.push(error));
    await open.connect();
    await open.query("BEGIN");
    await open.query("INSERT INTO kept VALUES (8)");

    const before = await processOf(await dataFolder(postgres.url));
    await postgres.kill();
    expect(runs(before)).to.equal(false);
    expect(await errorOf(rowsOf(postgres.url, "SELECT 1"))).to.include({ code: "ECONNREFUSED" });

    await postgres.restart();
    expect(await rowsOf(postgres.url, "SELECT n FROM kept")).to.deep.equal([{ n: 7 }]);
    expect(lost).not.to.be.empty;
  });

  it("starts again as it runs", async () => {
    const data = await dataFolder(postgres.url);
    const first = await processOf(data);
    await postgres.restart();
    expect(runs(first)).to.equal(false);
    expect(runs(await processOf(data))).to.equal(true);
  });

  it("leaves no process and no file when it stops, running or killed", async function () {
    for (const end of ["stop", "kill"] as const) {
      const other = await postgresOrSkip(this);
      const data = await dataFolder(other.url);
      const server = await processOf(data);
      if (end === "kill") await other.kill();
      await other.stop();
      expect(runs(server)).to.equal(false);
      expect(existsSync(dirname(data))).to.equal(false);
    }
  });

  it("leaves the data in a folder that it was given, and goes on with them", async function () {
    const folder = await mkdtemp(join(tmpdir(), "assay-data-"));
    try {
      const first = await postgresOrSkip(this, { folder });
      await rowsOf(first.url, "CREATE TABLE kept AS SELECT 7 AS n");
      await first.stop();
      const second = await postgresOrSkip(this, { folder });
      expect(await rowsOf(second.url, "SELECT n FROM kept")).to.deep.equal([{ n: 7 }]);
      await second.stop();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("ends with the process that started it, though that is killed", async () => {
    const holder = spawn(process.execPath, ["--input-type=module", "--eval", HOLDER], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [url] = (await once(holder.stdout.setEncoding("utf8"), "data")) as [string];
    const data = await dataFolder(url.trim());
    const server = await processOf(data);
    holder.kill("SIGKILL");
    while (runs(server) || existsSync(dirname(data))) await delay(50);
  });

  it("says which package is missing on a platform without one", async () => {
    const home = await mkdtemp(join(tmpdir(), "assay-no-postgres-"));
    try {
      const error = await errorOf(placePrograms(home, "plan9-pdp11"));
      expect(error).to.be.instanceOf(NoPostgresError).include({ platform: "plan9-pdp11" });
    } finally {
      await rm(home, { recursive: true });
    }
  });
});
