/** The chain that gas is measured on, and the people on it. */
import { hexToBytes, maxUint256 } from "viem";
import type { Hex } from "viem";

import { startChain } from "../local/chain.ts";
import { account, answer } from "../local/market.ts";
import type { Answered } from "../local/market.ts";
import { sampleModel } from "../local/models.ts";
import type { SampleModel } from "../local/models.ts";

const MONEY = 10n ** 12n;
const HOURS = 3600;

/** Four models with a key each: two circuits, two contributors. */
export async function fourModels(onStep?: (step: string) => void): Promise<readonly SampleModel[]> {
  const models: SampleModel[] = [];
  for (const contributor of ["development", "another"]) {
    for (const name of ["credit-score", "credit-approval"] as const) {
      models.push(await sampleModel(name, contributor, onStep));
    }
  }
  return models;
}

/** Starts a chain where all models are published and everyone has money, but nothing has happened. */
export async function startWorld(models: readonly SampleModel[]) {
  const [first] = models as readonly [SampleModel];
  const chain = await startChain(first.key);
  const { client, test, token, escrow, verifier } = chain;
  const [agent, provider, prover] = [account(0), account(1), account(2)];

  const gasOf = async (transaction: Promise<Hex>): Promise<number> => {
    const receipt = await client.getTransactionReceipt({ hash: await transaction });
    return Number(receipt.gasUsed);
  };
  const publish = async (model: SampleModel): Promise<number> =>
    gasOf(verifier.write.publish([model.key.delta, model.key.ic, model.manifestHash, "ipfs://manifest"]));

  const publishGas = await publish(first);
  for (const model of models.slice(1)) await publish(model);
  for (const { address } of [agent, provider]) {
    await token.write.mint([address, MONEY]);
    await token.write.approve([escrow.address, maxUint256], { account: address });
  }
  const { timestamp } = await client.getBlock();
  const terms = {
    deployment: chain.deployment,
    verifier: verifier.address,
    agent,
    provider,
    prover: prover.address,
    price: 10_000n,
    proverFee: 1_000n,
    penalty: 50_000n,
    deadline: Number(timestamp) + 20 * HOURS,
  };
  const ask = (index: number, nonce: bigint, locked: boolean, count: number): Promise<Answered> => {
    const model = models[index % count] as SampleModel;
    const applicant = { fields: [BigInt(index), 200n, 3n, 40n], salt: BigInt(index) * 7n ** 80n };
    return answer(terms, { model, applicant, nonce, locked });
  };

  /** Runs a measurement on the state as it is, and then undoes it. */
  const undone = async <T>(measure: () => Promise<T>): Promise<T> => {
    const id = await test.snapshot();
    try {
      return await measure();
    } finally {
      await test.revert({ id });
    }
  };
  return { ...chain, agent, provider, prover, terms, gasOf, publishGas, ask, undone };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

/** What calldata costs: 4 gas for a zero byte, 16 for another. */
export function calldataGas(data: Hex): number {
  return hexToBytes(data).reduce((sum, byte) => sum + (byte === 0 ? 4 : 16), 0);
}
