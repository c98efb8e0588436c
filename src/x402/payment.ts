/** A payment in the `assay` scheme: the agent's signed request, and perhaps money for its tab. */
import { zeroAddress, type Hex } from "viem";
import type { z } from "zod";

import { fundingNonce, randomNonce, receiveTypedDataOf } from "../protocol/authorization.ts";
import * as Request from "../protocol/request.ts";
import * as Signature from "../protocol/signature.ts";
import { requestToWire } from "../protocol/wire.ts";
import type { assayPayloadSchema, AssayPayload, TopUp } from "./scheme.ts";
import type { Terms } from "./terms.ts";

export type WirePayload = z.input<typeof assayPayloadSchema>;

/** What the terms leave open. */
export type Particulars = { readonly nonce: bigint; readonly deadline: number; readonly topUp?: TopUp };

/** Signs the request that pays the terms. Whoever calls this has checked them. */
export async function signPayment(
  terms: Terms,
  { nonce, deadline, topUp }: Particulars,
  account: Signature.Signer,
): Promise<AssayPayload> {
  const { chainId, escrow, provider, verifier, model, input, price, proverFee, penalty } = terms;
  const request: Request.Request = {
    payer: account.address,
    provider,
    verifier,
    consumer: zeroAddress,
    model,
    input,
    price,
    proverFee,
    penalty,
    deadline,
    locked: false,
    nonce,
  };
  const signature = await Request.sign(request, { chainId, escrow }, account);
  return { request, signature, ...(topUp === undefined ? {} : { topUp }) };
}

/** Signs for money onto the account's own tab with this provider, in this escrow alone, until a time. */
export async function signTopUp(
  { escrow, provider, token, chainId }: Pick<Terms, "escrow" | "provider" | "token" | "chainId">,
  amount: bigint,
  validBefore: number,
  account: Signature.Signer,
): Promise<TopUp> {
  const salt: Hex = randomNonce();
  const window = { validAfter: 0n, validBefore: BigInt(validBefore) };
  const typedData = receiveTypedDataOf(
    { from: account.address, to: escrow, value: amount, ...window, nonce: fundingNonce(provider, salt) },
    { name: token.name, version: token.version, chainId, verifyingContract: token.address },
  );
  return { amount, ...window, salt, signature: await Signature.sign(typedData, account) };
}

/** Writes a payment for JSON. */
export function paymentToWire({ request, signature, topUp }: AssayPayload): WirePayload {
  const wire = { request: requestToWire(request), signature: Signature.toCompactHex(signature) };
  if (topUp === undefined) return wire;
  const { amount, validAfter, validBefore, salt } = topUp;
  return {
    ...wire,
    topUp: {
      amount: amount.toString(),
      validAfter: validAfter.toString(),
      validBefore: validBefore.toString(),
      salt,
      signature: Signature.toCompactHex(topUp.signature),
    },
  };
}
