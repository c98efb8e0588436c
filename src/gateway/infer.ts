/** `POST /v1/models/:model/infer`: a price for whoever brings no payment, an answer for whoever does. */
import type { SettleResponse } from "@x402/core/types";
import type { Context } from "hono";
import { getAddress, isHex, numberToHex, type Address, type Hex } from "viem";

import { encodeInput } from "../model/bundle/input.ts";
import { randomScalar } from "../model/field.ts";
import { GROUP_ORDER } from "../protocol/bn254.ts";
import { networkOf } from "../x402/scheme.ts";
import type { QuoteTerms } from "../x402/quote.ts";
import type { Answered, Asked, Desk } from "./desk.ts";
import { readJson, type WithBody } from "./limits.ts";
import { parsePayment } from "./payment.ts";
import { askForPayment, toHeader, type PricingOptions } from "./payment-required.ts";
import { Problem } from "./problem.ts";
import { inferBodySchema } from "./schemas.ts";
import type { Shop, Ware } from "./shop.ts";

export type InferOptions = PricingOptions & { readonly shop: Shop; readonly desk: Desk };

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
      return price(context, question, options, new Problem("payment-required", "Pay, and ask again."));
    }
    let answered: Answered;
    let scheme: string;
    try {
      const payment = parsePayment(header);
      ({ scheme } = payment.accepted);
      answered = await desk.answer(question, await desk.admit(askedOf(question), payment));
    } catch (error) {
      // A client of x402 reads from a 402 what would have been right.
      if (error instanceof Problem && error.status === 402) return price(context, question, options, error);
      throw error;
    }
    const labels = { model, scheme, proof: "groth16" };
    metrics.answers.inc(labels);
    metrics.seconds.observe(labels, (performance.now() - started) / 1000);
    context.header("payment-response", toHeader(settlementOf(answered, terms)));
    return context.json(answered.answer);
  };
}

function askedOf({ ware: { model, offer }, fields, salt }: Question): Asked {
  return { offer, fields, salt, commit: (drawn) => model.commit(fields, drawn) };
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

/** What a client would have to pay for its question. */
function price(context: Context, question: Question, options: InferOptions, problem: Problem): Response {
  const { ware, fields, payer } = question;
  const { model, offer } = ware;
  const isHidden = model.manifest.input.visibility === "hidden";
  const salt = isHidden ? (question.salt ?? randomScalar()) : 0n;
  const priced = {
    offer,
    input: model.commit(fields, salt),
    salt: numberToHex(salt, { size: 32 }),
    isDrawn: isHidden && question.salt === undefined,
    payer,
    path: `/v1/models/${offer.model}/infer`,
    description: `${model.manifest.name}: ${model.manifest.purpose}`,
  };
  return askForPayment(context, priced, options, problem);
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
