/** What a page does that buys an answer: the client, in a browser. */
import { privateKeyToAccount } from "viem/accounts";
import type { Hex } from "viem";

import { connect } from "../../src/client/connect.ts";

export type Purchase = {
  readonly gateway: string;
  readonly rpc: string;
  readonly privateKey: Hex;
  readonly input: Readonly<Record<string, string>>;
};

export type Bought = { readonly value: unknown; readonly transaction: Hex; readonly agent: string };

export async function buy({ gateway, rpc, privateKey, input }: Purchase): Promise<Bought> {
  const provider = await connect(gateway, privateKeyToAccount(privateKey), { rpc });
  try {
    const { value, settled } = await provider.ask("iris", input);
    const { transaction } = await settled;
    return { value, transaction, agent: navigator.userAgent };
  } finally {
    provider.close();
  }
}
