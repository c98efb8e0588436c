import { artifacts, network } from "hardhat";
import { createTestClient, getAddress, http, publicActions, walletActions } from "viem";
import type { Abi, Address, Hex } from "viem";

import { account } from "../../scripts/local/market.ts";

/** Of the first account of every development chain. */
export const DEVELOPMENT_KEY: Hex = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/** A development chain behind real JSON-RPC on this machine, with any chain id. */
export async function startNode(chainId: number) {
  const server = await network.createServer({ override: { chainId } }, "127.0.0.1", 0);
  const { address, port } = await server.listen();
  const rpc = `http://${address}:${port}`;
  const client = createTestClient({ mode: "hardhat", account: account(0), transport: http(rpc), pollingInterval: 20 })
    .extend(publicActions)
    .extend(walletActions);

  /** Deploys a contract that takes no arguments. */
  const place = async (contract: string): Promise<Address> => {
    const { abi, bytecode } = await artifacts.readArtifact(contract);
    const hash = await client.deployContract({ abi: abi as Abi, bytecode: bytecode as Hex, args: [], chain: null });
    const { contractAddress } = await client.waitForTransactionReceipt({ hash });
    return getAddress(contractAddress as Address);
  };
  /** Lets blocks pass, one by one: of blocks that are mined at once, this node forgets what accounts held in them. */
  const passBlocks = async (count: number): Promise<void> => {
    for (let passed = 0; passed < count; passed++) await client.mine({ blocks: 1 });
  };
  return { rpc, client, place, passBlocks, close: async () => server.close() };
}

export type Node = Awaited<ReturnType<typeof startNode>>;
