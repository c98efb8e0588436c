/** The loop as people run it: programs of their own that only meet over HTTP and on the chain. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { account } from "../../scripts/local/market.ts";
import { keyOf } from "../helpers/tab-world.ts";
import { until } from "../helpers/until.ts";
import { startLoop, type Loop } from "../cli/loop-world.ts";
import { answerOf, errorOf, jsonOf } from "./model-command/world.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

describe("the loop, in processes of its own", () => {
  let loop: Loop;
  const running: ChildProcess[] = [];
  before(async () => {
    loop = await startLoop({ provider: { commitEverySeconds: 1 }, sale: { openJobs: true } });
  });
  after(async () => {
    for (const child of running) child.kill("SIGKILL");
    await loop.end();
  });

  /** Starts a program that runs until it is told to end, and waits for what it says first. */
  const start = async (script: string, args: readonly string[], variables: NodeJS.ProcessEnv, said: RegExp) => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...variables },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.push(child);
    const output = { out: "", err: "" };
    child.stdout.on("data", (data: Buffer) => (output.out += data.toString()));
    child.stderr.on("data", (data: Buffer) => (output.err += data.toString()));
    const ended = once(child, "close");
    await until(() => said.test(output.out) || child.exitCode !== null);
    const [, found = ""] = said.exec(output.out) ?? [];
    expect(found, output.err).to.not.equal("");
    return {
      found,
      output,
      async end(): Promise<number | null> {
        child.kill("SIGTERM");
        await ended;
        return child.exitCode;
      },
    };
  };

  it("sells, asks and proves by three short programs", async () => {
    const shared = {
      ASSAY_RPC: loop.node.rpc,
      ASSAY_DEPLOYMENT: loop.path("31337.json"),
      ASSAY_MODEL: loop.built,
      ASSAY_STORE: loop.path("example-store"),
      ASSAY_PORT: "0",
    };
    const provider = await start("scripts/provider.ts", [], shared, /Selling iris at (\S+)/);
    const asked = { ...shared, ASSAY_GATEWAY: provider.found };
    const validator = await start("scripts/validator.ts", [], asked, /Proving for \S+ as (\S+)/);
    const earned = await loop.balance(account(3).address);

    const agent = spawn(process.execPath, ["scripts/agent.ts"], { cwd: ROOT, env: { ...process.env, ...asked } });
    running.push(agent);
    const [out, err] = await Promise.all([text(agent.stdout), text(agent.stderr), once(agent, "close")]);
    expect(agent.exitCode, err).to.equal(0);
    expect(out)
      .to.match(/^setosa, for 50000 units, after \d+ ms$/m)
      .and.match(/^settled by 0x[0-9a-f]{64}$/m);

    // The stranger who proved it has its fee.
    expect(await loop.balance(account(3).address)).to.equal(earned + 10_000n);
    expect(await validator.end(), validator.output.err).to.equal(0);
    expect(validator.output.out).to.include("settled");
    expect(await provider.end(), provider.output.err).to.equal(0);
  });

  it("sells, asks, verifies, looks over and exports by the command line", async () => {
    const secrets = { ASSAY_PROVIDER_PRIVATE_KEY: keyOf(2), ASSAY_AGENT_PRIVATE_KEY: keyOf(1) };
    const { config } = loop;
    const gateway = await start("src/cli/assay.ts", ["serve", "--config", config], secrets, /"url":"([^"]+)"/);
    const at = ["--gateway", gateway.found];
    const receipt = loop.path("receipt.json");
    const answer = await loop.ask(...at, "--out", receipt, "--wait");
    expect(answer).to.include({ value: "setosa", state: "settled" });

    const verify = ["receipt", "verify", receipt, "--config", config, ...at, "--keep"];
    await until(async () => {
      const reply = await fetch(`${gateway.found}/v1/requests/${String(answer["id"])}/inclusion`);
      return reply.status === 200 && ((await reply.json()) as { transaction: unknown }).transaction !== null;
    });
    expect(await answerOf(verify))
      .to.match(/^ok +commitment/m)
      .and.match(/^ok +proof/m);

    const looking = (await jsonOf(["doctor", "--quick", "--config", config], { secrets })) as {
      checks: { name: string }[];
    };
    expect(looking.checks.find(({ name }) => name === "store")).to.include({ state: "unchecked" });
    const bundle = loop.path("bundle.jsonl");
    const period = ["--from", "2020-01-01", "--to", "2100-01-01", "--out", bundle, "--config", config];
    expect(await errorOf(["audit", "export", ...period])).to.have.property("name", "FolderInUseError");
    expect(await gateway.end(), gateway.output.err).to.equal(0);
    expect(await jsonOf(["audit", "export", ...period])).to.include({ receipts: 1, settled: 1, unproven: 0 });
    expect(await jsonOf(["audit", "check", bundle, "--rpc", loop.node.rpc])).to.include({ ok: true });
    expect(gateway.output.err + (await readFile(bundle, "utf8"))).to.not.include("petal");
  });
});
