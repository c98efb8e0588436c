/** Paid questions to an attested model, signed before the clock starts. */
import { randomBytes } from "node:crypto";

import { zeroAddress, type Hex } from "viem";

import { hashInput } from "../../../src/enclave/input.ts";
import type { AttestedManifest } from "../../../src/enclave/manifest.ts";
import { capFor, readQuestion } from "../../../src/enclave/question.ts";
import type { AttestedSale } from "../../../src/gateway/settings.ts";
import type { Json } from "../../../src/protocol/canonical-json.ts";
import type { Request } from "../../../src/protocol/request.ts";
import type { Marketplace } from "../../local/marketplace.ts";
import { payFor } from "../payment.ts";

export type AttestedOrder = { readonly id: Hex; readonly headers: Record<string, string>; readonly body: string };

export type AttestedOrders = { readonly next: (content: string, stream: boolean) => AttestedOrder };

/** Orders of the market's agent, with dense nonces from zero on. */
export function attestedOrders(
  market: Marketplace,
  sale: AttestedSale,
  manifest: AttestedManifest,
  model: Hex,
  deadline: number,
): AttestedOrders {
  const paying = { deployment: market.deployment, token: market.tokenOf };
  const [payer, provider] = [market.account("agent").address, market.account("provider").address];
  let nonce = 0n;
  return {
    next(content, stream) {
      const body: Record<string, Json> = { model, messages: [{ role: "user", content }], stream };
      const salt: Hex = `0x${randomBytes(32).toString("hex")}`;
      const request: Request = {
        payer,
        provider,
        verifier: sale.verifier,
        consumer: zeroAddress,
        model,
        input: hashInput(body, salt),
        price: capFor(manifest, readQuestion(manifest, body)),
        proverFee: 0n,
        penalty: sale.penalty,
        deadline,
        locked: false,
        nonce,
      };
      nonce += 1n;
      const { id, header } = payFor(request, paying, sale.timeout, market.privateKey("agent"));
      return {
        id,
        headers: { "payment-signature": header, "assay-salt": salt },
        body: JSON.stringify(body),
      };
    },
  };
}
