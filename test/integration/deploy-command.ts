import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import type { DeploymentRecord } from "../../src/deploy/record.ts";
import { BadPrivateKeyError, privateKeyFrom, UnreadableKeystoreError } from "../../src/cli/secrets.ts";
import { parseCommand } from "../../src/cli/deploy/usage.ts";
import { UsageError } from "../../src/cli/usage.ts";
import { account } from "../../scripts/local/market.ts";
import { create, WrongPasswordError } from "../../src/protocol/keystore.ts";
import { MalformedSnarkjsError } from "../../src/protocol/snarkjs.ts";
import { startDeploy } from "../helpers/deploy-command.ts";
import { errorOf } from "../helpers/errors.ts";
import { DEVELOPMENT_KEY, startNode } from "../helpers/node.ts";
import type { Node } from "../helpers/node.ts";

const LOCAL = 31_337;
const SEPOLIA = 11_155_111;

const PASSWORD = "correct horse";
const KEYSTORE = create(DEVELOPMENT_KEY, PASSWORD, { n: 1_024 });

describe("npm run deploy", () => {
  let folder: string;
  let node: Node;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay-deploy-"));
  });

  afterEach(async () => {
    await node.close();
    await rm(folder, { recursive: true });
  });

  it("prints only JSON with --json, and says what it deployed this time", async () => {
    node = await startNode(LOCAL);
    const args = ["--rpc", node.rpc, "--out", folder, "--json"];
    const first = await startDeploy(args).ended;
    const second = await startDeploy(args).ended;
    expect([first.code, second.code], first.stderr + second.stderr).to.deep.equal([0, 0]);
    const file = join(folder, `${LOCAL}.json`);
    const record = JSON.parse(await readFile(file, "utf8")) as DeploymentRecord;
    const { gas, cost, ...rest } = JSON.parse(first.stdout) as { gas: number; cost: string };
    const deployed = ["TestUSDC", "Groth16Verifier", "Escrow", "CommitmentLog"];
    expect(rest).to.deep.equal({ ...record, deployed, file });
    expect(gas).to.be.greaterThan(5_000_000);
    expect(BigInt(cost) > 0n).to.equal(true);
    expect(JSON.parse(second.stdout)).to.deep.equal({ ...record, deployed: [], file, gas: 0, cost: "0" });
  });

  it("deploys from a key file, and tells people that there is no verifier", async () => {
    node = await startNode(SEPOLIA);
    const token = await node.place("TestUSDC");
    const keystore = join(folder, "key.json");
    await writeFile(keystore, KEYSTORE);
    const args = ["--rpc", node.rpc, "--out", folder, "--token", token, "--keystore", keystore];

    const wrong = await startDeploy(args, { ASSAY_KEYSTORE_PASSWORD: "battery staple" }).ended;
    expect([wrong.code, wrong.stdout]).to.deep.equal([1, ""]);
    expect(wrong.stderr).to.contain(new WrongPasswordError().message);

    const unasked = await startDeploy(args, { ASSAY_KEYSTORE_PASSWORD: PASSWORD }).ended;
    expect([unasked.code, unasked.stdout]).to.deep.equal([2, ""]);
    expect(unasked.stderr).to.contain("--yes");

    const right = await startDeploy([...args, "--yes"], { ASSAY_KEYSTORE_PASSWORD: PASSWORD }).ended;
    expect(right.code, right.stderr).to.equal(0);
    expect(right.stdout).to.contain(token).and.contain("no verifier");
    expect(right.stdout + right.stderr).not.to.contain(DEVELOPMENT_KEY.slice(2));
  });

  it("ends with 2 when it is called in a way that it does not know", async () => {
    node = await startNode(LOCAL);
    const { code, stdout, stderr } = await startDeploy(["--prc", node.rpc]).ended;
    expect([code, stdout]).to.deep.equal([2, ""]);
    expect(stderr).to.contain("--prc").and.contain("Usage:");
  });
});

describe("options of npm run deploy", () => {
  const recipient = account(5).address;

  it("have defaults for a local chain", async () => {
    expect(await parseCommand([])).to.deep.equal({
      rpc: "http://127.0.0.1:8545",
      keystore: undefined,
      token: undefined,
      fee: undefined,
      phase1: undefined,
      attesters: undefined,
      recorded: "keep",
      isConfirmed: false,
      folder: "deployments",
      isJson: false,
      isHelp: false,
    });
  });

  it("take a fee with its recipient", async () => {
    const { fee } = await parseCommand(["--fee-bps", "500", "--fee-recipient", recipient.toLowerCase()]);
    expect(fee).to.deep.equal({ bps: 500n, recipient });
  });

  it("are refused when they make no sense", async () => {
    for (const args of [
      ["--rpc", "127.0.0.1:8545"],
      ["--rpc", "ws://127.0.0.1:8545"],
      ["--token", "0x12"],
      ["--token", recipient.replace("a", "A")],
      ["--token", "0x0000000000000000000000000000000000000000"],
      ["--fee-bps", "10"],
      ["--fee-recipient", recipient],
      ["--fee-bps", "0", "--fee-recipient", recipient],
      ["--fee-bps", "501", "--fee-recipient", recipient],
      ["--fee-bps", "1.5", "--fee-recipient", recipient],
      ["--phase1", "no-such-file.json"],
    ]) {
      expect(await errorOf(parseCommand(args)), args.join(" ")).to.be.instanceOf(UsageError);
    }
    expect(await errorOf(parseCommand(["--phase1", "package.json"]))).to.be.instanceOf(MalformedSnarkjsError);
  });
});

describe("the deploying account's key", () => {
  it("comes from the environment, with or without its prefix, or is none", async () => {
    expect(await privateKeyFrom(undefined, { ASSAY_PRIVATE_KEY: DEVELOPMENT_KEY })).to.equal(DEVELOPMENT_KEY);
    expect(await privateKeyFrom(undefined, { ASSAY_PRIVATE_KEY: DEVELOPMENT_KEY.slice(2) })).to.equal(DEVELOPMENT_KEY);
    expect(await privateKeyFrom(undefined, {})).to.equal(undefined);
  });

  it("is refused when it is none, without being quoted", async () => {
    for (const text of [DEVELOPMENT_KEY.slice(0, -1), `${DEVELOPMENT_KEY}00`, "f".repeat(64), "0".repeat(64)]) {
      const error = await errorOf(privateKeyFrom(undefined, { ASSAY_PRIVATE_KEY: text }));
      expect(error, text).to.be.instanceOf(BadPrivateKeyError);
      expect((error as Error).message).not.to.contain(text.slice(0, 10));
    }
  });

  it("is not looked for elsewhere when its file cannot be read", async () => {
    const error = await errorOf(privateKeyFrom("no-such-file.json", { ASSAY_PRIVATE_KEY: DEVELOPMENT_KEY }));
    expect(error).to.be.instanceOf(UnreadableKeystoreError);
  });
});
