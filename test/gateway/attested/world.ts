/** A market with an enclave, a gateway that sells it, and agents that ask in every way. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";

import { numberToHex, zeroAddress, type Address, type Hex } from "viem";
import type { HDAccount } from "viem/accounts";

import { startAttested, type AttestedOptions } from "../../../scripts/local/attested.ts";
import { account } from "../../../scripts/local/market.ts";
import { DOLLAR, startMarketplace } from "../../../scripts/local/marketplace.ts";
import { startProvider } from "../../../src/cli/serve/provider.ts";
import { hashInput } from "../../../src/enclave/input.ts";
import { capFor, readQuestion } from "../../../src/enclave/question.ts";
import type { Transcript } from "../../../src/enclave/transcript.ts";
import type { GatewaySettings } from "../../../src/gateway/settings.ts";
import type { Json } from "../../../src/protocol/canonical-json.ts";
import * as Request from "../../../src/protocol/request.ts";
import { readTab } from "../../../src/store/chain-state.ts";
import { paymentToWire } from "../../../src/x402/payment.ts";
import { networkOf } from "../../../src/x402/scheme.ts";
import { until } from "../../helpers/until.ts";
import { headerOf, post, type Reply } from "../orders.ts";

/** The first account that no other part of a market uses. */
const FIRST_PAYER = 100;
let salts = 1n;

export type Logged = { readonly level: string; readonly event: string; readonly details: Record<string, unknown> };

export type Asked = {
  readonly id: Hex;
  readonly request: Request.Request;
  readonly path: string;
  readonly body: { readonly [key: string]: Json };
  readonly headers: Record<string, string>;
};

export type AskChanges = {
  readonly request?: Partial<Request.Request>;
  readonly nonce?: bigint;
  /** What is sent instead of what was signed for. */
  readonly sent?: { readonly [key: string]: Json };
};

export async function startWorld(options: AttestedOptions = {}, changes: Partial<GatewaySettings> = {}) {
  const market = await startMarketplace({ models: [] });
  const attested = await startAttested(market, options);
  const logged: Logged[] = [];
  const settings = market.settings({
    store: { folder: join(market.scratch, randomUUID()) },
    enclaves: [attested.sale],
    ...changes,
  });
  const { gateway, stop } = await startProvider(
    settings,
    {
      program: { kind: "snarkjs" },
      workers: 1,
      limits: { batchSize: 32, maxWaitSeconds: 1 },
      prices: { kind: "none" },
      pollMs: 100,
    },
    (level, event, details = {}) => void logged.push({ level, event, details }),
  );
  const { database } = gateway.store;
  const provider = market.account("provider");
  let payers = FIRST_PAYER;

  return {
    market,
    attested,
    gateway,
    settings,
    provider,
    logged,
    async now(): Promise<number> {
      const { time } = (await (await fetch(`${gateway.url}/v1/provider`)).json()) as { time: number };
      return time;
    },
    /** Somebody new with money on a tab, which the gateway knows of already. */
    async payer(funds = 10n * DOLLAR): Promise<HDAccount> {
      const who = account(payers++);
      await market.fundTab(who.address, funds, DOLLAR);
      await until(async () => {
        const tab = await readTab(database, who.address);
        return tab.funds === funds && tab.stake === DOLLAR;
      });
      return who;
    },
    promised: async (payer: Address): Promise<bigint> => (await readTab(database, payer)).promised,
    /** A question that the payer's tab pays. */
    async ask(
      payer: HDAccount,
      body: { readonly [key: string]: Json },
      { request: changed, nonce, sent }: AskChanges = {},
    ) {
      const isChat = "messages" in body;
      const manifest = attested.manifests[isChat ? 0 : 1];
      if (manifest === undefined) throw new TypeError("there is no such manifest");
      const model = isChat ? attested.chat : attested.embeddings;
      const whole = { ...body, model };
      const salt = numberToHex(salts++, { size: 32 });
      const request: Request.Request = {
        payer: payer.address,
        provider: provider.address,
        verifier: market.enclaveVerifier.address,
        consumer: zeroAddress,
        model,
        input: hashInput(whole, salt),
        price: capFor(manifest, readQuestion(manifest, whole)),
        proverFee: 0n,
        penalty: DOLLAR,
        deadline: Math.floor(Date.now() / 1000) + 3_000,
        locked: false,
        nonce: nonce ?? 0n,
        ...changed,
      };
      const signature = await Request.sign(request, market.deployment, payer);
      const accepted = {
        scheme: "assay",
        network: networkOf(market.deployment.chainId),
        asset: market.token.address,
        amount: request.price.toString(),
        payTo: provider.address,
        maxTimeoutSeconds: 3_600,
        extra: {},
      };
      const payment = { x402Version: 2, accepted, payload: paymentToWire({ request, signature }) };
      return {
        id: Request.idOf(request, market.deployment),
        request,
        path: isChat ? "/v1/chat/completions" : "/v1/embeddings",
        body: sent ?? whole,
        headers: { "payment-signature": headerOf(payment), "assay-salt": salt },
      } satisfies Asked;
    },
    send: ({
      path,
      body,
      headers,
    }: Pick<Asked, "path" | "body"> & { headers?: Record<string, string> }): Promise<Reply> =>
      post(`${gateway.url}${path}`, JSON.stringify(body), headers),
    async stop() {
      await stop();
      await attested.stop();
      await market.stop();
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;

/** What comes with an answer. */
export type Tail = {
  readonly success: boolean;
  readonly payer: Address;
  readonly amount: string;
  readonly transaction: string;
  readonly extensions: {
    readonly assay: {
      readonly id: Hex;
      readonly output: Hex;
      readonly charge: string;
      readonly receipt: Hex;
      readonly salt: Hex;
      readonly transcript: Transcript;
      readonly signature: Hex;
      readonly simulated: boolean;
    };
  };
};

export function tailIn({ headers }: Reply): Tail {
  return JSON.parse(Buffer.from(headers.get("payment-response") ?? "", "base64").toString()) as Tail;
}

/** The chunks of a stream, and what is said at its end. */
export function streamIn(text: string): {
  readonly chunks: string[];
  readonly tail: Tail | undefined;
  readonly isDone: boolean;
} {
  const events = text.split("\n\n").filter((event) => event !== "");
  const chunks = events.filter((event) => event.startsWith("data: ") && event !== "data: [DONE]");
  const said = events.find((event) => event.startsWith(": assay "));
  return {
    chunks: chunks.map((event) => event.slice("data: ".length)),
    tail: said === undefined ? undefined : (JSON.parse(said.slice(": assay ".length)) as Tail),
    isDone: events.at(-1) === "data: [DONE]",
  };
}
