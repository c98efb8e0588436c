/** One question: what is checked before it is signed, and what of the answer before it is believed. */
import { hexToBigInt, numberToHex, type Hex } from "viem";

import type { Meaning } from "../model/manifest/meaning.ts";
import { randomScalar } from "../model/field.ts";
import type { Request } from "../protocol/request.ts";
import type { Signature } from "../protocol/signature.ts";
import type { Receipt } from "../protocol/receipt.ts";
import { checkAnswer, evidenceOf, type Order } from "./answer.ts";
import { place, termsFor, type Desk } from "./desk.ts";
import { isDecided } from "./gateway.ts";
import type { ReceivedAnswer } from "./messages.ts";
import type { Model } from "./model.ts";
import { whenAsked, type Settlement } from "./settlements.ts";

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

/** Signs a request for an input, within the limits, and sends it until it is answered or refused. */
export async function ask(desk: Desk, model: Model, input: unknown, options: AskOptions = {}): Promise<Answer> {
  const { salt, commitment } = committed(model, input, options.salt);
  const { signed, failed } = await place(desk, termsFor(desk, model, commitment, options.timeout));
  const { payment, ...rest } = signed;
  const parcel = { model: model.model, body: JSON.stringify({ input, salt }), payment };
  try {
    return await complete(desk, { ...rest, salt, model, parcel });
  } catch (error) {
    failed(error);
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
  const settled = whenAsked(settlements, evidence);
  return {
    id,
    value,
    output,
    request,
    receipt: { request: id, output, charge, signature },
    salt: order.salt,
    get settled() {
      return settled();
    },
  };
}

/** A public input is its own commitment; a hidden one is as hidden as its salt. */
function committed(model: Model, input: unknown, given?: Hex): { salt: Hex; commitment: Hex } {
  const isHidden = model.manifest.input.visibility === "hidden";
  const salt = isHidden ? (given ?? word(randomScalar())) : word(0n);
  return { salt, commitment: model.commit(model.encode(input), hexToBigInt(salt)) };
}

function word(value: bigint): Hex {
  return numberToHex(value, { size: 32 });
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
