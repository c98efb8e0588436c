/** The demo as people run it: to its end, and until somebody presses Ctrl-C. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import type { Figures } from "../../scripts/demo/figures.ts";
import { until } from "../helpers/until.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/g;

describe("the demo", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "demo-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  /** Starts it with a folder for temporary files that nobody else has, by which its processes are known too. */
  function start(...options: string[]) {
    const child = spawn(process.execPath, ["scripts/demo.ts", ...options], {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: folder },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said.out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said.err += text));
    const ended = new Promise<number | null>((resolve) => {
      child.once("close", resolve);
    });
    return { child, said, ended };
  }

  it("plays from end to end, and prints nothing but its figures with --json", async () => {
    const { said, ended } = start("--json");
    expect(await ended, said.err).to.equal(0);
    const figures = JSON.parse(said.out) as Figures;
    expect(figures.models).to.have.length(3);
    const { asked, clients, books } = figures;
    expect(asked).to.equal(clients.assay.asked + clients.exact.asked);
    for (const row of [figures, clients.assay, clients.exact]) {
      expect(row.asked).to.be.greaterThan(0);
      expect([row.answered, row.proven, row.settled]).to.deep.equal([row.asked, row.asked, row.asked]);
      expect(row.paid).to.equal(row.asked * 100_000);
      expect(row.answerMsP50).to.be.greaterThan(0);
      expect(row.settleSecondsP50).to.be.greaterThan(0);
    }
    expect(figures.gasPerInference).to.be.within(60_000, 300_000);
    expect(figures).to.include({ slashed: 1, contradicted: 1, refunded: 1, penalties: 2_000_000, refund: 100_000 });
    expect(figures.attested).to.include({ simulated: true, asked: 1, answered: 1, settled: 1 });
    expect(figures.attested.paid).to.be.within(1, figures.attested.cap);
    expect(books.held).to.equal(books.owed).and.to.be.greaterThan(0);
    await nothingIsLeft();
  });

  it("ends all that it has started when it is interrupted", async () => {
    const { child, said, ended } = start();
    await until(() => said.out.includes("setosa") || child.exitCode !== null);
    const addresses = said.out.match(ADDRESS) ?? [];
    expect(addresses, said.err).to.have.length(2);
    child.kill("SIGINT");
    expect(await ended, said.err).to.equal(130);
    for (const address of addresses) {
      const isUp = await fetch(address).then(
        () => true,
        () => false,
      );
      expect(isUp, address).to.equal(false);
    }
    await nothingIsLeft();
  });

  it("leaves nothing behind when it is interrupted before anything runs", async () => {
    const { child, said, ended } = start();
    await until(() => said.err.includes("building") || child.exitCode !== null);
    child.kill("SIGINT");
    expect(await ended, said.err).to.equal(130);
    await nothingIsLeft();
  });

  it("says how it is used, and refuses what it does not know", async () => {
    const help = start("--help");
    expect(await help.ended).to.equal(0);
    expect(help.said.out).to.include("Usage: npm run demo");
    const { said, ended } = start("--fast");
    expect(await ended).to.equal(2);
    expect(said.err).to.include("--fast").and.to.include("Usage: npm run demo");
  });

  /** No files, and no processes: those that look for their parent need a moment. */
  async function nothingIsLeft(): Promise<void> {
    await until(async () => (await processes()).length === 0);
    expect(await readdir(folder)).to.deep.equal([]);
  }

  /** Those that were started with the folder, where the system tells. */
  async function processes(): Promise<string[]> {
    const ids = await readdir("/proc").catch(() => []);
    const environments = ids
      .filter((id) => /^\d+$/.test(id))
      .map((id) => readFile(`/proc/${id}/environ`, "utf8").catch(() => ""));
    return (await Promise.all(environments)).filter((environment) => environment.includes(`TMPDIR=${folder}`));
  }
});
