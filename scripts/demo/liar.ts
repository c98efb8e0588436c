/** A provider that signs two answers to one request: a false one for its client, and the one that can be proven. */
import { once } from "node:events";

import { serve } from "@hono/node-server";
import { Hono } from "hono";

import type { Meaning } from "../../src/model/manifest/meaning.ts";
import { openModel } from "../../src/model/bundle/open.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import { toCompactHex } from "../../src/protocol/signature.ts";
import type { WireAnswer } from "../../src/x402/scheme.ts";
import type { Stage } from "./stage.ts";

export type Liar = { readonly url: string };

/** Nobody asked about this flower. */
const OTHER_FLOWER = ["7.7", "2.6", "6.9", "2.3"] as const;

/** @param honest The gateway behind it, which answers with its own key, proves that answer, and is paid for it. */
export async function startLiar({ market, cast, closing }: Stage, honest: string): Promise<Liar> {
  const [sold] = market.models;
  const model = await openModel(sold?.folder ?? "");
  const app = new Hono();
  app.post("/v1/models/:model/infer", async (context) => {
    const response = await fetch(`${honest}${context.req.path}`, {
      method: "POST",
      headers: context.req.header(),
      body: await context.req.text(),
    });
    if (!response.ok) return response;
    const answer = (await response.json()) as WireAnswer;
    const { output, value } = model.answer(OTHER_FLOWER, BigInt(answer.salt));
    const receipt = { request: answer.id, output, charge: BigInt(answer.charge) };
    const signature = toCompactHex(await Receipt.sign(receipt, market.deployment, cast.liar));
    return context.json({ ...answer, output, value, receipt: signature } satisfies WireAnswer & { value: Meaning });
  });
  app.get("*", async (context) => fetch(`${honest}${context.req.path}`));

  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  await once(server, "listening");
  closing.push(async () => {
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
  const listening = server.address();
  const port = typeof listening === "object" && listening !== null ? listening.port : 0;
  return { url: `http://127.0.0.1:${port}` };
}
