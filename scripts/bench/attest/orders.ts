/** Paid questions to an attested model, signed before the clock starts. */
import { randomBytes } from "node:crypto";

import { zeroAddress, type Hex } from "viem";

import { hashInput } from "../../../src/enclave/input.ts";
import type { AttestedManifest } from "../../../src/enclave/manifest.ts";
import { capFor, readQuestion } from "../../../src/enclave/question.ts";
import { signDigest } from "../../../src/gateway/secp256k1.ts";
import type { AttestedSale } from "../../../src/gateway/settings.ts";
import type { Json } from "../../../src/protocol/canonical-json.ts";
import { idOf, type Request } from "../../../src/protocol/request.ts";
import { paymentToWire } from "../../../src/x402/payment.ts";
import { ASSAY, networkOf } from "../../../src/x402/scheme.ts";
import type { Marketplace } from "../../local/marketplace.ts";

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
  const { deployment, tokenOf: token } = market;
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
      const id = idOf(request, deployment);
      const payment = {
        x402Version: 2,
        accepted: {
          scheme: ASSAY,
          network: networkOf(deployment.chainId),
          asset: token.address,
          amount: request.price.toString(),
          payTo: provider,
          maxTimeoutSeconds: sale.timeout,
          extra: {},
        },
        payload: paymentToWire({ request, signature: signDigest(id, market.privateKey("agent")) }),
      };
      return {
        id,
        headers: {
          "payment-signature": Buffer.from(JSON.stringify(payment)).toString("base64"),
          "assay-salt": salt,
        },
        body: JSON.stringify(body),
      };
    },
  };
}
