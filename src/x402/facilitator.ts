/** The `assay` scheme for stock x402 facilitators, over the desk that knows tabs and answers. */
import type {
  Network,
  PaymentPayload,
  PaymentRequirements,
  SchemeNetworkFacilitator,
  SettleResponse,
  VerifyResponse,
} from "@x402/core/types";
import { isAddressEqual, type Address } from "viem";

import * as Request from "../protocol/request.ts";
import { ASSAY, assayPayloadSchema, networkOf, X402_VERSION, type AssayPayload, type WireAnswer } from "./scheme.ts";
import { NO_INPUT } from "./server.ts";
import { differenceFrom, MalformedTermsError, requirementOf, termsOf, type Terms } from "./terms.ts";

export type Refusal = {
  readonly refused: true;
  /** Stable, in kebab-case. */
  readonly reason: string;
  readonly detail?: string;
};

/** What is charged and answered, as the journal has it. */
export type Charged = { readonly charge: bigint; readonly answer: Omit<WireAnswer, "value"> };

/**
 * Who keeps the books. The order of money: admitting reserves the price, the route's handler answers and writes the answer
 * down, and settling returns what was written down. Whatever throws is a refusal.
 */
export type Desk = {
  /** The signature is the payer's, and the request what the terms say; whether the tab can pay is for the desk to say. */
  readonly admit: (payment: AssayPayload, terms: Terms) => Promise<Refusal | { readonly refused: false }>;
  readonly settle: (payment: AssayPayload, terms: Terms) => Promise<Refusal | ({ readonly refused: false } & Charged)>;
};

export type AssayFacilitatorOptions = {
  readonly desk: Desk;
  readonly deployment: { readonly chainId: number; readonly escrow: Address };
  /** Who signs receipts. */
  readonly provider: Address;
};

/** Verifies payments and hands out receipts. A stock server runs a route unpaid if a hook throws; nothing here does. */
export class AssayFacilitatorScheme implements SchemeNetworkFacilitator {
  readonly scheme = ASSAY;
  readonly caipFamily = "eip155:*";
  readonly #options: AssayFacilitatorOptions;

  constructor(options: AssayFacilitatorOptions) {
    this.#options = options;
  }

  getExtra(_network: Network): Record<string, unknown> {
    const { deployment, provider } = this.#options;
    return { escrow: deployment.escrow, provider };
  }

  getSigners(_network: string): string[] {
    return [this.#options.provider];
  }

  async verify(payload: PaymentPayload, requirements: PaymentRequirements): Promise<VerifyResponse> {
    try {
      const { payment, terms } = await this.#read(payload, requirements);
      const admission = await this.#options.desk.admit(payment, terms);
      const payer = payment.request.payer;
      if (!admission.refused) return { isValid: true, payer };
      const { reason, detail } = admission;
      return {
        isValid: false,
        payer,
        invalidReason: reason,
        ...(detail === undefined ? {} : { invalidMessage: detail }),
      };
    } catch (error) {
      return { isValid: false, ...messageOf(error, "invalidReason", "invalidMessage") };
    }
  }

  async settle(payload: PaymentPayload, requirements: PaymentRequirements): Promise<SettleResponse> {
    const nothing = { transaction: "", network: requirements.network };
    try {
      const { payment, terms } = await this.#read(payload, requirements);
      const outcome = await this.#options.desk.settle(payment, terms);
      const payer = payment.request.payer;
      if (!outcome.refused) {
        const { charge, answer } = outcome;
        return { success: true, payer, ...nothing, amount: charge.toString(), extensions: { assay: answer } };
      }
      const { reason, detail } = outcome;
      return {
        success: false,
        payer,
        ...nothing,
        errorReason: reason,
        ...(detail === undefined ? {} : { errorMessage: detail }),
      };
    } catch (error) {
      return { success: false, ...nothing, ...messageOf(error, "errorReason", "errorMessage") };
    }
  }

  /** The payment, which is found to be signed by its payer for exactly these terms; and the terms to be this desk's. */
  async #read(
    payload: PaymentPayload,
    requirements: PaymentRequirements,
  ): Promise<{ payment: AssayPayload; terms: Terms }> {
    const { deployment, provider } = this.#options;
    if (payload.x402Version !== X402_VERSION) throw new PaymentRefusedError("unsupported-version");
    const terms = termsOf(requirements);
    const isOwn = isAddressEqual(terms.escrow, deployment.escrow) && isAddressEqual(terms.provider, provider);
    if (!isOwn || requirements.network !== networkOf(deployment.chainId)) throw new PaymentRefusedError("other-escrow");
    if (terms.input === NO_INPUT) throw new PaymentRefusedError("input-malformed");
    if (!isAccepted(payload.accepted, terms)) throw new PaymentRefusedError("other-terms");
    const { success, data: payment } = assayPayloadSchema.safeParse(payload.payload);
    if (!success) throw new PaymentRefusedError("payment-malformed");
    const { request, signature } = payment;
    const difference = differenceFrom(terms, request);
    if (difference !== undefined) throw new PaymentRefusedError("request-differs", `in its ${difference}`);
    const signer = await Request.recover(request, deployment, signature).catch(() => null);
    if (signer === null || !isAddressEqual(signer, request.payer)) throw new PaymentRefusedError("not-signed");
    return { payment, terms };
  }
}

function isAccepted(accepted: PaymentRequirements, terms: Terms): boolean {
  const [given, asked] = [requirementOf(termsOf(accepted)), requirementOf(terms)];
  return JSON.stringify(given) === JSON.stringify(asked);
}

/** What a client may know of an error: the words of a refusal, and of nothing else. */
function messageOf<Reason extends string, Message extends string>(
  error: unknown,
  reason: Reason,
  message: Message,
): Record<Reason | Message, string> {
  let [why, what] = ["facilitator-failed", "The payment was not looked at. Send it again."];
  if (error instanceof PaymentRefusedError) [why, what] = [error.reason, error.message];
  if (error instanceof MalformedTermsError) [why, what] = ["terms-malformed", error.message];
  return { [reason]: why, [message]: what } as Record<Reason | Message, string>;
}

/** A payment is none, or none for these terms. */
export class PaymentRefusedError extends Error {
  override readonly name = "PaymentRefusedError";
  readonly reason: string;

  constructor(reason: string, detail = "") {
    super(`The payment is refused: ${reason}${detail === "" ? "" : `, ${detail}`}. Sign what the server asks for.`);
    this.reason = reason;
  }
}
