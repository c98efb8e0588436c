/** Asks the chain what a settlement would do, and finds the fills that would spoil it. */
import { concatHex, decodeFunctionResult, encodeFunctionData, type Address, type Hex, type PublicClient } from "viem";

import { escrowAbi } from "../protocol/abi/escrow.ts";
import type { Deployment } from "../protocol/deployment.ts";
import type { Fill } from "../protocol/fill.ts";
import { whyReverted } from "./reverts.ts";

export type Settleable = { readonly fill: Fill; readonly proof: Hex };

/** How many would be paid, or why none. */
export type Simulated = { readonly paid: number } | { readonly reverts: string };

export type Simulate = (batch: readonly Settleable[]) => Promise<Simulated>;

/** The most that one transaction may use wherever EIP-7825 is in force. */
const MOST_GAS = 2n ** 24n;

/** Simulates as `from`, with all the gas that a transaction can have. Rejects when the chain gives no answer. */
export function simulator(client: PublicClient, { escrow }: Deployment, from: Address): Simulate {
  return async (batch) => {
    const { gasLimit } = await client.getBlock();
    const gas = gasLimit < MOST_GAS ? gasLimit : MOST_GAS;
    try {
      const { data = "0x" } = await client.call({ to: escrow, data: settlementOf(batch), account: from, gas });
      return { paid: Number(decodeFunctionResult({ abi: escrowAbi, functionName: "settle", data })) };
    } catch (error) {
      const reason = whyReverted(error);
      if (reason === undefined) throw error;
      return { reverts: reason };
    }
  };
}

/** The data of a settlement. */
export function settlementOf(batch: readonly Settleable[]): Hex {
  const args = [batch.map(({ fill }) => fill), concatHex(batch.map(({ proof }) => proof))] as const;
  return encodeFunctionData({ abi: escrowAbi, functionName: "settle", args });
}

export type Parted<Item> = {
  /** Each settles as one. */
  readonly groups: readonly (readonly Item[])[];
  readonly bad: readonly { readonly item: Item; readonly reason: string }[];
};

/** Halves a batch that reverts until each bad fill is alone, and puts the others together again as far as that goes. */
export async function partition<Item extends Settleable>(
  batch: readonly Item[],
  simulate: Simulate,
): Promise<Parted<Item>> {
  if (batch.length === 0) return { groups: [], bad: [] };
  const { groups, bad } = await halve(batch, simulate);
  const good = groups.flat();
  // With no bad fill among them it was too much for one block, and would be again.
  if (bad.length === 0 || groups.length < 2 || "reverts" in (await simulate(good))) return { groups, bad };
  return { groups: [good], bad };
}

async function halve<Item extends Settleable>(batch: readonly Item[], simulate: Simulate): Promise<Parted<Item>> {
  const simulated = await simulate(batch);
  if (!("reverts" in simulated)) return { groups: [batch], bad: [] };
  const [item] = batch;
  if (batch.length === 1 && item !== undefined) return { groups: [], bad: [{ item, reason: simulated.reverts }] };
  const middle = Math.ceil(batch.length / 2);
  const [first, second] = [await halve(batch.slice(0, middle), simulate), await halve(batch.slice(middle), simulate)];
  return { groups: [...first.groups, ...second.groups], bad: [...first.bad, ...second.bad] };
}
