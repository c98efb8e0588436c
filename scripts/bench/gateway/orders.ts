/** Paid requests, signed before the clock starts: what is measured is the gateway, not its client. */
import { randomBytes } from "node:crypto";

import { zeroAddress, type Address, type Hex } from "viem";

import type { OpenModel } from "../../../src/model/bundle/open.ts";
import type { Request } from "../../../src/protocol/request.ts";
import type { GatewaySettings } from "../../../src/gateway/settings.ts";
import { payFor } from "../payment.ts";

export type SignedOrder = { readonly id: Hex; readonly header: string; readonly body: string };

export type Orders = { readonly next: () => SignedOrder };

export type OrderOptions = {
  readonly settings: GatewaySettings;
  readonly model: OpenModel;
  readonly input: unknown;
  readonly payer: Address;
  readonly privateKey: Hex;
  readonly provider: Address;
  /** Unix time. */
  readonly deadline: number;
};

/** Orders of one payer, with dense nonces from zero on. */
export function ordersOf({ settings, model, input, payer, privateKey, provider, deadline }: OrderOptions): Orders {
  const [sale] = settings.sales;
  if (sale === undefined) throw new NoSaleError();
  const { verifier, price, proverFee, penalty, timeout } = sale;
  let nonce = 0n;
  return {
    next() {
      const salt: Hex = `0x${randomBytes(31).toString("hex").padStart(64, "0")}`;
      const { input: commitment } = model.answer(input, BigInt(salt));
      const request: Request = {
        payer,
        provider,
        verifier,
        consumer: zeroAddress,
        model: model.id,
        input: commitment,
        price,
        proverFee,
        penalty,
        deadline,
        locked: false,
        nonce,
      };
      nonce += 1n;
      return {
        ...payFor(request, settings, timeout, privateKey),
        body: JSON.stringify({ input, salt }),
      };
    },
  };
}

/** Nothing is for sale. */
export class NoSaleError extends Error {
  override readonly name = "NoSaleError";

  constructor() {
    super("The gateway sells nothing. Give it a model.");
  }
}
