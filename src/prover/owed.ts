/** Whether the escrow would pay for an answer, asked before anything is spent on it. */
import { isAddressEqual, zeroAddress, type Address, type Hex, type PublicClient } from "viem";

import { escrowAbi } from "../protocol/abi/escrow.ts";
import type { Deployment } from "../protocol/deployment.ts";
import type { Fill } from "../protocol/fill.ts";
import * as Receipt from "../protocol/receipt.ts";
import * as Request from "../protocol/request.ts";

/** By the escrow's own words for it. */
export type NotPayable = "closed" | "expired" | "underfunded";
export type NotAgreed = "malformed" | "unsigned";

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
): Promise<NotAgreed | undefined> {
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
 * Why the chain's state keeps the escrow from paying these answers, in this order: what the first takes from a tab is not
 * there for the next. Undefined for each that nothing stands against; amounts and signatures are not looked at.
 *
 * @param depth How many blocks a state has to have lasted: what is closed in the last block may be open again after a
 * reorganisation.
 */
export async function whyNotPayable(
  { client, deployment }: Chain,
  answers: readonly Answered[],
  depth = 1,
): Promise<(NotPayable | undefined)[]> {
  const { number: head, timestamp } = await client.getBlock();
  const blockNumber = head < BigInt(depth) ? 0n : head - BigInt(depth) + 1n;
  const contract = { address: deployment.escrow, abi: escrowAbi, blockNumber } as const;
  const tabs = new Map<string, Promise<bigint>>();

  const fundsOf = ({ payer, provider }: Request.Request): Promise<bigint> => {
    const tab = `${payer} ${provider}`;
    const funds =
      tabs.get(tab) ??
      client.readContract({ ...contract, functionName: "tabOf", args: [payer, provider] }).then((found) => found.funds);
    tabs.set(tab, funds);
    return funds;
  };
  const isClosed = async (request: Request.Request): Promise<boolean> => {
    const { payer, provider, nonce, locked } = request;
    if (!locked) {
      return client.readContract({ ...contract, functionName: "isNonceUsed", args: [payer, provider, nonce] });
    }
    const id = Request.idOf(request, deployment);
    return (await client.readContract({ ...contract, functionName: "lockOf", args: [id] })).state !== OPEN;
  };

  const states = await Promise.all(
    answers.map(async ({ request }) => {
      const [closed, funds] = await Promise.all([isClosed(request), request.locked ? 0n : fundsOf(request)]);
      return { closed, funds };
    }),
  );
  const taken = new Map<string, bigint>();
  const used = new Set<string>();
  return answers.map(({ request, charge }, index): NotPayable | undefined => {
    const { closed, funds } = states[index] as (typeof states)[number];
    const tab = `${request.payer} ${request.provider}`;
    const nonce = `${tab} ${request.nonce}`;
    if (closed || (!request.locked && used.has(nonce))) return "closed";
    // The next block is later than this one.
    if (request.deadline <= timestamp) return "expired";
    if (request.locked) return undefined;
    const before = taken.get(tab) ?? 0n;
    if (funds < before + charge) return "underfunded";
    taken.set(tab, before + charge);
    used.add(nonce);
    return undefined;
  });
}
