/** A chain, two models on it, and a provider with a small gateway of its own, which can be told to lie. */
import { once } from "node:events";

import { serve } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { isAddressEqual, type Address, type Hex, type PublicClient } from "viem";
import type { HDAccount } from "viem/accounts";

import { startChain } from "../../scripts/local/chain.ts";
import { account } from "../../scripts/local/market.ts";
import { connect, type Connection, type ConnectOptions } from "../../src/client/connect.ts";
import type { Evidence } from "../../src/client/evidence.ts";
import type { Wallet } from "../../src/client/redress.ts";
import { encodeInput } from "../../src/model/bundle/input.ts";
import type { OpenModel } from "../../src/model/bundle/open.ts";
import { manifestHashOf } from "../../src/model/manifest/manifest.ts";
import { contextOf } from "../../src/protocol/context.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import * as Request from "../../src/protocol/request.ts";
import { toCompactHex } from "../../src/protocol/signature.ts";
import { keyFromSnarkjs } from "../../src/protocol/snarkjs.ts";
import { requestToWire } from "../../src/protocol/wire.ts";
import { assayPayloadSchema, networkOf, type AssayPayload, type WireAnswer } from "../../src/x402/scheme.ts";
import { soldModels } from "../helpers/sold-models.ts";

export const PRICE = 10_000n;
export const PENALTY = 500_000n;
export const FUNDS = 1_000_000n;
const TIMEOUT = 3_600;

export type Json = Record<string, unknown>;

/** What a gateway changes in what it would say if it were honest. */
export type Lies = {
  provider?: (said: Json) => unknown;
  listing?: (said: Json) => unknown;
  tab?: (said: Json) => unknown;
  answer?: (said: WireAnswer) => unknown;
  /** Instead of an answer, or before one. */
  infer?: (context: Context) => Promise<Response | void> | Response | void;
};

export type SmallGateway = {
  readonly url: string;
  readonly lies: Lies;
  /** The signed requests that came in, repeated ones too. */
  readonly requests: AssayPayload[];
  /** All calls, by path. */
  readonly calls: string[];
  readonly stop: () => Promise<void>;
};

type Journal = { readonly answers: Map<Hex, WireAnswer>; readonly nonces: Map<Address, Set<bigint>> };

/** Each world has its own chain, and accounts that nobody else uses. */
export async function startWorld() {
  const models = await soldModels();
  const chain = await startChain(keyFromSnarkjs(models.sides.key));
  const { client, wallets, token, escrow, verifier, deployment } = chain;
  const cast = { agent: account(1), provider: account(2), prover: account(3), stranger: account(4) };
  const walletOf = (who: HDAccount): Wallet => {
    const wallet = wallets.find((each) => isAddressEqual(each.account.address, who.address));
    return wallet as unknown as Wallet;
  };
  for (const model of [models.sides, models.sums]) {
    const { delta, ic } = keyFromSnarkjs(model.key);
    await verifier.write.publish([delta, ic, manifestHashOf(model.manifest), "test"]);
  }
  for (const who of [cast.agent, cast.provider, cast.stranger]) {
    await token.write.mint([who.address, 100n * FUNDS]);
    await token.write.approve([escrow.address, 100n * FUNDS], { account: who.address });
  }
  // All gateways of the provider have one.
  const journal: Journal = { answers: new Map(), nonces: new Map() };
  const connections: Connection[] = [];
  const gateways: SmallGateway[] = [];

  const world = {
    ...chain,
    models,
    cast,
    walletOf,
    /** The deadline of a request, and a second more. */
    async pass({ request }: Pick<Evidence, "request">): Promise<void> {
      await chain.test.setNextBlockTimestamp({ timestamp: BigInt(request.deadline) + 1n });
      await chain.test.mine({ blocks: 1 });
    },
    /** Puts money on a tab, and the provider's stake beside it. */
    async fund(payer: HDAccount, amount = FUNDS): Promise<void> {
      const parties = [payer.address, cast.provider.address] as const;
      await escrow.write.fund([...parties, amount], { account: cast.stranger.address });
      await escrow.write.stake([payer.address, PENALTY], { account: cast.provider.address });
    },
    /** Proves an answer and settles it, as some prover. */
    async settle({ request, signature, output, charge, receipt, id }: Evidence, salt: Hex, input: unknown) {
      const model = [models.sides, models.sums].find((each) => each.id === request.model) as OpenModel;
      const answer = model.answer(input, BigInt(salt));
      const prover = cast.prover.address;
      const { proof } = await model.prove(answer, BigInt(contextOf(id, prover, deployment)));
      return escrow.write.settle([[{ request, signature, output, charge, receipt, prover }], proof], {
        account: prover,
      });
    },
    async gateway(lies: Lies = {}): Promise<SmallGateway> {
      const gateway = await startGateway(world, journal, lies);
      gateways.push(gateway);
      return gateway;
    },
    async connect(url: string, options: Partial<ConnectOptions> = {}, who = cast.agent): Promise<Connection> {
      const given = { client: client as PublicClient, pause: 1, interval: 5, timeout: 10_000, ...options };
      const connection = await connect(url, who, given);
      connections.push(connection);
      return connection;
    },
    async stop(): Promise<void> {
      for (const connection of connections) connection.close();
      for (const gateway of gateways) await gateway.stop();
      await chain.connection.close();
    },
  };
  return world;
}

export type World = Awaited<ReturnType<typeof startWorld>>;

async function startGateway(
  world: Pick<World, "models" | "cast" | "client" | "token" | "escrow" | "verifier" | "deployment" | "commitmentLog">,
  { answers, nonces }: Journal,
  lies: Lies,
): Promise<SmallGateway> {
  const { models, cast, client, token, escrow, verifier, deployment, commitmentLog } = world;
  const provider = cast.provider;
  const requests: AssayPayload[] = [];
  const calls: string[] = [];
  const app = new Hono();
  app.use(async (context, next) => {
    calls.push(context.req.path);
    await next();
  });

  app.get("/v1/provider", async (context) => {
    const { timestamp } = await client.getBlock();
    const said = {
      provider: provider.address,
      chainId: deployment.chainId,
      network: networkOf(deployment.chainId),
      escrow: deployment.escrow,
      commitmentLog: commitmentLog.address,
      token: { address: token.address, name: "USD Coin", version: "2", decimals: 6 },
      confirmations: 1,
      time: Number(timestamp),
      deadline: { least: 60, most: 80_000 },
      nonceWindow: 256,
    };
    return context.json((lies.provider?.(said) ?? said) as Json);
  });

  app.get("/v1/models", (context) => {
    const listed = [models.sides, models.sums].map((model) => {
      const said = {
        id: model.id,
        name: model.manifest.name,
        purpose: model.manifest.purpose,
        verifier: verifier.address,
        price: PRICE.toString(),
        proverFee: "1000",
        penalty: PENALTY.toString(),
        timeout: TIMEOUT,
        setup: "development",
        openJobs: false,
        manifest: model.manifest,
        key: model.key,
      };
      return lies.listing?.(said) ?? said;
    });
    return context.json({ models: listed } as Json);
  });

  app.get("/v1/tabs/:payer", async (context) => {
    const payer = context.req.param("payer") as Address;
    const { funds, stake, exitAt } = await escrow.read.tabOf([payer, provider.address]);
    const promised = [...answers.values()]
      .filter(({ request }) => isAddressEqual(request.payer as Address, payer))
      .reduce((sum, { charge }) => sum + BigInt(charge), 0n);
    const amounts = { funds, stake, promised, available: funds - promised, nextNonce: nextAfter(nonces.get(payer)) };
    const texts = Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, amount.toString()]));
    const said = { payer, exitAt, ...texts };
    return context.json((lies.tab?.(said) ?? said) as Json);
  });

  const refusal = (context: Context, status: 402 | 409 | 422, code: string): Response =>
    context.json({ code, status, detail: `The test refuses: ${code}.` }, status);

  app.post("/v1/models/:model/infer", async (context) => {
    const header = context.req.header("payment-signature") ?? "";
    const envelope = JSON.parse(Buffer.from(header, "base64").toString("utf8")) as { payload: unknown };
    const payment = assayPayloadSchema.parse(envelope.payload);
    requests.push(payment);
    const instead = await lies.infer?.(context);
    if (instead instanceof Response) return instead;

    const { request, signature, topUp } = payment;
    const id = Request.idOf(request, deployment);
    const before = answers.get(id);
    if (before !== undefined) return context.json((lies.answer?.(before) ?? before) as Json);
    const signer = await Request.recover(request, deployment, signature);
    if (!isAddressEqual(signer, request.payer)) return refusal(context, 402, "bad-signature");
    const used = nonces.get(request.payer) ?? new Set();
    if (used.has(request.nonce)) return refusal(context, 409, "nonce-used");
    const body: { input: unknown; salt: Hex } = await context.req.json();
    const model = [models.sides, models.sums].find((each) => each.id === request.model);
    if (model === undefined) return refusal(context, 422, "bad-input");
    const fields = encodeInput(model.manifest.input.fields, body.input);
    if (model.commit(fields, BigInt(body.salt)) !== request.input) return refusal(context, 402, "wrong-terms");
    if (topUp !== undefined) {
      const { amount, validAfter, validBefore, salt, signature: signed } = topUp;
      const args = [request.payer, provider.address, amount, validAfter, validBefore, salt, signed] as const;
      await escrow.write.fundWithAuthorization(args, { account: provider.address });
    }
    const { funds } = await escrow.read.tabOf([request.payer, provider.address]);
    if (funds < request.price) return refusal(context, 402, "underfunded");
    nonces.set(request.payer, used.add(request.nonce));

    const { output, value } = model.run(fields, BigInt(body.salt));
    const receipt = await Receipt.sign({ request: id, output, charge: PRICE }, deployment, provider);
    const answer = {
      id,
      request: requestToWire(request),
      output,
      charge: PRICE.toString(),
      receipt: toCompactHex(receipt),
      value,
      salt: body.salt,
    };
    answers.set(id, answer);
    return context.json((lies.answer?.(answer) ?? answer) as Json);
  });

  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
  await once(server, "listening");
  const listening = server.address();
  const port = typeof listening === "object" && listening !== null ? listening.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    lies,
    requests,
    calls,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}

function nextAfter(used: ReadonlySet<bigint> = new Set()): bigint {
  return [...used].reduce((next, nonce) => (nonce >= next ? nonce + 1n : next), 0n);
}

/** The evidence of an answer that a connection has kept. */
export async function evidenceIn({ book }: Connection, id: Hex): Promise<Evidence> {
  const found = (await book.all()).find((each) => each.id === id);
  if (found === undefined) throw new RangeError(`no evidence of ${id} was kept`);
  return found;
}
