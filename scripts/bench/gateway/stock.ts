/** How long an unmodified x402 client waits for an answer: it pays on chain first. */
import { x402Client, wrapFetchWithPayment } from "@x402/fetch";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import type { LocalAccount } from "viem";

import type { Token } from "../../../src/protocol/tokens.ts";
import { networkOf } from "../../../src/x402/scheme.ts";

export async function timeStock(
  url: string,
  token: Token,
  account: LocalAccount,
  input: unknown,
  count: number,
): Promise<number[]> {
  const network = networkOf(token.chainId);
  const client = x402Client.fromConfig({
    schemes: [{ network, client: new ExactEvmScheme(account) }],
    // The test dollar is none that stock clients know.
    spendControls: { allowedAssets: [{ network, asset: token.address }] },
  });
  const pay = wrapFetchWithPayment(fetch, client);
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    const response = await pay(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ input }),
    });
    if (!response.ok) throw new StockRefusedError(response.status, await response.text());
    await response.json();
    times.push(performance.now() - started);
  }
  return times.sort((one, other) => one - other);
}

/** A stock client did not get its answer. */
export class StockRefusedError extends Error {
  override readonly name = "StockRefusedError";

  constructor(status: number, text: string) {
    super(`The stock client's payment was answered with ${status}: ${text.slice(0, 300)}`);
  }
}
