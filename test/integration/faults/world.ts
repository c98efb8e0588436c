/** A market, somebody who asks in it, and what the store must say afterwards. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";

import { expect } from "chai";
import { numberToHex, zeroAddress, type Address, type Hex } from "viem";
import type { HDAccount } from "viem/accounts";

import { account } from "../../../scripts/local/market.ts";
import { DOLLAR, startMarketplace, type Marketplace } from "../../../scripts/local/marketplace.ts";
import type { GatewaySettings } from "../../../src/gateway/settings.ts";
import { openModel, type OpenModel } from "../../../src/model/bundle/open.ts";
import { stopThreads } from "../../../src/model/groth16.ts";
import * as Request from "../../../src/protocol/request.ts";
import { openDatabase, type Database, type StoreLocation } from "../../../src/store/database.ts";
import { paymentToWire } from "../../../src/x402/payment.ts";
import { networkOf, type WireAnswer } from "../../../src/x402/scheme.ts";
import { startGatewayProcess, type GatewayProcess, type Mortality } from "../../helpers/gateway-process.ts";
import { until } from "../../helpers/until.ts";

export const PRICE = DOLLAR / 10n;
const FLOWER = { "sepal length": "5.1", "sepal width": "3.5", "petal length": "1.4", "petal width": "0.2" };
/** The first account that no other part of a market uses. */
const FIRST_PAYER = 200;

/** A request for an answer, as its bytes go out: sent again, it is the very same. */
export type Question = { readonly id: Hex; readonly body: string; readonly header: string };

export type Reply =
  | { readonly status: 200; readonly answer: WireAnswer }
  | { readonly status: number; readonly code: string }
  /** The connection broke before there was an answer. */
  | { readonly status: 0 };

export function codeOf(reply: Reply): string {
  if ("answer" in reply) return "answered";
  return "code" in reply ? reply.code : "broken";
}

export async function startWorld() {
  const market: Marketplace = await startMarketplace();
  const model: OpenModel = await openModel(market.models[0]?.folder ?? "");
  const provider = market.account("provider");
  const processes: GatewayProcess[] = [];
  let payers = FIRST_PAYER;

  const world = {
    market,
    newFolder: (): string => join(market.scratch, randomUUID()),
    async gateway(changes: Partial<GatewaySettings>, mortality?: Mortality): Promise<GatewayProcess> {
      const gateway = await startGatewayProcess(market.settings(changes), mortality);
      processes.push(gateway);
      return gateway;
    },
    /** Somebody new with a tab. */
    async payer(funds: bigint): Promise<HDAccount> {
      const who = account(payers++);
      await market.fundTab(who.address, funds, DOLLAR);
      return who;
    },
    /** Signs for answers, with nonces from `first` on. */
    async questions(payer: HDAccount, count: number, first = 0): Promise<Question[]> {
      const { timestamp } = await market.client.getBlock();
      const now = Math.max(Number(timestamp), Math.ceil(Date.now() / 1000));
      return Promise.all(
        Array.from({ length: count }, async (_, index) => question(payer, BigInt(first + index), now + 3600)),
      );
    },
    async ask({ url }: Pick<GatewayProcess, "url">, { body, header }: Question): Promise<Reply> {
      try {
        const response = await fetch(`${url}/v1/models/${model.id}/infer`, {
          method: "POST",
          headers: { "content-type": "application/json", "payment-signature": header },
          body,
        });
        const content = (await response.json()) as WireAnswer & { code: string };
        if (response.status === 200) return { status: 200, answer: content };
        return { status: response.status, code: content.code };
      } catch {
        return { status: 0 };
      }
    },
    /** Until a gateway knows of the money on a tab. */
    async untilFunded({ url }: Pick<GatewayProcess, "url">, payer: Address, funds: bigint): Promise<void> {
      await until(async () => (await tabOf(url, payer)).funds === funds.toString());
    },
    async stop(): Promise<void> {
      for (const each of processes) await each.kill();
      await market.stop();
      await stopThreads();
    },
  };
  return world;

  async function question(payer: HDAccount, nonce: bigint, deadline: number): Promise<Question> {
    const salt = nonce + 1n;
    const { input } = model.answer(FLOWER, salt);
    const request: Request.Request = {
      payer: payer.address,
      provider: provider.address,
      verifier: market.verifier.address,
      consumer: zeroAddress,
      model: model.id,
      input,
      price: PRICE,
      proverFee: DOLLAR / 100n,
      penalty: DOLLAR,
      deadline,
      locked: false,
      nonce,
    };
    const signature = await Request.sign(request, market.deployment, payer);
    const payment = {
      x402Version: 2,
      accepted: {
        scheme: "assay",
        network: networkOf(market.deployment.chainId),
        asset: market.token.address,
        amount: PRICE.toString(),
        payTo: provider.address,
        maxTimeoutSeconds: 3600,
        extra: {},
      },
      payload: paymentToWire({ request, signature }),
    };
    return {
      id: Request.idOf(request, market.deployment),
      body: JSON.stringify({ input: FLOWER, salt: numberToHex(salt, { size: 32 }) }),
      header: Buffer.from(JSON.stringify(payment)).toString("base64"),
    };
  }
}

export type World = Awaited<ReturnType<typeof startWorld>>;

export async function tabOf(url: string, payer: Address): Promise<Record<"funds" | "promised" | "nextNonce", string>> {
  return (await (await fetch(`${url}/v1/tabs/${payer}`)).json()) as Record<"funds" | "promised" | "nextNonce", string>;
}

/** Looks at a store from outside; a folder only while no gateway has it. */
export async function withDatabase<Result>(
  location: StoreLocation,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = await openDatabase(location);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Lets reservations lapse, as half a minute would. */
export async function lapse(database: Database): Promise<void> {
  await database.query("UPDATE assay.requests SET held_until = clock_timestamp() WHERE state = 'reserved'");
}

/** What must hold at any time, and that all these answers are in the journal as they were given. */
export async function checkBooks(database: Database, replies: readonly Reply[]): Promise<void> {
  const tabs = await database.query<Record<"promised" | "sum" | "issued" | "count" | "funds", string>>(
    `SELECT promised, issued, funds,
      (SELECT coalesce(sum(promise), 0) FROM assay.requests r WHERE r.payer = t.payer AND NOT locked AND closed IS NULL) AS sum,
      (SELECT count(*) FROM assay.requests r WHERE r.payer = t.payer AND NOT locked) AS count
    FROM assay.tabs t`,
  );
  for (const { promised, sum, issued, count, funds } of tabs) {
    expect({ promised, issued }).to.deep.equal({ promised: sum, issued: count });
    expect(BigInt(promised) <= BigInt(funds)).to.equal(true);
  }
  const rows = await database.query<{ id: Hex; output: Hex; charge: string; jobs: number }>(
    `SELECT id, output, charge, (SELECT count(*)::integer FROM pgboss.job j WHERE j.singleton_key = r.id) AS jobs
    FROM assay.requests r WHERE state = 'answered'`,
  );
  const journal = new Map(rows.map((row) => [row.id, row]));
  for (const { jobs } of rows) expect(jobs).to.equal(1);
  const receipts = new Map<Hex, string>();
  for (const reply of replies) {
    if (!("answer" in reply)) continue;
    const { id, output, charge, receipt } = reply.answer;
    expect(journal.get(id)).to.include({ output, charge });
    expect(receipts.get(id) ?? receipt).to.equal(receipt);
    receipts.set(id, receipt);
  }
}
