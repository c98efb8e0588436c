/** Where the demo plays: a node, the contracts on it, a published model, and the cast with their money. */
import { formatUnits } from "viem";
import type { Address, Hex } from "viem";

import { buildContracts } from "../local/build-contracts.ts";
import { account } from "../local/market.ts";
import type { Terms } from "../local/market.ts";
import { sampleModel } from "../local/models.ts";
import { startNode } from "../local/node.ts";

const USDC = 1_000_000n;

export async function setStage(onStep: (step: string) => void) {
  onStep("compiling the contracts");
  await buildContracts();
  const model = await sampleModel("credit-approval", "development", onStep);
  onStep("starting a local node and deploying");
  const chain = await startNode();
  const { client, token, escrow, verifier } = chain;
  const cast = {
    agent: account(1),
    provider: account(2),
    prover: account(3),
    client: account(4),
    stranger: account(5),
  };

  await verifier.write.publish([model.key.delta, model.key.ic, model.manifestHash, "demo"]);
  await token.write.mint([cast.agent.address, 100n * USDC]);
  await token.write.mint([cast.client.address, 5n * USDC]);
  await token.write.mint([cast.provider.address, 50n * USDC]);
  await token.write.approve([escrow.address, 50n * USDC], { account: cast.provider.address });

  /** The terms of trade from now on: 10 cents an answer, an hour to prove it. */
  const terms = async (): Promise<Terms> => ({
    deployment: chain.deployment,
    verifier: verifier.address,
    agent: cast.agent,
    provider: cast.provider,
    prover: cast.prover.address,
    price: USDC / 10n,
    proverFee: USDC / 100n,
    penalty: USDC,
    deadline: Number((await client.getBlock()).timestamp) + 3600,
  });
  const gasOf = async (transaction: Promise<Hex>): Promise<number> =>
    Number((await client.getTransactionReceipt({ hash: await transaction })).gasUsed);
  const wallet = (who: Address): Promise<bigint> => token.read.balanceOf([who]);
  const tokenDomain = {
    name: "USD Coin",
    version: "2",
    chainId: chain.deployment.chainId,
    verifyingContract: token.address,
  };
  /** Lets time pass on the node. */
  const wait = async (seconds: number): Promise<void> => {
    await chain.test.increaseTime({ seconds });
    await chain.test.mine({ blocks: 1 });
  };
  return { ...chain, model, cast, terms, gasOf, wallet, tokenDomain, wait };
}

export type Stage = Awaited<ReturnType<typeof setStage>>;

/** An amount as people write it. */
export function dollars(amount: bigint): string {
  const text = formatUnits(amount, 6);
  const [whole = "0", cents = ""] = text.split(".");
  return `$${whole}.${cents.padEnd(2, "0")}`;
}

/** A number of gas as people read it. */
export function gasText(gas: number): string {
  return `${gas.toLocaleString("en-US")} gas`;
}
