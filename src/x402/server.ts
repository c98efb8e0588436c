/** The `assay` scheme for stock x402 servers: what they ask to be paid for follows from the body of each request. */
import type {
  AssetAmount,
  Network,
  PaymentRequirements,
  Price,
  SchemeNetworkServer,
  SchemePaymentRequiredContext,
  SupportedKind,
} from "@x402/core/types";
import type { Hex } from "viem";

import { ASSAY, networkOf, type Offer } from "./scheme.ts";
import { requirementOf, type TokenTerms } from "./terms.ts";

/** What a client sent to a route. */
export type Asked = { readonly path: string; readonly body: unknown };

export type AssayServerOptions = {
  /** The chain that this scheme is registered for. */
  readonly chainId: number;
  /** The commitment to the input in a body, under the salt in it. Nobody is charged where this throws. */
  readonly commit: (asked: Asked) => Promise<Hex>;
};

/** Lets a stock server sell inferences. Its routes take their price from `priceOf`. */
export class AssayServerScheme implements SchemeNetworkServer {
  readonly scheme = ASSAY;
  readonly defaultAssetTransferMethod = "default";
  // First the payment is verified, which reserves it; then the answer is made; settling returns the journalled receipt.
  readonly paymentFlows = { default: { supported: ["authorization"], default: "authorization" } } as const;
  readonly #commit: AssayServerOptions["commit"];
  readonly #network: Network;

  constructor({ chainId, commit }: AssayServerOptions) {
    this.#network = networkOf(chainId);
    this.#commit = commit;
  }

  async parsePrice(price: Price, _network: Network): Promise<AssetAmount> {
    if (typeof price === "object") return price;
    throw new MoneyPriceError(price);
  }

  async enhancePaymentRequirements(
    requirements: PaymentRequirements,
    _kind: SupportedKind,
    _extensions: string[],
  ): Promise<PaymentRequirements> {
    return requirements;
  }

  /** Names the input, of the first and of the paid request alike: a payment for another body then fits no requirement. */
  async enrichPaymentRequiredResponse({
    requirements,
    transportContext,
  }: SchemePaymentRequiredContext): Promise<PaymentRequirements[]> {
    const input = await this.#inputOf(transportContext);
    return requirements.map((each) => {
      const isOwn = each.scheme === ASSAY && each.network === this.#network;
      return isOwn ? { ...each, extra: { ...each.extra, input } } : each;
    });
  }

  /** The zero word, to which nobody commits, where there is none: what throws here would end as a fault of the server. */
  async #inputOf(transportContext: unknown): Promise<Hex> {
    const request = (transportContext as Transport | undefined)?.request;
    try {
      return await this.#commit({ path: request?.adapter?.getPath() ?? "", body: await request?.adapter?.getBody?.() });
    } catch {
      return NO_INPUT;
    }
  }
}

/** Stands for the input of a body that has none; a facilitator refuses to be paid for it. */
export const NO_INPUT: Hex = `0x${"00".repeat(32)}`;

/** What the HTTP server of x402 hands over. */
type Transport = { readonly request?: { readonly adapter?: { getPath(): string; getBody?(): unknown } } };

/** The price of a route that sells one offer. Its `payTo` is the provider, and its `maxTimeoutSeconds` the timeout. */
export function priceOf(offer: Offer, token: TokenTerms, tabs: string): AssetAmount {
  const { amount, asset, extra } = requirementOf({ ...offer, token, tabs, chainId: 0, input: NO_INPUT });
  const { input: _later, ...constant } = extra;
  return { amount, asset, extra: constant };
}

/** A route has a price in words, which says nothing of the model, the verifier, or what a broken promise costs. */
export class MoneyPriceError extends Error {
  override readonly name = "MoneyPriceError";

  constructor(price: string | number) {
    super(`A route in the assay scheme costs what priceOf() makes of an offer, got ${JSON.stringify(price)}.`);
  }
}
