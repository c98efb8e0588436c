/** A 402: what either kind of client would have to pay for one input. */
import { randomBytes } from "node:crypto";

import type { PaymentRequired, SettleResponse } from "@x402/core/types";
import type { Context } from "hono";
import { zeroAddress, type Address, type Hex } from "viem";

import type { Request } from "../protocol/request.ts";
import { quotedRequirement, type QuoteTerms } from "../x402/quote.ts";
import { X402_VERSION, type Offer } from "../x402/scheme.ts";
import { requirementOf } from "../x402/terms.ts";
import type { ChainTime } from "./chain-time.ts";
import type { Metrics } from "./metrics.ts";
import type { Problem } from "./problem.ts";

export type Priced = {
  readonly offer: Offer;
  /** The commitment to the input. */
  readonly input: Hex;
  readonly salt: Hex;
  /** Whether the gateway drew the salt, so that the client has to learn it. */
  readonly isDrawn: boolean;
  /** Who is refunded; whoever pays, where nobody is named. */
  readonly payer: Address | undefined;
  /** Where it is asked, and what for. */
  readonly path: string;
  readonly description: string;
};

export type PricingOptions = {
  readonly terms: QuoteTerms;
  readonly time: ChainTime;
  readonly metrics: Metrics;
  readonly publicUrl: () => string;
};

export function askForPayment(
  context: Context,
  { offer, input, salt, isDrawn, payer, path, description }: Priced,
  { terms, time, metrics, publicUrl }: PricingOptions,
  problem: Problem,
): Response {
  const assay = requirementOf({
    ...offer,
    chainId: terms.deployment.chainId,
    input,
    token: terms.token,
    tabs: `${publicUrl()}/v1/tabs/`,
  });
  if (isDrawn) assay.extra["salt"] = salt;
  const request: Request = {
    payer: payer ?? zeroAddress,
    provider: offer.provider,
    verifier: offer.verifier,
    consumer: zeroAddress,
    model: offer.model,
    input,
    price: offer.price,
    proverFee: offer.proverFee,
    // There is no tab whose stake could pay one.
    penalty: 0n,
    deadline: time.latest() + offer.timeout,
    locked: true,
    nonce: BigInt(`0x${randomBytes(32).toString("hex")}`),
  };
  const required: PaymentRequired = {
    x402Version: X402_VERSION,
    error: problem.code === "payment-required" ? "payment required" : `${problem.code}: ${problem.message}`,
    resource: { url: `${publicUrl()}${path}`, description, mimeType: "application/json" },
    accepts: [assay, quotedRequirement(request, salt, terms)],
  };
  metrics.refusals.inc({ code: problem.code });
  context.header("payment-required", toHeader(required));
  context.header("cache-control", "no-store");
  context.header("content-type", "application/problem+json");
  return context.body(JSON.stringify({ ...problem.toJson(), ...required }), 402);
}

/** As x402 writes its headers. */
export function toHeader(message: PaymentRequired | SettleResponse): string {
  return Buffer.from(JSON.stringify(message)).toString("base64");
}
