import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { AssertionError, expect } from "chai";
import type { Address } from "viem";

import { deploy } from "../../src/deploy/deploy.ts";
import { StillPendingError } from "../../src/deploy/lost.ts";
import type { DeploymentRecord } from "../../src/deploy/record.ts";
import { account } from "../../scripts/local/market.ts";
import { stopThreads } from "../../src/model/groth16.ts";
import { keyFromSnarkjs } from "../../src/protocol/snarkjs.ts";
import { startDeploy } from "../helpers/deploy-command.ts";
import { errorOf } from "../helpers/errors.ts";
import { randomKey, randomPhase1 } from "../helpers/groth16.ts";
import { DEVELOPMENT_KEY, startNode } from "../helpers/node.ts";
import type { Node } from "../helpers/node.ts";
import { seededRandom } from "../helpers/random.ts";

const SEPOLIA = 11_155_111;
/** Escrow, log and verifier. */
const CONTRACTS = 3;

const random = seededRandom(3);
const { verificationKey } = randomKey(randomPhase1(random), random);

describe("a deployment that was interrupted", () => {
  let folder: string;
  let node: Node;
  let token: Address;
  let before: number;
  const sent = async (): Promise<number> => node.client.getTransactionCount({ address: account(0).address });
  const deployFrom = async (rpc: string) =>
    deploy({ rpc, folder, token, privateKey: DEVELOPMENT_KEY, phase1: keyFromSnarkjs(verificationKey) });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay-deploy-"));
    node = await startNode(SEPOLIA);
    token = await node.place("TestUSDC");
    // No account with a transaction that could still be undone may deploy.
    await node.passBlocks(10);
    before = await sent();
  });

  afterEach(async () => {
    await node.close();
    await rm(folder, { recursive: true });
  });

  after(async () => stopThreads());

  it("goes on where it was killed, and pays for nothing twice", async () => {
    const { client } = node;
    const key = join(folder, "phase1.json");
    await writeFile(key, JSON.stringify(verificationKey));
    const args = ["--rpc", node.rpc, "--out", folder, "--token", token, "--phase1", key, "--yes", "--json"];
    const secrets = { ASSAY_PRIVATE_KEY: DEVELOPMENT_KEY };

    // It waits for more confirmations than it gets.
    await client.setAutomine(false);
    const killed = startDeploy(args, secrets);
    await journalSays(folder, "TRANSACTION_SEND");
    await client.mine({ blocks: 1 });
    killed.kill();
    expect((await killed.ended).code).to.equal(null);
    expect(await sent()).to.equal(before + 1);
    const block = await client.getBlock();

    await client.setAutomine(true);
    const resumed = await startDeploy(args, secrets).ended;
    expect(resumed.code, resumed.stderr).to.equal(0);
    const { contracts } = JSON.parse(resumed.stdout) as DeploymentRecord;
    expect(await sent()).to.equal(before + CONTRACTS);
    expect(contracts.Groth16Verifier?.transaction).to.equal(block.transactions[0]);
    expect(contracts.Groth16Verifier?.block).to.equal(Number(block.number));
  });

  it("finds a transaction whose answer it did not live to see", async () => {
    const { rpc, close } = await startProxy(node.rpc, "the answer");
    await errorOf(deployFrom(rpc));
    await close();
    expect(await sent()).to.equal(before + 1);
    const block = await node.client.getBlock();
    await node.passBlocks(20);

    const { record } = await deployFrom(node.rpc);
    expect(await sent()).to.equal(before + CONTRACTS);
    expect(record.contracts.Groth16Verifier?.transaction).to.equal(block.transactions[0]);
  });

  it("waits for such a transaction while no block has it", async () => {
    await node.client.setAutomine(false);
    const { rpc, close } = await startProxy(node.rpc, "the answer");
    await errorOf(deployFrom(rpc));
    await close();
    expect(await errorOf(deployFrom(node.rpc)))
      .to.be.instanceOf(StillPendingError)
      .with.property("nonce", before);

    await node.client.setAutomine(true);
    await node.client.mine({ blocks: 1 });
    await deployFrom(node.rpc);
    expect(await sent()).to.equal(before + CONTRACTS);
  });

  it("sends again what never reached the chain", async () => {
    const { rpc, close } = await startProxy(node.rpc, "the question");
    await errorOf(deployFrom(rpc));
    await close();
    expect(await sent()).to.equal(before);

    await deployFrom(node.rpc);
    expect(await sent()).to.equal(before + CONTRACTS);
  });
});

/** Stands between a deployment and its node, and loses the first transaction on its way there or back. */
async function startProxy(target: string, loses: "the question" | "the answer") {
  const pass = async (question: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = await text(question);
    const isTransaction = body.includes("eth_sendRawTransaction");
    if (isTransaction && loses === "the question") {
      answer.destroy();
      return;
    }
    const found = await fetch(target, { method: "POST", headers: { "content-type": "application/json" }, body });
    if (isTransaction) answer.destroy();
    else answer.setHeader("content-type", "application/json").end(await found.text());
  };
  const server = createServer((question, answer) => void pass(question, answer));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = async (): Promise<void> => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { rpc: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** Waits until the one journal in a folder has an entry of this type. */
async function journalSays(folder: string, type: string): Promise<void> {
  for (let attempt = 0; attempt < 3_000; attempt++) {
    const journal = (await readdir(folder)).find((name) => name.endsWith(".unfinished")) ?? "none";
    const entries = await readFile(join(folder, journal, "journal.jsonl"), "utf8").catch(() => "");
    if (entries.includes(`"${type}"`)) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  throw new AssertionError(`the journal should have come to ${type}`);
}
