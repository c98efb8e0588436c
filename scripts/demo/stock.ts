/** A client of x402 as it comes from npm: it pays the address that it is told, and knows nothing of proofs. */
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";

import { networkOf, type WireAnswer } from "../../src/x402/scheme.ts";
import type { Question } from "./questions.ts";
import type { Stage } from "./stage.ts";

export type StockClient = {
  readonly ask: (url: string, question: Question) => Promise<WireAnswer>;
};

export function stockClient({ market, cast }: Stage): StockClient {
  const { chainId, address: asset } = market.tokenOf;
  const network = networkOf(chainId);
  const pay = wrapFetchWithPayment(
    fetch,
    x402Client.fromConfig({
      schemes: [{ network, client: new ExactEvmScheme(cast.client) }],
      // The test dollar is none that stock clients know.
      spendControls: { allowedAssets: [{ network, asset }] },
    }),
  );
  return {
    async ask(url, { model, input }) {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ input });
      const id = market.models.find(({ name }) => name === model)?.id ?? model;
      const response = await pay(`${url}/v1/models/${id}/infer`, { method: "POST", headers, body });
      if (!response.ok) throw new StockRefusedError(response.status, await response.text());
      return (await response.json()) as WireAnswer;
    },
  };
}

/** A stock client's payment was not taken. */
export class StockRefusedError extends Error {
  override readonly name = "StockRefusedError";

  constructor(status: number, text: string) {
    super(`The stock client's payment was answered with ${status}: ${text.slice(0, 300)}`);
  }
}
