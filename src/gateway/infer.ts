/** `POST /v1/models/:model/infer`: a price for whoever brings no payment, an answer for whoever does. */
import { randomBytes } from "node:crypto";

import type { PaymentRequired, SettleResponse } from "@x402/core/types";
import type { Context } from "hono";
import { getAddress, isHex, numberToHex, zeroAddress, type Address, type Hex } from "viem";

import { encodeInput } from "../model/bundle/input.ts";
import { randomScalar } from "../model/field.ts";
import { GROUP_ORDER } from "../protocol/bn254.ts";
import type { Request } from "../protocol/request.ts";
import { networkOf, X402_VERSION } from "../x402/scheme.ts";
import { quotedRequirement, type QuoteTerms } from "../x402/quote.ts";
import { requirementOf } from "../x402/terms.ts";
import type { ChainTime } from "./chain-time.ts";
import type { Answered, Desk } from "./desk.ts";
import { readJson, type WithBody } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import { parsePayment } from "./payment.ts";
import { Problem } from "./problem.ts";
import { inferBodySchema } from "./schemas.ts";
import type { Shop, Ware } from "./shop.ts";

export type InferOptions = {
  readonly shop: Shop;
  readonly desk: Desk;
  readonly terms: QuoteTerms;
  readonly time: ChainTime;
  readonly metrics: Metrics;
  readonly publicUrl: () => string;
};

type Question = {
  readonly ware: Ware;
  readonly fields: readonly number[];
  readonly salt: bigint | undefined;
  readonly payer: Address | undefined;
};

export function inferRoute(options: InferOptions) {
  const { shop, desk, metrics, terms } = options;
  return async (context: Context<WithBody, "/v1/models/:model/infer">): Promise<Response> => {
    const started = performance.now();
    const model = context.req.param("model").toLowerCase() as Hex;
    const ware = shop.get(model);
    if (ware === undefined) throw new Problem("unknown-model", `This gateway does not sell ${model.slice(0, 80)}.`);
    const question = parseQuestion(ware, context.get("body"));
    const header = context.req.header("payment-signature");
    if (header === undefined) {
      return askForPayment(context, question, options, new Problem("payment-required", "Pay, and ask again."));
    }
    let answered: Answered;
    let scheme: string;
    try {
      const payment = parsePayment(header);
      ({ scheme } = payment.accepted);
      answered = await desk.answer(question, await desk.admit(question, payment));
    } catch (error) {
      // A client of x402 reads from a 402 what would have been right.
      if (error instanceof Problem && error.status === 402) return askForPayment(context, question, options, error);
      throw error;
    }
    const labels = { model, scheme };
    metrics.answers.inc(labels);
    metrics.seconds.observe(labels, (performance.now() - started) / 1000);
    context.header("payment-response", toHeader(settlementOf(answered, terms)));
    return context.json(answered.answer);
  };
}

function parseQuestion(ware: Ware, body: string): Question {
  const { input, salt, payer } = readJson(body, inferBodySchema, "The body is not { input, salt?, payer? }");
  return {
    ware,
    fields: encoded(ware, input),
    salt: salt === undefined ? undefined : saltFrom(salt as Hex),
    payer: payer === undefined ? undefined : getAddress(payer),
  };
}

function encoded(ware: Ware, input: object): number[] {
  try {
    return encodeInput(ware.model.manifest.input.fields, input);
  } catch (error) {
    throw new Problem("bad-input", (error as Error).message, { cause: error });
  }
}

function saltFrom(text: Hex): bigint {
  const salt = isHex(text) ? BigInt(text) : GROUP_ORDER;
  if (salt >= GROUP_ORDER) throw new Problem("malformed-body", "The salt must be below the order of BN254's scalars.");
  return salt;
}

/** A 402, with what either kind of client would have to pay. */
async function askForPayment(
  context: Context,
  question: Question,
  { terms, time, publicUrl, metrics }: InferOptions,
  problem: Problem,
): Promise<Response> {
  const { ware, fields } = question;
  const { model, offer } = ware;
  const isHidden = model.manifest.input.visibility === "hidden";
  const salt = isHidden ? (question.salt ?? randomScalar()) : 0n;
  const input = model.commit(fields, salt);
  const saltWord = numberToHex(salt, { size: 32 });
  const assay = requirementOf({
    ...offer,
    chainId: terms.deployment.chainId,
    input,
    token: terms.token,
    tabs: `${publicUrl()}/v1/tabs/`,
  });
  if (isHidden && question.salt === undefined) assay.extra["salt"] = saltWord;
  const request: Request = {
    payer: question.payer ?? zeroAddress,
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
    resource: {
      url: `${publicUrl()}/v1/models/${offer.model}/infer`,
      description: `${model.manifest.name}: ${model.manifest.purpose}`,
      mimeType: "application/json",
    },
    accepts: [assay, quotedRequirement(request, saltWord, terms)],
  };
  metrics.refusals.inc({ code: problem.code });
  context.header("payment-required", toHeader(required));
  context.header("cache-control", "no-store");
  context.header("content-type", "application/problem+json");
  return context.body(JSON.stringify({ ...problem.toJson(), ...required }), 402);
}

/** As x402 writes its headers. */
function toHeader(message: PaymentRequired | SettleResponse): string {
  return Buffer.from(JSON.stringify(message)).toString("base64");
}

function settlementOf({ answer, payer, transaction }: Answered, terms: QuoteTerms): SettleResponse {
  const { value: _value, ...receipt } = answer;
  return {
    success: true,
    payer,
    // A tab is settled later, on proof: there is none yet.
    transaction: transaction ?? "",
    network: networkOf(terms.deployment.chainId),
    amount: answer.charge,
    extensions: { assay: receipt },
  };
}
