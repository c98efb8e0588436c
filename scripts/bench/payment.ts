/** The header that pays a signed request, as a client of x402 would write it. */
import type { Hex } from "viem";

import { signDigest } from "../../src/gateway/secp256k1.ts";
import { idOf, type Request } from "../../src/protocol/request.ts";
import { paymentToWire } from "../../src/x402/payment.ts";
import { ASSAY, networkOf } from "../../src/x402/scheme.ts";
import type { GatewaySettings } from "../../src/gateway/settings.ts";

export type PaidRequest = { readonly id: Hex; readonly header: string };

/** Signs a request, fast enough not to be what is measured. */
export function payFor(
  request: Request,
  { deployment, token }: Pick<GatewaySettings, "deployment" | "token">,
  timeout: number,
  privateKey: Hex,
): PaidRequest {
  const id = idOf(request, deployment);
  const payment = {
    x402Version: 2,
    accepted: {
      scheme: ASSAY,
      network: networkOf(deployment.chainId),
      asset: token.address,
      amount: request.price.toString(),
      payTo: request.provider,
      maxTimeoutSeconds: timeout,
      extra: {},
    },
    payload: paymentToWire({ request, signature: signDigest(id, privateKey) }),
  };
  return { id, header: Buffer.from(JSON.stringify(payment)).toString("base64") };
}
