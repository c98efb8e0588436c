/** A chain with Assay on it, an agent and a provider with money, and the config of whoever deals with them. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { toHex, type Address, type Hex } from "viem";

import { account } from "../../scripts/local/market.ts";
import { deploy } from "../../src/deploy/deploy.ts";
import { erc20MetadataAbi } from "../../src/protocol/abi/erc20-metadata.ts";
import { escrowAbi } from "../../src/protocol/abi/escrow.ts";
import { DEVELOPMENT_KEY, startNode } from "./node.ts";

export const LOCAL = 31_337;
export const SEPOLIA = 11_155_111;

/** Dollars in the token's units. */
export function usd(dollars: number): bigint {
  return BigInt(dollars) * 1_000_000n;
}

/** The private key of a development account. */
export function keyOf(index: number): Hex {
  const { privateKey } = account(index).getHdKey();
  return toHex(privateKey ?? new Uint8Array());
}

const MINT = [
  {
    type: "function",
    name: "mint",
    stateMutability: "nonpayable",
    inputs: [
      { name: "to", type: "address" },
      { name: "amount", type: "uint256" },
    ],
    outputs: [],
  },
] as const;

/** Starts a chain, deploys, and gives the agent and the provider a hundred dollars each. */
export async function startTabWorld(chainId: number) {
  const folder = await mkdtemp(join(tmpdir(), "assay-tab-"));
  const node = await startNode(chainId);
  const { rpc, client } = node;
  const [agent, provider] = [account(1).address, account(2).address];
  const given = chainId === LOCAL ? {} : { token: await node.place("TestUSDC"), privateKey: DEVELOPMENT_KEY };
  const { record, file } = await deploy({ rpc, folder, ...given });
  const {
    token,
    contracts: {
      Escrow: { address: escrow },
    },
  } = record;
  for (const to of [agent, provider]) {
    const hash = await client.writeContract({
      address: token,
      abi: MINT,
      functionName: "mint",
      args: [to, usd(100)],
      chain: null,
    });
    await client.waitForTransactionReceipt({ hash });
  }
  const config = join(folder, "assay.json");
  await writeFile(config, JSON.stringify({ chain: { rpc, id: chainId, deployment: file } }));
  return {
    node,
    folder,
    config,
    token,
    escrow,
    agent,
    provider,
    asAgent: { secrets: { ASSAY_AGENT_PRIVATE_KEY: keyOf(1) } },
    asProvider: { secrets: { ASSAY_PROVIDER_PRIVATE_KEY: keyOf(2) } },
    path: (name: string) => join(folder, name),
    tab: async () =>
      client.readContract({ address: escrow, abi: escrowAbi, functionName: "tabOf", args: [agent, provider] }),
    balance: async (of: Address) =>
      client.readContract({ address: escrow, abi: escrowAbi, functionName: "balanceOf", args: [of] }),
    wallet: async (of: Address) =>
      client.readContract({ address: token, abi: erc20MetadataAbi, functionName: "balanceOf", args: [of] }),
    async wait(seconds: number) {
      await client.increaseTime({ seconds });
      await client.mine({ blocks: 1 });
    },
    async close() {
      await node.close();
      await rm(folder, { recursive: true });
    },
  };
}

export type TabWorld = Awaited<ReturnType<typeof startTabWorld>>;
