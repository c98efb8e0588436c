/** Whether what a gateway answered is what was asked, and whether its provider can be held to it. */
import { hexToBigInt, isAddressEqual, type Hex } from "viem";

import { isOutputOf } from "../model/manifest/commitments.ts";
import type { Meaning } from "../model/manifest/meaning.ts";
import type { Deployment } from "../protocol/deployment.ts";
import * as Receipt from "../protocol/receipt.ts";
import { idOf, type Request } from "../protocol/request.ts";
import type { Signature } from "../protocol/signature.ts";
import type { Escrow } from "./chain.ts";
import type { Evidence } from "./evidence.ts";
import type { Parcel } from "./gateway.ts";
import type { ReceivedAnswer } from "./messages.ts";
import type { Model } from "./model.ts";

/** A signed request on its way. Sent again it is the same one, and costs nothing more. */
export type Order = {
  readonly id: Hex;
  readonly request: Request;
  readonly signature: Signature;
  /** What hides the input in its commitment: who knows it can guess the input. */
  readonly salt: Hex;
  readonly model: Model;
  readonly parcel: Parcel;
  /** A block before it was sent. */
  readonly since: bigint;
};

/** What is signed for of an answer, whatever the answer is. */
export type Signed = Pick<ReceivedAnswer, "id" | "request" | "output" | "charge" | "receipt">;

/** What a provider signed for, with the payer's own part. It may be false all the same: a proof will tell. */
export async function evidenceOf(
  { id, request, signature, since }: Pick<Order, "id" | "request" | "signature" | "since">,
  received: Signed,
  escrow: Escrow,
): Promise<Evidence> {
  const { output, charge, receipt } = received;
  const deployment = { chainId: escrow.chainId, escrow: escrow.address };
  if (received.id !== id || idOf(received.request, deployment) !== id) throw new OtherRequestError(id, received.id);
  const evidence = { id, request, signature, output, charge, receipt, since };
  await checkReceipt(evidence, deployment);
  return evidence;
}

/** Refuses a receipt that its request's provider did not sign. */
export async function checkReceipt(evidence: Evidence, deployment: Deployment): Promise<void> {
  const { id, request, output, charge, receipt } = evidence;
  const signer = await Receipt.recover({ request: id, output, charge }, deployment, receipt).catch(() => null);
  if (signer === null || !isAddressEqual(signer, request.provider)) throw new ForgedReceiptError(id, request.provider);
}

/** Refuses an answer that cannot settle, or does not mean what its gateway says; returns what it means. */
export function checkAnswer({ model, salt, request, id }: Order, received: ReceivedAnswer, escrow: Escrow): Meaning {
  const { charge, output, value } = received;
  const fee = (charge * escrow.feeBps) / 10_000n;
  // What settling would skip as malformed can never be slashed either: a promise that binds nobody.
  if (charge === 0n || charge > request.price || request.proverFee + fee > charge) {
    throw new WrongChargeError(id, charge, request.price);
  }
  if (received.salt !== salt) throw new WrongValueError(id, "its salt is another than was sent");
  let isMeant: boolean;
  try {
    isMeant = isOutputOf(model.manifest, output, value, hexToBigInt(salt));
  } catch (cause) {
    throw new WrongValueError(id, "its output is none of this model", { cause });
  }
  if (!isMeant) throw new WrongValueError(id, "its output means something else");
  return value;
}

/** A gateway answers another request than it was sent. */
export class OtherRequestError extends Error {
  override readonly name = "OtherRequestError";

  constructor(id: Hex, given: Hex) {
    super(`The gateway answers the request ${given} instead of ${id}. It has your signature, and may answer it later.`);
  }
}

/** A receipt is not signed by the provider. */
export class ForgedReceiptError extends Error {
  override readonly name = "ForgedReceiptError";

  constructor(id: Hex, provider: string) {
    super(
      `The receipt for ${id} is not signed by ${provider}, so that nobody can be held to it. Do not rely on the answer.`,
    );
  }
}

/** A receipt charges more than the price, or an amount that cannot settle. */
export class WrongChargeError extends Error {
  override readonly name = "WrongChargeError";
  readonly charge: bigint;

  constructor(id: Hex, charge: bigint, price: bigint) {
    super(
      `The receipt for ${id} charges ${charge} of at most ${price}: the escrow would never pay that, nor penalise the ` +
        "provider for it. Do not rely on the answer.",
    );
    this.charge = charge;
  }
}

/** The answer in words is another than the one that was signed. */
export class WrongValueError extends Error {
  override readonly name = "WrongValueError";

  constructor(id: Hex, reason: string, options?: ErrorOptions) {
    super(`The answer to ${id} is not what its provider signed for: ${reason}. Do not rely on it.`, options);
  }
}
