/** One question to an attested model: checked, priced and signed, and nothing of it sent yet. */
import { isHash, type Hex } from "viem";

import { hashInput } from "../../enclave/input.ts";
import { capFor, readQuestion, ROUTES, type Kind, type Question } from "../../enclave/question.ts";
import { randomNonce } from "../../protocol/authorization.ts";
import type { Json } from "../../protocol/canonical-json.ts";
import type { Request } from "../../protocol/request.ts";
import type { Signature } from "../../protocol/signature.ts";
import { chainTime } from "../chain.ts";
import { place, termsFor, TRAVEL_SECONDS, type Desk, type Placed } from "../desk.ts";
import type { AttestedParcel } from "../gateway.ts";
import type { VettedModel } from "./enclave.ts";
import type { Vetting } from "./vetting.ts";

export type JsonObject = { readonly [key: string]: Json };

/** A body in the OpenAI API's form; `model` and `stream` are set here, whatever it says. */
export type Body = Readonly<Record<string, unknown>>;

export type AttestedOptions = {
  /** Seconds until the answer has to be settled; what the price list says and the enclave's key allows, where none are given. */
  readonly timeout?: number;
  /** Of the body's commitment, 32 bytes: drawn anew where none is given. */
  readonly salt?: Hex;
};

/** A signed request on its way to an enclave that was checked. Sent again it is the same one, and costs nothing more. */
export type AttestedOrder = {
  readonly id: Hex;
  readonly request: Request;
  readonly signature: Signature;
  /** What hides the body in its commitment: who knows it can guess the body. */
  readonly salt: Hex;
  readonly question: Question;
  readonly model: VettedModel;
  readonly parcel: AttestedParcel;
  /** A block before it was sent. */
  readonly since: bigint;
};

export type Asking = {
  readonly model: string;
  readonly kind: Kind;
  readonly isStreamed: boolean;
  readonly body: Body;
  readonly options: AttestedOptions;
};

/** Checks the enclave, the question and the price, and signs. */
export async function placeAttested(
  desk: Desk,
  vetting: Vetting,
  { model, kind, isStreamed, body, options }: Asking,
): Promise<{ readonly order: AttestedOrder; readonly failed: Placed["failed"] }> {
  const { provider, head } = desk;
  const now = await chainTime(head);
  const vetted = await vetting.find(model, now + (options.timeout ?? provider.deadline.least) + TRAVEL_SECONDS);
  const { listing, until } = vetted;
  const { id, manifest, verifier, penalty } = listing;
  if (manifest.kind !== kind) throw new OtherKindError(manifest.name, manifest.kind);
  const question = readQuestion(manifest, bodyOf(body, id, isStreamed));
  const salt = saltIn(options);
  const ware = {
    model: id,
    verifier,
    price: capFor(manifest, question),
    // Nobody proves it, so that nobody is paid for that.
    proverFee: 0n,
    penalty,
    timeout: Math.min(listing.timeout, until - now - TRAVEL_SECONDS),
  };
  const terms = termsFor(desk, ware, hashInput(question.body, salt), options.timeout);
  const { signed, failed } = await place(desk, terms, until);
  const { payment, ...rest } = signed;
  const parcel = { path: ROUTES[kind], body: JSON.stringify(question.body), payment, salt };
  return { order: { ...rest, salt, question, model: vetted, parcel }, failed };
}

/** As it will be read: without what JSON leaves out. */
function bodyOf(body: Body, model: Hex, isStreamed: boolean): JsonObject {
  const { stream: _ours, ...rest } = body;
  const set = isStreamed ? { ...rest, model, stream: true } : { ...rest, model };
  return JSON.parse(JSON.stringify(set)) as JsonObject;
}

function saltIn({ salt = randomNonce() }: AttestedOptions): Hex {
  if (!isHash(salt)) throw new BadSaltError();
  return salt.toLowerCase() as Hex;
}

/** A model is asked for what it does not do. */
export class OtherKindError extends Error {
  override readonly name = "OtherKindError";

  constructor(name: string, kind: Kind) {
    super(`The model ${name} is for ${kind}: ask it with ${kind === "chat" ? "chat or chatStream" : "embed"}.`);
  }
}

/** A salt is not one. */
export class BadSaltError extends Error {
  override readonly name = "BadSaltError";

  constructor() {
    // Not quoted: it may be half of a secret.
    super("A salt has 32 bytes, in hex with 0x before them. Leave it out to have one drawn.");
  }
}
