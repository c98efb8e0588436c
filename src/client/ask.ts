/** One question: what is checked before it is signed, and what of the answer before it is believed. */
import { hexToBigInt, numberToHex, type Hex, type PublicClient } from "viem";

import { escrowAbi } from "../protocol/abi/escrow.ts";
import type { Meaning } from "../model/manifest/meaning.ts";
import { randomScalar } from "../model/field.ts";
import { idOf, type Request } from "../protocol/request.ts";
import type { Signature, Signer } from "../protocol/signature.ts";
import type { Receipt } from "../protocol/receipt.ts";
import { toBase64 } from "../x402/fetch-json.ts";
import type { Limits } from "../x402/limits.ts";
import { paymentToWire, signPayment } from "../x402/payment.ts";
import { X402_VERSION, type TopUp } from "../x402/scheme.ts";
import type { Slots } from "../x402/slots.ts";
import { checkTerms, requirementOf, type Terms, type Trust } from "../x402/terms.ts";
import { checkAnswer, evidenceOf, type Order } from "./answer.ts";
import { chainTime, type Escrow, type Head } from "./chain.ts";
import type { Book } from "./evidence.ts";
import { isDecided, type Gateway } from "./gateway.ts";
import type { Provider, ReceivedAnswer } from "./messages.ts";
import type { Model } from "./model.ts";
import type { Settlement, Settlements } from "./settlements.ts";
import type { Draft, TabDraws } from "./tab.ts";

export type AskOptions = {
  /** Seconds until the proof is due; what the model's price list says, where none are given. */
  readonly timeout?: number;
  /** Of the input's commitment, 32 bytes: drawn anew where none is given. */
  readonly salt?: Hex;
};

export type Answer = {
  readonly id: Hex;
  /** What the answer means: a label, or numbers. Not proven until it is settled. */
  readonly value: Meaning;
  /** The answer as it will be on chain: packed, or a commitment to it. */
  readonly output: Hex;
  readonly request: Request;
  readonly receipt: Receipt & { readonly signature: Signature };
  /** Keep it to show later what was asked; who has it can guess the input. */
  readonly salt: Hex;
  /**
   * Resolves when the answer was proven and paid, on chain; rejects when it cannot be any more. Nothing is watched before
   * somebody looks here.
   */
  readonly settled: Promise<Settlement>;
};

/** All that one connection asks with. */
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

/** Signs a request for an input, within the limits, and sends it until it is answered or refused. */
export async function ask(desk: Desk, model: Model, input: unknown, options: AskOptions = {}): Promise<Answer> {
  const { escrow, trust, limits, slots, tab, head } = desk;
  const { salt, commitment } = committed(model, input, options.salt);
  const terms = termsFor(desk, model, commitment, options.timeout);
  checkTerms(terms, escrow.chainId, { ...trust, verifiers: trust.verifiers ?? [model.verifier] }, limits);
  await checkStake(desk);
  const [{ number: since }, now] = await Promise.all([head(), chainTime(head)]);

  const slot = await slots.take(terms.price);
  let draft: Draft | undefined;
  let order: Order;
  try {
    draft = await tab.draw(terms, now);
    order = await sign(desk, { terms, model, input, salt, now, since }, { nonce: slot.nonce, topUp: draft.topUp });
  } catch (error) {
    slot.giveBack();
    draft?.refused();
    throw error;
  }
  try {
    return await complete(desk, order);
  } catch (error) {
    // Without a decision the provider may still answer, and be paid: the nonce stays this request's.
    if (isDecided(error)) {
      if (NONCE_CODE.test(error.code)) slot.spoil();
      else slot.giveBack();
      draft.refused(error.code);
    }
    throw error;
  }
}

/** Sends an order, for the first time or again, and checks what comes back. */
export async function complete(desk: Desk, order: Order): Promise<Answer> {
  const { escrow, gateway, settlements, book } = desk;
  let received: ReceivedAnswer;
  try {
    received = await gateway.infer(order.parcel);
  } catch (error) {
    throw isDecided(error) ? error : new UnansweredError(order, { cause: error });
  }
  const evidence = await evidenceOf(order, received, escrow);
  // Before anything else can fail: a false answer that was signed for is worth a penalty.
  await book.keep(evidence).catch((cause: unknown) => {
    throw new EvidenceNotKeptError(order, { cause });
  });
  const value = checkAnswer(order, received, escrow);
  const { id, request, output, charge, receipt: signature } = evidence;
  let settled: Promise<Settlement> | undefined;
  return {
    id,
    value,
    output,
    request,
    receipt: { request: id, output, charge, signature },
    salt: order.salt,
    get settled() {
      if (settled === undefined) {
        settled = settlements.of(evidence);
        // Whoever looked may have stopped waiting.
        settled.catch(() => {});
      }
      return settled;
    },
  };
}

/** A deadline that is as near as can be is too near when it arrives. */
const TRAVEL_SECONDS = 30;

/** Spent, or too far ahead: the provider counts otherwise. */
const NONCE_CODE = /^nonce-/;

type Question = {
  readonly terms: Terms;
  readonly model: Model;
  readonly input: unknown;
  readonly salt: Hex;
  readonly now: number;
  readonly since: bigint;
};

async function sign(
  { account, escrow }: Desk,
  { terms, model, input, salt, now, since }: Question,
  { nonce, topUp }: { readonly nonce: bigint; readonly topUp: TopUp | undefined },
): Promise<Order> {
  const particulars = { nonce, deadline: now + terms.timeout, ...(topUp === undefined ? {} : { topUp }) };
  const payment = await signPayment(terms, particulars, account);
  const { request, signature } = payment;
  const envelope = { x402Version: X402_VERSION, accepted: requirementOf(terms), payload: paymentToWire(payment) };
  const parcel = {
    model: model.model,
    body: JSON.stringify({ input, salt }),
    payment: toBase64(JSON.stringify(envelope)),
  };
  const id = idOf(request, { chainId: escrow.chainId, escrow: escrow.address });
  return { id, request, signature, salt, model, parcel, since };
}

/** A public input is its own commitment; a hidden one is as hidden as its salt. */
function committed(model: Model, input: unknown, given?: Hex): { salt: Hex; commitment: Hex } {
  const isHidden = model.manifest.input.visibility === "hidden";
  const salt = isHidden ? (given ?? word(randomScalar())) : word(0n);
  return { salt, commitment: model.commit(model.encode(input), hexToBigInt(salt)) };
}

function termsFor({ provider, gateway, escrow }: Desk, model: Model, input: Hex, asked?: number): Terms {
  const { least, most } = provider.deadline;
  // A price list's own timeout is brought into what the gateway takes; what was asked for is not changed.
  const timeout = asked ?? Math.min(Math.max(model.timeout, least + TRAVEL_SECONDS), most);
  if (timeout < least || timeout > most) throw new BadTimeoutError(timeout, least, most);
  const { verifier, price, proverFee, penalty } = model;
  return {
    chainId: escrow.chainId,
    escrow: escrow.address,
    provider: provider.provider,
    verifier,
    model: model.model,
    price,
    proverFee,
    penalty,
    timeout,
    input,
    token: { address: provider.token.address, name: provider.token.name, version: provider.token.version },
    tabs: `${gateway.url}/v1/tabs/`,
  };
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

function word(value: bigint): Hex {
  return numberToHex(value, { size: 32 });
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

/** An answer arrived, and what its provider signed could not be kept. */
export class EvidenceNotKeptError extends Error {
  override readonly name = "EvidenceNotKeptError";
  readonly order: Order;

  constructor(order: Order, options?: ErrorOptions) {
    super(
      `The answer to ${order.id} is there, but the book does not take its evidence. Mend the book, and get the answer ` +
        "again, at no cost, with resume(error.order).",
      options,
    );
    this.order = order;
  }
}

/** A signed request got neither an answer nor a refusal. */
export class UnansweredError extends Error {
  override readonly name = "UnansweredError";
  /** To be sent again, to the same provider, until its deadline: it is charged once. */
  readonly order: Order;

  constructor(order: Order, options?: ErrorOptions) {
    super(
      `The gateway did not answer the request ${order.id}, which it may have. Send it again with resume(error.order); ` +
        "asking anew could be charged twice.",
      options,
    );
    this.order = order;
  }
}
