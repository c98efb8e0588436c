/** All that one connection asks with, and how it signs: within the limits, under a nonce of its own, on its tab. */
import type { Hex, PublicClient } from "viem";

import { escrowAbi } from "../protocol/abi/escrow.ts";
import { idOf, type Request } from "../protocol/request.ts";
import type { Signature, Signer } from "../protocol/signature.ts";
import { toBase64 } from "../x402/fetch-json.ts";
import type { Limits } from "../x402/limits.ts";
import { paymentToWire, signPayment } from "../x402/payment.ts";
import { X402_VERSION, type Offer } from "../x402/scheme.ts";
import type { Slots } from "../x402/slots.ts";
import { checkTerms, requirementOf, type Terms, type Trust } from "../x402/terms.ts";
import { chainTime, type Escrow, type Head } from "./chain.ts";
import type { Book } from "./evidence.ts";
import { isDecided, type Gateway } from "./gateway.ts";
import type { Provider } from "./messages.ts";
import type { Settlements } from "./settlements.ts";
import type { Draft, TabDraws } from "./tab.ts";

export type Desk = {
  readonly account: Signer;
  readonly client: PublicClient;
  readonly gateway: Gateway;
  readonly provider: Provider;
  readonly escrow: Escrow;
  readonly trust: Omit<Trust, "verifiers"> & { readonly verifiers?: Trust["verifiers"] };
  readonly limits: Limits;
  readonly slots: Slots;
  readonly tab: TabDraws;
  readonly head: () => Promise<Head>;
  readonly settlements: Settlements;
  readonly book: Book;
};

/** A request that was signed, and not sent yet. */
export type Signed = {
  readonly id: Hex;
  readonly request: Request;
  readonly signature: Signature;
  /** As it travels in a header. */
  readonly payment: string;
  /** A block before it was sent. */
  readonly since: bigint;
};

export type Placed = {
  readonly signed: Signed;
  /** To be told what sending it ended in, unless that was an answer: what was refused costs nothing. */
  readonly failed: (error: unknown) => void;
};

/** What a desk needs to know of a model to sign for it. */
export type Ware = Omit<Offer, "escrow" | "provider">;

/** A deadline that is as near as can be is too near when it arrives. */
export const TRAVEL_SECONDS = 30;

/** Spent, or too far ahead: the provider counts otherwise. */
const NONCE_CODE = /^nonce-/;

/** The terms of one question. @param asked Seconds until the deadline, where the caller has said so. */
export function termsFor({ provider, gateway, escrow }: Desk, ware: Ware, input: Hex, asked?: number): Terms {
  const { least, most } = provider.deadline;
  // A price list's own timeout is brought into what the gateway takes; what was asked for is not changed.
  const timeout = asked ?? Math.min(Math.max(ware.timeout, least + TRAVEL_SECONDS), most);
  if (timeout < least || timeout > most) throw new BadTimeoutError(timeout, least, most);
  const { verifier, model, price, proverFee, penalty } = ware;
  return {
    chainId: escrow.chainId,
    escrow: escrow.address,
    provider: provider.provider,
    verifier,
    model,
    price,
    proverFee,
    penalty,
    timeout,
    input,
    token: { address: provider.token.address, name: provider.token.name, version: provider.token.version },
    tabs: `${gateway.url}/v1/tabs/`,
  };
}

/**
 * Signs for terms, once they are found to be within what the caller trusts and allows.
 *
 * @param latest The last deadline that is worth a signature, where there is one.
 */
export async function place(desk: Desk, terms: Terms, latest = Number.POSITIVE_INFINITY): Promise<Placed> {
  const { escrow, trust, limits, slots, tab, head } = desk;
  checkTerms(terms, escrow.chainId, { ...trust, verifiers: trust.verifiers ?? [terms.verifier] }, limits);
  await checkStake(desk);
  const [{ number: since }, now] = await Promise.all([head(), chainTime(head)]);
  const deadline = now + terms.timeout;
  if (deadline > latest) throw new LateDeadlineError(deadline, latest);

  const slot = await slots.take(terms.price);
  let draft: Draft | undefined;
  let signed: Signed;
  try {
    draft = await tab.draw(terms, now);
    signed = await sign(desk, terms, { nonce: slot.nonce, deadline, since, draft });
  } catch (error) {
    slot.giveBack();
    draft?.refused();
    throw error;
  }
  const drawn = draft;
  return {
    signed,
    failed(error) {
      // Without a decision the provider may still answer, and be paid: the nonce stays this request's.
      if (!isDecided(error)) return;
      if (NONCE_CODE.test(error.code)) slot.spoil();
      else slot.giveBack();
      drawn.refused(error.code);
    },
  };
}

type Particulars = {
  readonly nonce: bigint;
  readonly deadline: number;
  readonly since: bigint;
  readonly draft: Draft;
};

async function sign(
  { account, escrow }: Desk,
  terms: Terms,
  { nonce, deadline, since, draft: { topUp } }: Particulars,
): Promise<Signed> {
  const particulars = { nonce, deadline, ...(topUp === undefined ? {} : { topUp }) };
  const payment = await signPayment(terms, particulars, account);
  const { request, signature } = payment;
  const envelope = { x402Version: X402_VERSION, accepted: requirementOf(terms), payload: paymentToWire(payment) };
  const id = idOf(request, { chainId: escrow.chainId, escrow: escrow.address });
  return { id, request, signature, payment: toBase64(JSON.stringify(envelope)), since };
}

/** A penalty is worth what is staked for it, which the chain knows. */
async function checkStake({ client, account, escrow, provider, limits }: Desk): Promise<void> {
  if (limits.penalty === undefined || limits.penalty === 0n) return;
  const { stake } = await client.readContract({
    address: escrow.address,
    abi: escrowAbi,
    functionName: "tabOf",
    args: [account.address, provider.provider],
  });
  if (stake < limits.penalty) throw new StakeShortError(stake, limits.penalty);
}

/** A provider has less at stake in this tab than its caller wants it to lose. */
export class StakeShortError extends Error {
  override readonly name = "StakeShortError";

  constructor(stake: bigint, wanted: bigint) {
    super(
      `The provider has ${stake} units at stake in your tab, and you want it to lose ${wanted} for a broken promise. ` +
        "Nothing was signed. Fund the tab, so that it stakes, or lower limits.penalty.",
    );
  }
}

/** A timeout is shorter or longer than the gateway takes. */
export class BadTimeoutError extends Error {
  override readonly name = "BadTimeoutError";

  constructor(timeout: number, least: number, most: number) {
    super(`The gateway takes requests of ${least} to ${most} seconds, got ${timeout}. Nothing was signed.`);
  }
}

/** A deadline is later than an answer can be verified. */
export class LateDeadlineError extends Error {
  override readonly name = "LateDeadlineError";

  constructor(deadline: number, latest: number) {
    super(
      `The deadline would be ${deadline}, and answers can be verified until ${latest} alone. Nothing was signed. Give a ` +
        "shorter timeout.",
    );
  }
}
