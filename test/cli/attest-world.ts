/** A chain with a verifier of enclaves on it, a simulated enclave, and a gateway that shows what it is told to. */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { serve } from "@hono/node-server";
import { artifacts } from "hardhat";
import { Hono } from "hono";
import { getAddress, hexToBytes, type Address } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";

import { account } from "../../scripts/local/market.ts";
import { simulateNitro, type SimulatedNitro } from "../../simulator/nitro.ts";
import { attestCommand } from "../../src/cli/attest.ts";
import type { Evidence } from "../../src/enclave/evidence.ts";
import { attestedModelOf, type AttestedManifest } from "../../src/enclave/manifest.ts";
import { hashMeasurement, type Measurement } from "../../src/enclave/measurement.ts";
import { hashServingPolicy, hashStatement, type ServingPolicy, type Statement } from "../../src/enclave/statement.ts";
import { enclaveVerifierAbi } from "../../src/protocol/abi/enclave-verifier.ts";
import { errorOf } from "../helpers/errors.ts";
import { startNode } from "../helpers/node.ts";
import { keyOf } from "../helpers/tab-world.ts";

const HOUR = 3_600;
/** By index of the development phrase. */
const ATTESTERS = [5, 6, 7] as const;

/** Why a command refuses, in this process: most refuse a lot, and a process each takes its time. */
export async function refusalFor(
  args: readonly string[],
  { secrets = {} }: { readonly secrets?: Readonly<Record<string, string>> } = {},
): Promise<Error> {
  const before = { ...process.env };
  Object.assign(process.env, { ASSAY_PRIVATE_KEY: "", ...secrets });
  try {
    return (await errorOf(attestCommand(args.slice(1)))) as Error;
  } finally {
    for (const name of ["ASSAY_PRIVATE_KEY", ...Object.keys(secrets)]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

/** What an evidence says instead of the usual. */
export type Change = {
  readonly nitro?: SimulatedNitro;
  readonly statement?: Partial<Statement>;
  readonly policy?: Partial<ServingPolicy>;
  readonly manifest?: Partial<AttestedManifest>;
  readonly block?: Evidence["block"];
};

export async function startAttestWorld(chainId: number, threshold: number) {
  const folder = await mkdtemp(join(tmpdir(), "assay-attest-"));
  const node = await startNode(chainId);
  const { client, rpc } = node;
  const verifier = await placeVerifier(node, threshold);
  const nitro = simulateNitro();
  const escrow = account(9).address;
  const key = privateKeyToAddress(generatePrivateKey());

  const manifestOf = (enclave: Measurement, change: Partial<AttestedManifest> = {}): AttestedManifest => ({
    version: 1,
    name: "echo-large",
    purpose: "Says what it was told.",
    kind: "chat",
    enclave,
    upstream: { url: "https://upstream.example/v1", model: "echo-1" },
    price: { base: "1000", input: "2000000", output: "8000000" },
    mostOutputTokens: 400,
    promptBytesPerToken: 4,
    ...change,
  });

  /** What an enclave shows, over the newest block and for a day. */
  const show = async (change: Change = {}): Promise<Evidence> => {
    const { nitro: platform = nitro } = change;
    const block = change.block ?? (await newestBlock());
    const models = [manifestOf(platform.measurement, change.manifest)];
    const policy: ServingPolicy = { version: 1, chainId, escrow, verifier, models, ...change.policy };
    const statement = statementOf(policy, key, change.statement);
    const [userData, nonce] = [hexToBytes(hashStatement(statement)), hexToBytes(block.hash)];
    const document = platform.attest({ userData, nonce }).toString("base64");
    return { platform: "nitro", document, statement, policy, block };
  };
  const newestBlock = async (): Promise<Evidence["block"]> => {
    const { number, hash } = await client.getBlock();
    return { number: Number(number), hash };
  };

  const measurement = hashMeasurement(nitro.measurement);
  const gateway = await startShowing();
  let configs = 0;
  /** Writes a config of an attester who accepts the simulated enclave, unless it is told otherwise. */
  const config = async (attester: object = {}, chain: object = {}): Promise<string> => {
    const file = join(folder, `config-${configs++}.json`);
    const accepted = { verifier, measurements: [measurement], allowSimulated: true, ...attester };
    await writeFile(file, JSON.stringify({ chain: { rpc, id: chainId, ...chain }, attester: accepted }));
    return file;
  };
  return {
    node,
    client,
    folder,
    verifier,
    nitro,
    measurement,
    key,
    show,
    gateway,
    config,
    model: attestedModelOf(manifestOf(nitro.measurement)),
    attesters: ATTESTERS.map((index) => account(index)),
    /** The environment of an attester, by its place among them. */
    as: (place: number) => ({ secrets: { ASSAY_ATTESTER_PRIVATE_KEY: keyOf(ATTESTERS[place] ?? 0) } }),
    stranger: { secrets: { ASSAY_ATTESTER_PRIVATE_KEY: keyOf(3) } },
    path: (name: string) => join(folder, name),
    keyOf: async (of: Address = key) =>
      client.readContract({ address: verifier, abi: enclaveVerifierAbi, functionName: "keyOf", args: [of] }),
    isLive: async (of: Address = key) =>
      client.readContract({ address: verifier, abi: enclaveVerifierAbi, functionName: "isLive", args: [of] }),
    async wait(seconds: number) {
      await client.increaseTime({ seconds });
      await client.mine({ blocks: 1 });
    },
    async close() {
      await gateway.close();
      await node.close();
      await rm(folder, { recursive: true });
    },
  };
}

export type AttestWorld = Awaited<ReturnType<typeof startAttestWorld>>;

export async function placeVerifier({ client }: Awaited<ReturnType<typeof startNode>>, threshold: number) {
  const { bytecode } = await artifacts.readArtifact("EnclaveVerifier");
  const attesters = ATTESTERS.map((index) => account(index).address).sort((one, other) =>
    BigInt(one) < BigInt(other) ? -1 : 1,
  );
  const args = [attesters, BigInt(threshold)] as const;
  const hash = await client.deployContract({ abi: enclaveVerifierAbi, bytecode, args, chain: null });
  const { contractAddress } = await client.waitForTransactionReceipt({ hash });
  return getAddress(contractAddress as Address);
}

export function statementOf(policy: ServingPolicy, key: Address, change: Partial<Statement> = {}): Statement {
  return {
    version: 1,
    key,
    chainId: policy.chainId,
    verifier: policy.verifier,
    gateways: [account(2).address],
    policy: hashServingPolicy(policy),
    epoch: 1,
    expires: Math.floor(Date.now() / 1000) + 24 * HOUR,
    ...change,
  };
}

/** What a gateway shows: some evidence, or a new one each time; or nothing. */
type Showing = Evidence | (() => Promise<Evidence>) | undefined;

/** The routes of a gateway that attesters use. */
async function startShowing() {
  let showing: readonly Showing[] = [];
  const all = async (): Promise<Evidence[]> => {
    const made = await Promise.all(showing.map(async (each) => (typeof each === "function" ? each() : each)));
    return made.filter((each) => each !== undefined);
  };
  const app = new Hono();
  app.get("/v1/enclaves", async (context) => {
    const models = (await all()).flatMap(({ policy }) => policy.models.map((each) => ({ id: attestedModelOf(each) })));
    return context.json({ models });
  });
  app.get("/v1/enclaves/:model", async (context) => {
    const model = context.req.param("model");
    const found = (await all()).find(({ policy }) =>
      policy.models.some((each) => attestedModelOf(each) === model || each.name === model),
    );
    const problem = { status: 404, code: "unknown-model", detail: "There is no such\u001B[31m model." };
    return found === undefined ? context.json(problem, 404) : context.json(found);
  });
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    show(...evidence: readonly Showing[]) {
      showing = evidence;
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
      await closed;
    },
  };
}
