/** Whether the escrow would pay for an answer, asked before anything is spent on it. */
import { isAddressEqual, zeroAddress, type Address, type Hex, type PublicClient } from "viem";

import { escrowAbi } from "../protocol/abi/escrow.ts";
import type { Deployment } from "../protocol/deployment.ts";
import type { Fill } from "../protocol/fill.ts";
import * as Receipt from "../protocol/receipt.ts";
import * as Request from "../protocol/request.ts";

/** By the escrow's own words for it. */
export type NotOwed = "malformed" | "expired" | "closed" | "underfunded" | "unsigned";

/** An answer as far as it decides whether it is paid. */
export type Answered = Omit<Fill, "prover">;

type Chain = { readonly client: PublicClient; readonly deployment: Deployment };

const BPS = 10_000n;
/** Of the escrow's locks. */
const OPEN = 1;

/** The escrow's fee, which never changes. */
export function feeBpsOf({ client, deployment }: Chain): Promise<bigint> {
  return client.readContract({ address: deployment.escrow, abi: escrowAbi, functionName: "FEE_BPS" });
}

/** What no chain needs to be asked for: amounts and signatures. */
export async function whyNotAgreed(
  { request, signature, output, charge, receipt }: Answered,
  id: Hex,
  { deployment, feeBps }: { readonly deployment: Deployment; readonly feeBps: bigint },
): Promise<NotOwed | undefined> {
  const fees = request.proverFee + (charge * feeBps) / BPS;
  if (charge === 0n || charge > request.price || fees > charge) return "malformed";
  const signers: [Promise<Address>, Address][] = [
    [Receipt.recover({ request: id, output, charge }, deployment, receipt), request.provider],
  ];
  if (!request.locked) signers.push([Request.recover(request, deployment, signature), request.payer]);
  // Nobody signs as zero, which is also what stands for a signature that recovers nobody.
  if (signers.some(([, signer]) => isAddressEqual(signer, zeroAddress))) return "unsigned";
  const isSigned = await Promise.all(
    signers.map(async ([recovered, signer]) => isAddressEqual(await recovered.catch(() => zeroAddress), signer)),
  );
  return isSigned.every(Boolean) ? undefined : "unsigned";
}

/**
 * Why the escrow would not pay these answers now, in this order: what the first takes from a tab is not there for the
 * next. Undefined for each that it would pay.
 */
export async function whyNotOwed(
  chain: Chain & { readonly feeBps: bigint },
  answers: readonly Answered[],
): Promise<(NotOwed | undefined)[]> {
  const { client, deployment } = chain;
  const { number: blockNumber, timestamp } = await client.getBlock();
  const contract = { address: deployment.escrow, abi: escrowAbi, blockNumber } as const;
  const taken = new Map<string, bigint>();
  const used = new Set<string>();
  const read = await Promise.all(
    answers.map(async (answered) => {
      const { request } = answered;
      const { payer, provider, nonce } = request;
      const id = Request.idOf(request, deployment);
      const [disagreement, isClosed, funds] = await Promise.all([
        whyNotAgreed(answered, id, chain),
        request.locked
          ? client.readContract({ ...contract, functionName: "lockOf", args: [id] }).then(({ state }) => state !== OPEN)
          : client.readContract({ ...contract, functionName: "isNonceUsed", args: [payer, provider, nonce] }),
        request.locked
          ? undefined
          : client
              .readContract({ ...contract, functionName: "tabOf", args: [payer, provider] })
              .then((tab) => tab.funds),
      ]);
      return { disagreement, isClosed, funds };
    }),
  );
  return answers.map(({ request, charge }, index): NotOwed | undefined => {
    const { disagreement, isClosed, funds } = read[index] as (typeof read)[number];
    const tab = `${request.payer} ${request.provider}`;
    const nonce = `${tab} ${request.nonce}`;
    if (isClosed || (!request.locked && used.has(nonce))) return "closed";
    // The next block is later than this one.
    if (request.deadline <= timestamp) return "expired";
    const before = taken.get(tab) ?? 0n;
    if (funds !== undefined && funds < before + charge) return "underfunded";
    if (disagreement !== undefined) return disagreement;
    if (!request.locked) {
      taken.set(tab, before + charge);
      used.add(nonce);
    }
    return undefined;
  });
}
