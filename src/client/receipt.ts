/** Checking a receipt later, with nothing but the receipt and a chain. */
import type { PublicClient } from "viem";

import { escrowAbi } from "../protocol/abi/escrow.ts";
import type { Deployment } from "../protocol/deployment.ts";
import { idOf } from "../protocol/request.ts";
import { checkReceipt, OtherRequestError } from "./answer.ts";
import type { Evidence } from "./evidence.ts";
import { settlementsIn, type Settlement } from "./settlements.ts";

/** What became of an answer. Only a settled one was proven. */
export type Standing =
  | { readonly state: "settled"; readonly settlement: Settlement; readonly penalised: bigint }
  | { readonly state: "settled-otherwise"; readonly settlement: Settlement; readonly penalised: bigint }
  /** It may be proven until its deadline. */
  | { readonly state: "promised"; readonly penalised: bigint }
  | { readonly state: "unproven"; readonly penalised: bigint };

export type VerifyReceiptOptions = {
  readonly client: PublicClient;
  readonly deployment: Deployment;
  readonly confirmations?: number;
};

/** Checks that the provider signed a receipt for this very request, and says what became of it. */
export async function verifyReceipt(
  evidence: Evidence,
  { client, deployment, confirmations = 1 }: VerifyReceiptOptions,
): Promise<Standing> {
  const { request, output, charge, since } = evidence;
  const id = idOf(request, deployment);
  if (id !== evidence.id) throw new OtherRequestError(id, evidence.id);
  await checkReceipt(evidence, deployment);
  const latest = await client.getBlockNumber({ cacheTime: 0 });
  const to = latest < BigInt(confirmations) ? 0n : latest - BigInt(confirmations) + 1n;
  const { timestamp } = await client.getBlock({ blockNumber: to });
  const escrow = { address: deployment.escrow, abi: escrowAbi } as const;
  const [[settlement], penalised] = await Promise.all([
    settlementsIn(client, deployment.escrow, [id], { from: since, to }),
    client.readContract({ ...escrow, functionName: "penaltyOf", args: [id] }),
  ]);
  if (settlement !== undefined) {
    const isSame = settlement.output === output && settlement.charge === charge;
    return { state: isSame ? "settled" : "settled-otherwise", settlement, penalised };
  }
  return { state: timestamp > BigInt(request.deadline) ? "unproven" : "promised", penalised };
}
