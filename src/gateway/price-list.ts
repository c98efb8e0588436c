/** What a gateway says about itself and its models. */
import { networkOf } from "../x402/scheme.ts";
import type { QuoteTerms } from "../x402/quote.ts";
import type { ChainTime } from "./chain-time.ts";
import { DEADLINE, JOURNAL_RULES, type GatewaySettings } from "./settings.ts";
import type { Shop } from "./shop.ts";

export function providerOf({
  settings,
  terms,
  time,
  provider,
}: {
  readonly settings: GatewaySettings;
  readonly terms: QuoteTerms;
  readonly time: ChainTime;
  readonly provider: string;
}) {
  const { deployment, token } = terms;
  const { address, name, version, decimals } = token;
  return {
    provider,
    chainId: deployment.chainId,
    network: networkOf(deployment.chainId),
    escrow: deployment.escrow,
    commitmentLog: settings.commitmentLog,
    token: { address, name, version, decimals },
    confirmations: settings.confirmations,
    time: time.latest(),
    deadline: DEADLINE,
    nonceWindow: JOURNAL_RULES.nonceWindow,
  };
}

export function modelsOf(shop: Shop) {
  const models = [...shop.values()].map(({ model, offer, openJobs }) => ({
    id: offer.model,
    name: model.manifest.name,
    purpose: model.manifest.purpose,
    verifier: offer.verifier,
    price: offer.price.toString(),
    proverFee: offer.proverFee.toString(),
    penalty: offer.penalty.toString(),
    timeout: offer.timeout,
    setup: model.isDevelopment ? "development" : "ceremony",
    openJobs,
    manifest: model.manifest,
    key: model.key,
  }));
  return { models };
}
