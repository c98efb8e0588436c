/** Somebody else's server: stock Hono middleware, a stock facilitator behind HTTP, and our schemes plugged into both. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";

import { serve } from "@hono/node-server";
import { x402Facilitator } from "@x402/core/facilitator";
import { decodePaymentSignatureHeader, HTTPFacilitatorClient } from "@x402/core/http";
import { x402ResourceServer } from "@x402/core/server";
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { paymentMiddleware } from "@x402/hono";
import { Hono } from "hono";
import type { Address, Hex } from "viem";

import { account } from "../../scripts/local/market.ts";
import { encodeInput } from "../../src/model/bundle/input.ts";
import type { OpenModel } from "../../src/model/bundle/open.ts";
import type { Deployment } from "../../src/protocol/deployment.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import { idOf } from "../../src/protocol/request.ts";
import { toCompactHex } from "../../src/protocol/signature.ts";
import { requestToWire } from "../../src/protocol/wire.ts";
import { AssayFacilitatorScheme, type Desk } from "../../src/x402/facilitator.ts";
import { ASSAY, assayPayloadSchema, networkOf, type Offer } from "../../src/x402/scheme.ts";
import { AssayServerScheme, priceOf } from "../../src/x402/server.ts";
import type { TokenTerms } from "../../src/x402/terms.ts";

export const DEPLOYMENT: Deployment = { chainId: 31_337, escrow: "0x0000000000000000000000000000000000000005" };
export const TOKEN: TokenTerms = {
  address: "0x0000000000000000000000000000000000000070",
  name: "USD Coin",
  version: "2",
};
export const VERIFIER: Address = "0x0000000000000000000000000000000000000071";
export const PROVIDER = account(2);
export const PATH = "/score";

/** What a server does wrong. */
export type Faults = {
  offer?: Partial<Offer>;
  token?: Partial<TokenTerms>;
  chainId?: number;
  /** Names this input, whatever was sent. */
  input?: Hex;
  admit?: Desk["admit"];
  settle?: Desk["settle"];
};

export type StockServer = {
  readonly url: string;
  /** How often the route's handler answered. */
  readonly answered: () => number;
  readonly stop: () => Promise<void>;
};

export async function startStockServer(model: OpenModel, faults: Faults = {}): Promise<StockServer> {
  const chainId = faults.chainId ?? DEPLOYMENT.chainId;
  const network = networkOf(chainId);
  const journal = new Map<Hex, Awaited<ReturnType<Desk["settle"]>> | undefined>();
  let nextNonce = 0n;
  let answered = 0;

  const desk: Desk = {
    async admit({ request }) {
      const id = idOf(request, DEPLOYMENT);
      if (journal.has(id)) return { refused: false };
      if (request.nonce !== nextNonce) return { refused: true, reason: "nonce-used" };
      nextNonce += 1n;
      journal.set(id, undefined);
      return { refused: false };
    },
    async settle({ request }) {
      return journal.get(idOf(request, DEPLOYMENT)) ?? { refused: true, reason: "not-answered" };
    },
  };
  const facilitator = new x402Facilitator().register(
    network,
    new AssayFacilitatorScheme({
      desk: { admit: faults.admit ?? desk.admit, settle: faults.settle ?? desk.settle },
      deployment: { ...DEPLOYMENT, chainId },
      provider: PROVIDER.address,
    }),
  );
  type Handed = { paymentPayload: PaymentPayload; paymentRequirements: PaymentRequirements };
  const app = new Hono();
  app.get("/facilitator/supported", (context) => context.json(facilitator.getSupported()));
  app.post("/facilitator/verify", async (context) => {
    const { paymentPayload, paymentRequirements } = await context.req.json<Handed>();
    return context.json(await facilitator.verify(paymentPayload, paymentRequirements));
  });
  app.post("/facilitator/settle", async (context) => {
    const { paymentPayload, paymentRequirements } = await context.req.json<Handed>();
    return context.json(await facilitator.settle(paymentPayload, paymentRequirements));
  });
  app.get("/v1/tabs/:payer", (context) =>
    context.json({ payer: context.req.param("payer"), nextNonce: nextNonce.toString() }),
  );

  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const offer: Offer = {
    escrow: DEPLOYMENT.escrow,
    provider: PROVIDER.address,
    verifier: VERIFIER,
    model: model.id,
    price: 10_000n,
    proverFee: 1_000n,
    penalty: 0n,
    timeout: 3_600,
    ...faults.offer,
  };
  type Body = { input: unknown; salt: Hex };
  const fieldsOf = ({ input }: Body): number[] => encodeInput(model.manifest.input.fields, input);
  const scheme = new AssayServerScheme({
    chainId,
    commit: async ({ body }) => faults.input ?? model.commit(fieldsOf(body as Body), BigInt((body as Body).salt)),
  });
  const resources = new x402ResourceServer(new HTTPFacilitatorClient({ url: `${url}/facilitator` })).register(
    network,
    scheme,
  );
  const price = priceOf(offer, { ...TOKEN, ...faults.token }, `${url}/v1/tabs/`);
  const accepts = { scheme: ASSAY, network, payTo: offer.provider, price, maxTimeoutSeconds: offer.timeout };
  app.use(PATH, paymentMiddleware({ [`POST ${PATH}`]: { accepts: [accepts] } }, resources));
  app.post(PATH, async (context) => {
    answered += 1;
    const body = await context.req.json<Body>();
    const paid = decodePaymentSignatureHeader(context.req.header("payment-signature") ?? "");
    const { request } = assayPayloadSchema.parse(paid.payload);
    const id = idOf(request, DEPLOYMENT);
    const { output, value } = model.run(fieldsOf(body), BigInt(body.salt));
    const charge = 9_000n;
    const receipt = toCompactHex(await Receipt.sign({ request: id, output, charge }, DEPLOYMENT, PROVIDER));
    const wire = { id, request: requestToWire(request), output, charge: charge.toString(), receipt, salt: body.salt };
    journal.set(id, { refused: false, charge, answer: wire });
    return context.json({ ...wire, value });
  });

  return {
    url,
    answered: () => answered,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}
