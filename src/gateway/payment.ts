/** Reading what a client pays with, and holding it against what is offered. Nothing here asks the chain. */
import { isDeepStrictEqual } from "node:util";

import { hashTypedData, isAddressEqual, zeroAddress, type Address, type Hex } from "viem";
import { z } from "zod";

import { transferTypedDataOf, type Authorization } from "../protocol/authorization.ts";
import { idOf, type Request } from "../protocol/request.ts";
import { fromHex, NO_SIGNATURE, type Signature } from "../protocol/signature.ts";
import { domainOf } from "../protocol/tokens.ts";
import { vaultOf } from "../protocol/vault.ts";
import {
  ASSAY,
  assayPayloadSchema,
  EXACT,
  exactPayloadSchema,
  networkOf,
  type Offer,
  type TopUp,
} from "../x402/scheme.ts";
import { quoteOf, quotedRequirement, type QuoteTerms } from "../x402/quote.ts";

import type { ChainTime } from "./chain-time.ts";
import { Problem } from "./problem.ts";
import { recoverSigner } from "./secp256k1.ts";
import { DEADLINE } from "./settings.ts";

/** More is no payment of ours, and base64 and JSON of it cost time. */
const MOST_HEADER = 16_384;

const payloadSchema = z.object({
  x402Version: z.literal(2),
  accepted: z.object({
    scheme: z.string(),
    network: z.string(),
    asset: z.string(),
    amount: z.string(),
    payTo: z.string(),
    maxTimeoutSeconds: z.number(),
    extra: z.record(z.string(), z.unknown()),
  }),
  payload: z.record(z.string(), z.unknown()),
});

export type Payment = z.output<typeof payloadSchema>;

/** What a payment turned out to be: a request, and what moves its money. */
export type Paid =
  | {
      readonly kind: "tab";
      readonly request: Request;
      readonly id: Hex;
      readonly signature: Signature;
      readonly topUp: TopUp | undefined;
    }
  | {
      readonly kind: "vault";
      readonly request: Request;
      readonly id: Hex;
      readonly signature: Signature;
      readonly authorization: Authorization & { readonly signature: Signature };
    };

/** The base64 and JSON of a payment header. */
export function parsePayment(header: string): Payment {
  if (header.length > MOST_HEADER) {
    throw new Problem(
      "malformed-payment",
      `The payment header has ${header.length} characters, of at most ${MOST_HEADER}.`,
    );
  }
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
  } catch {
    throw new Problem("malformed-payment", "The payment header is not base64 of JSON. See x402, version 2.");
  }
  return readPart(payloadSchema, content, "The payment");
}

/** What all payments for a model are held against. */
export type PaymentRules = {
  readonly terms: QuoteTerms;
  readonly offer: Offer;
  readonly time: ChainTime;
  /** The input's commitment under a salt; for a stock client the salt is the quote's. */
  readonly commit: (salt: bigint) => Hex;
  /** The last second at which an answer can be verified, where there is one: a later deadline would promise too much. */
  readonly answersUntil?: number;
};

/**
 * Checks a payment of either scheme.
 *
 * @param salt The body's; a stock client has none.
 */
export function checkPayment(
  payment: Payment,
  salt: bigint | undefined,
  rules: PaymentRules,
): Paid & { readonly salt: bigint } {
  const { scheme, network } = payment.accepted;
  const expected = networkOf(rules.terms.deployment.chainId);
  if (network !== expected) {
    throw new Problem("wrong-terms", `The payment is on ${network.slice(0, 40)}, and this is ${expected}.`);
  }
  if (scheme === ASSAY) return checkTabPayment(payment, salt ?? 0n, rules);
  if (scheme === EXACT) return checkVaultPayment(payment, rules);
  throw new Problem("unknown-scheme", `The payment's scheme must be ${ASSAY} or ${EXACT}, got ${scheme.slice(0, 40)}.`);
}

/**
 * Which request a payment is of, if who pays signed it: whatever has become of its terms and times since. What was answered
 * before is answered again.
 */
export function identify(payment: Payment, { terms }: Pick<PaymentRules, "terms">): Hex | undefined {
  if (payment.accepted.scheme === ASSAY) {
    const parsed = assayPayloadSchema.safeParse(payment.payload);
    if (!parsed.success) return undefined;
    const { request, signature } = parsed.data;
    const id = idOf(request, terms.deployment);
    return isSigner(request.payer, id, signature) ? id : undefined;
  }
  const quote = quoteOf(payment.accepted, terms);
  const parsed = exactPayloadSchema.safeParse(payment.payload);
  if (quote === undefined || !parsed.success) return undefined;
  const { authorization, signature } = parsed.data;
  const isForThis = isAddressEqual(authorization.to, vaultOf(quote.id, terms.deployment.escrow));
  return isForThis && isAuthorized(authorization, readSignature(signature as Hex), terms) ? quote.id : undefined;
}

function checkTabPayment(payment: Payment, salt: bigint, rules: PaymentRules) {
  const { terms, offer, commit } = rules;
  const { request, signature, topUp } = readPart(assayPayloadSchema, payment.payload, "The payload");
  const differs = differenceOf(request, offer);
  if (differs !== undefined) throw new Problem("wrong-terms", differs);
  checkDeadline(request.deadline, rules);
  if (request.input !== commit(salt)) {
    throw new Problem(
      "wrong-terms",
      "The request's input is not the commitment to the body's input under the body's salt.",
    );
  }
  const id = idOf(request, terms.deployment);
  if (!isSigner(request.payer, id, signature)) {
    throw new Problem(
      "bad-signature",
      `The request ${id} is not signed by its payer ${request.payer} on this escrow and chain.`,
    );
  }
  return { kind: "tab", request, id, signature, topUp, salt } as const;
}

/** What of a request is not as offered, in words. */
function differenceOf(request: Request, offer: Offer): string | undefined {
  for (const name of ["provider", "verifier"] as const) {
    if (!isAddressEqual(request[name], offer[name])) return `The ${name} must be ${offer[name]}, got ${request[name]}.`;
  }
  if (request.model !== offer.model) return `The model must be ${offer.model}, got ${request.model}.`;
  if (request.locked) return "The request must not be locked: a tab pays it.";
  // Whoever settles pays for the gas of the callback.
  if (request.consumer !== zeroAddress) return "A consumer is not served over HTTP: open a lock on chain instead.";
  if (request.payer === zeroAddress) return "The request names no payer.";
  if (request.price < offer.price) return `The price must be at least ${offer.price} units, got ${request.price}.`;
  if (request.proverFee !== offer.proverFee) {
    return `The prover's fee must be ${offer.proverFee} units, got ${request.proverFee}.`;
  }
  if (request.penalty > offer.penalty) {
    return `The penalty must be at most ${offer.penalty} units, got ${request.penalty}.`;
  }
  return undefined;
}

/** From when on, and until when, a deadline may be. */
function deadlineBounds({
  time,
  answersUntil = Infinity,
}: Pick<PaymentRules, "time" | "answersUntil">): readonly [least: number, most: number] {
  return [time.latest() + DEADLINE.least, Math.min(time.earliest() + DEADLINE.most, answersUntil)];
}

function checkDeadline(deadline: number, rules: PaymentRules): void {
  const [least, most] = deadlineBounds(rules);
  if (deadline < least || deadline > most) {
    throw new Problem("bad-deadline", `The deadline must be from ${least} to ${most} (Unix time), got ${deadline}.`);
  }
}

function checkVaultPayment(payment: Payment, rules: PaymentRules) {
  const { terms, offer, time, commit } = rules;
  const quote = quoteOf(payment.accepted, terms);
  if (quote === undefined) {
    throw new Problem("stale-quote", "This provider made no such quote. Ask without a payment to get one.");
  }
  const { request, id } = quote;
  if (!isDeepStrictEqual(payment.accepted, quotedRequirement(request, quote.salt, terms))) {
    throw new Problem(
      "stale-quote",
      "What the client accepted is not what was quoted. Ask without a payment for another quote.",
    );
  }
  const isOnOffer =
    request.model === offer.model &&
    request.price === offer.price &&
    request.proverFee === offer.proverFee &&
    isAddressEqual(request.verifier, offer.verifier) &&
    isAddressEqual(request.provider, offer.provider);
  if (!isOnOffer) throw new Problem("stale-quote", "The quote is of another model, or of an older price list.");
  const [least, most] = deadlineBounds(rules);
  if (request.deadline < least || request.deadline > most) {
    throw new Problem("stale-quote", "The quote is too old to be answered and proven in time. Ask for another.");
  }
  const salt = BigInt(quote.salt);
  if (request.input !== commit(salt)) {
    throw new Problem("wrong-terms", "The quote is for another input than this body's.");
  }
  return {
    kind: "vault",
    request,
    id,
    signature: NO_SIGNATURE,
    salt,
    authorization: checkAuthorization(payment, request, terms, time),
  } as const;
}

function checkAuthorization(payment: Payment, request: Request, terms: QuoteTerms, time: ChainTime) {
  const { signature: given, authorization } = readPart(exactPayloadSchema, payment.payload, "The payload");
  const payTo = payment.accepted.payTo as Address;
  if (!isAddressEqual(authorization.to, payTo)) {
    throw new Problem("wrong-terms", `The authorization pays ${authorization.to}, and the quote says ${payTo}.`);
  }
  if (authorization.value !== request.price) {
    throw new Problem(
      "wrong-terms",
      `The authorization is of ${authorization.value} units, and the price is ${request.price}.`,
    );
  }
  const now = BigInt(time.latest());
  // By the latest time, since the last block of a chain that mines on demand may be long ago.
  if (authorization.validAfter >= now || authorization.validBefore <= now) {
    throw new Problem("wrong-terms", `The authorization is not valid now (${now}).`);
  }
  const signature = readSignature(given as Hex);
  if (!isAuthorized(authorization, signature, terms)) {
    throw new Problem(
      "bad-signature",
      `The authorization is not signed by ${authorization.from} for this token and chain.`,
    );
  }
  return { ...authorization, signature };
}

function readSignature(text: Hex): Signature {
  try {
    return fromHex(text);
  } catch (error) {
    throw new Problem("bad-signature", (error as Error).message, { cause: error });
  }
}

function isAuthorized(authorization: Authorization, signature: Signature, { token }: QuoteTerms): boolean {
  const digest = hashTypedData(transferTypedDataOf(authorization, domainOf(token)));
  return isSigner(authorization.from, digest, signature);
}

function isSigner(address: Address, digest: Hex, signature: Signature): boolean {
  try {
    return isAddressEqual(recoverSigner(digest, signature), address);
  } catch {
    // No point of the curve: nobody signed.
    return false;
  }
}

function readPart<Schema extends z.ZodType>(schema: Schema, content: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Problem(
    "malformed-payment",
    `${what} is not as it should be: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}.`,
  );
}
