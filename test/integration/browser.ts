import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { DOLLAR, startMarketplace, type Marketplace } from "../../scripts/local/marketplace.ts";
import { startProvider, type Provider } from "../../src/cli/serve/provider.ts";
import { runInBrowser } from "../helpers/browser.ts";
import type { Bought, Purchase } from "../helpers/page.ts";

const PAGE = fileURLToPath(new URL("../helpers/page.ts", import.meta.url));

describe("a browser", () => {
  let market: Marketplace;
  let provider: Provider;

  before(async () => {
    market = await startMarketplace();
    const stake = { perTab: 2n * DOLLAR, total: 10n * DOLLAR, leastFunds: DOLLAR };
    const proving = {
      program: { kind: "snarkjs" },
      workers: 1,
      limits: { batchSize: 1 },
      prices: { kind: "none" },
      privateKey: market.privateKey("prover"),
      pollMs: 200,
    } as const;
    provider = await startProvider(market.settings({ stake }), proving, () => {});
  });

  after(async () => {
    await provider.stop();
    await market.stop();
  });

  it("on any site asks, tops its tab up, checks the answer, and sees it settle", async () => {
    const purchase: Purchase = {
      gateway: provider.gateway.url,
      rpc: market.url,
      privateKey: market.privateKey("agent"),
      input: { "sepal length": "5.1", "sepal width": "3.5", "petal length": "1.4", "petal width": "0.2" },
    };
    const { value, transaction, agent } = (await runInBrowser(PAGE, "buy", purchase)) as Bought;

    expect(agent).to.match(/Chrome/);
    expect(value).to.equal("setosa");
    const { status } = await market.client.getTransactionReceipt({ hash: transaction });
    expect(status).to.equal("success");
  });
});
