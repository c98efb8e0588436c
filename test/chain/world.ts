import { artifacts } from "hardhat";
import { encodeFunctionData, zeroAddress, type Abi, type Address, type Hex } from "viem";

import { account } from "../../scripts/local/market.ts";
import { connectChain } from "../../src/chain/rpc.ts";
import { escrowAbi } from "../../src/protocol/abi/escrow.ts";
import { startFaultyRpc } from "../helpers/faulty-rpc.ts";
import { startNode } from "../helpers/node.ts";

/** The sender's key: the second account that every development chain lends. */
export const SENDER_KEY: Hex = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
export const SENDER = account(1).address;
export const PAYER = account(2).address;
export const PROVIDER = account(3).address;

/** A node with an escrow on it, and a proxy in front of it that can be told to have faults. */
export async function startWorld() {
  const node = await startNode(31_337);
  const proxy = await startFaultyRpc(node.rpc);
  const { client } = node;

  const token = await node.place("TestUSDC");
  const { bytecode } = await artifacts.readArtifact("Escrow");
  const args = [token, 0n, zeroAddress] as const;
  const deployment = await client.deployContract({ abi: escrowAbi, bytecode, args, chain: null });
  const { contractAddress, blockNumber } = await client.waitForTransactionReceipt({ hash: deployment });
  const escrow = contractAddress as Address;

  const { abi } = await artifacts.readArtifact("TestUSDC");
  const tokenAbi = abi as Abi;
  const encode = (functionName: string, given: readonly unknown[]): Hex =>
    encodeFunctionData({ abi: tokenAbi, functionName, args: given });
  for (const [functionName, given] of [
    ["mint", [account(0).address, 10n ** 12n]],
    ["mint", [SENDER, 10n ** 12n]],
    ["approve", [escrow, 2n ** 255n]],
  ] as const) {
    await client.writeContract({ address: token, abi: tokenAbi, functionName, args: given, chain: null });
  }
  await client.sendTransaction({
    account: account(1),
    to: token,
    data: encode("approve", [escrow, 2n ** 255n]),
    chain: null,
  });

  /** Puts money on the tab, in a block of its own as long as the node mines at once. */
  const fund = async (amount: bigint): Promise<Hex> =>
    client.writeContract({
      address: escrow,
      abi: escrowAbi,
      functionName: "fund",
      args: [PAYER, PROVIDER, amount],
      chain: null,
    });

  /** The same as a call for a sender. */
  const fundCall = (amount: bigint, what = `fund ${amount}`) => ({
    to: escrow,
    data: encodeFunctionData({ abi: escrowAbi, functionName: "fund", args: [PAYER, PROVIDER, amount] }),
    what,
  });

  const funds = async (): Promise<bigint> => {
    const tab = { address: escrow, abi: escrowAbi, functionName: "tabOf", args: [PAYER, PROVIDER] } as const;
    return (await client.readContract(tab)).funds;
  };

  return {
    ...node,
    /** Through the proxy. */
    connected: await connectChain({ rpc: proxy.rpc }),
    proxy,
    token,
    encode,
    escrow,
    from: Number(blockNumber),
    fund,
    fundCall,
    funds,
    async stop() {
      await proxy.stop();
      await node.close();
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;
