/** The provider's own money in tabs, by its policy: once in each tab, and never more than the total. */
import { encodeFunctionData, type Address, type Hex, type PublicClient } from "viem";

import type { Sent } from "../chain/send.ts";
import { escrowAbi } from "../protocol/abi/escrow.ts";
import { readPosition, readTab, totals } from "../store/chain-state.ts";
import type { Database } from "../store/database.ts";
import type { GatewaySettings } from "./settings.ts";

export type StakesOptions = {
  readonly settings: Pick<GatewaySettings, "stake" | "deployment">;
  readonly provider: Address;
  readonly client: PublicClient;
  readonly database: Database;
  readonly send: (what: string, data: Hex) => Promise<Sent>;
};

/** A stake that was decided on, until the books have it; its block is known when it is mined. */
type Fresh = { readonly amount: bigint; readonly mined: Promise<void>; readonly place: { block?: number } };

/** Puts the policy's stake beside a tab that is worth it, once it is mined. False where the policy puts none. */
export function openStakes({ settings, provider, client, database, send }: StakesOptions) {
  const { stake: policy, deployment } = settings;
  const fresh = new Map<string, Fresh>();
  let line: Promise<unknown> = Promise.resolve();

  const decide = async (payer: Address): Promise<Pick<Fresh, "mined"> | boolean> => {
    if (policy === undefined) return false;
    const { final } = await readPosition(database);
    for (const [each, { place }] of fresh) {
      const { block } = place;
      if (block !== undefined && block <= (final?.number ?? 0)) fresh.delete(each);
    }
    const key = payer.toLowerCase();
    const before = fresh.get(key);
    if (before !== undefined) return before;
    const { funds } = await readTab(database, payer);
    if (funds < policy.leastFunds) return false;
    // What is not final yet is not in the books, and would be staked again.
    const { stake } = await client.readContract({
      address: deployment.escrow,
      abi: escrowAbi,
      functionName: "tabOf",
      args: [payer, provider],
    });
    const amount = policy.perTab - stake;
    if (amount <= 0n) return true;
    const { staked } = await totals(database);
    const underWay = fresh.values().reduce((sum, each) => sum + each.amount, 0n);
    if (staked + underWay + amount > policy.total) return false;
    const data = encodeFunctionData({ abi: escrowAbi, functionName: "stake", args: [payer, amount] });
    const place: Fresh["place"] = {};
    const mine = async (): Promise<void> => {
      try {
        place.block = (await send(`stake ${amount} units in the tab of ${payer}`, data)).block;
      } catch (error) {
        fresh.delete(key);
        throw error;
      }
    };
    const own: Fresh = { amount, place, mined: mine() };
    fresh.set(key, own);
    return own;
  };

  return async (payer: Address): Promise<boolean> => {
    // One after the other, so that nobody counts without what another one just decided.
    const decided = line.then(async () => decide(payer));
    line = decided.catch(() => {});
    const decision = await decided;
    if (typeof decision === "boolean") return decision;
    await decision.mined;
    return true;
  };
}
