/** Quotes for stock clients: all of the locked request travels with the client, authenticated, and nothing is kept. */
import { createHmac, timingSafeEqual } from "node:crypto";

import { hexToBytes, type Address, type Hex } from "viem";

import type { Deployment } from "../protocol/deployment.ts";
import { idOf, type Request } from "../protocol/request.ts";
import type { Token } from "../protocol/tokens.ts";
import { vaultOf } from "../protocol/vault.ts";
import { requestToWire } from "../protocol/wire.ts";
import { EXACT, exactExtraSchema, networkOf, type Requirement } from "./scheme.ts";

/** Where quotes are valid, and what they are authenticated with. */
export type QuoteTerms = {
  readonly deployment: Deployment;
  readonly token: Token;
  readonly quoteKey: Hex;
  /** Seconds in which a quote is to be paid. */
  readonly seconds: number;
};

export type Quote = { readonly request: Request; readonly id: Hex; readonly salt: Hex };

/** The requirement that a stock client pays: the same for the same quote, on any gateway that has the key. */
export function quotedRequirement(request: Request, salt: Hex, terms: QuoteTerms): Requirement {
  const { deployment, token, seconds } = terms;
  const id = idOf(request, deployment);
  return {
    scheme: EXACT,
    network: networkOf(deployment.chainId),
    asset: token.address,
    amount: request.price.toString(),
    payTo: vaultOf(id, deployment.escrow),
    maxTimeoutSeconds: seconds,
    extra: {
      name: token.name,
      version: token.version,
      assay: { escrow: deployment.escrow, request: requestToWire(request), salt, mac: macOf(id, salt, terms) },
    },
  };
}

/** The quote in a requirement that a client says it accepted, or undefined if no gateway of this provider made it. */
export function quoteOf(accepted: { readonly extra: unknown }, terms: QuoteTerms): Quote | undefined {
  const extra = exactExtraSchema.safeParse(accepted.extra);
  if (!extra.success) return undefined;
  const { request, salt, mac } = extra.data.assay;
  const id = idOf(request, terms.deployment);
  const isOurs = timingSafeEqual(hexToBytes(mac), hexToBytes(macOf(id, salt, terms)));
  return isOurs ? { request, id, salt } : undefined;
}

/** The id binds chain, escrow and every field of the request; the address of the token follows from the escrow. */
function macOf(id: Hex, salt: Hex, { quoteKey, token }: QuoteTerms): Hex {
  const hmac = createHmac("sha256", hexToBytes(quoteKey));
  return `0x${hmac.update(`assay quote ${id} ${salt} ${lower(token.address)}`).digest("hex")}`;
}

function lower(address: Address): string {
  return address.toLowerCase();
}
