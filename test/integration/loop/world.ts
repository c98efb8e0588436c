/** A market with a real PostgreSQL, where each test has a provider of its own: what fails there, no other sees. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import { Client } from "pg";
import type { Address, Hex } from "viem";
import type { HDAccount } from "viem/accounts";

import { ordersOf, type SignedOrder } from "../../../scripts/bench/gateway/orders.ts";
import { differences } from "../../../scripts/local/books.ts";
import type { ProverTask } from "../../../scripts/local/fork-prover.ts";
import { account } from "../../../scripts/local/market.ts";
import { isAtRest, readText } from "../../../scripts/local/rest.ts";
import { CAST, DOLLAR, privateKeyOf, startMarketplace } from "../../../scripts/local/marketplace.ts";
import type { ProvingSettings } from "../../../src/cli/serve/provider.ts";
import type { GatewaySettings } from "../../../src/gateway/settings.ts";
import { openModel } from "../../../src/model/bundle/open.ts";
import { stopThreads } from "../../../src/model/groth16.ts";
import type { StoreLocation } from "../../../src/store/database.ts";
import type { WireAnswer } from "../../../src/x402/scheme.ts";
import { postgresOrSkip } from "../../helpers/postgres.ts";
import { until } from "../../helpers/until.ts";

export const PRICE = DOLLAR / 10n;
export const PENALTY = DOLLAR;
export const FLOWER = [5.1, 3.5, 1.4, 0.2];

/** Accounts with ether that no other part of a market uses. */
const FIRST_HOLDER = Math.max(...Object.values(CAST)) + 1;
const FIRST_PAYER = 100;
const BATCH = { batchSize: 8, maxWaitSeconds: 1 };
const DEADLINE_SECONDS = 20_000;

/** A gateway that runs, in this process or in another. */
export type Open = { readonly url: string };

export async function startLoop(test: Mocha.Context) {
  const postgres = await postgresOrSkip(test);
  const market = await startMarketplace();
  const [{ folder } = { folder: "" }] = market.models;
  const model = await openModel(folder);
  let [holders, payers] = [FIRST_HOLDER, FIRST_PAYER];

  const newDatabase = async (like = "template1"): Promise<string> => {
    const name = `loop_${randomUUID().replaceAll("-", "")}`;
    await runSql(postgres.url, `CREATE DATABASE ${name} TEMPLATE ${like}`);
    return new URL(`/${name}`, postgres.url).href;
  };
  /** The time that deadlines are counted from. */
  const now = async (): Promise<number> => {
    const { timestamp } = await market.client.getBlock();
    return Math.max(Number(timestamp), Math.floor(Date.now() / 1000));
  };

  return {
    market,
    model,
    now,
    newFolder: (): StoreLocation => ({ folder: join(market.scratch, randomUUID()) }),
    /** An account that can pay for gas, and has dealt with nobody. */
    holder: (): HDAccount => account(holders++),
    /** Lets blocks pass, one by one, until something holds. */
    mineUntil: async (holds: () => Promise<boolean>): Promise<void> => {
      while (!(await holds())) {
        await market.test.mine({ blocks: 1 });
        await sleep(200);
      }
    },
    /** How many answers of a payer are settled. */
    settledOf: async (payer: Address): Promise<number> =>
      (await market.escrow.getEvents.Settled({ payer }, { fromBlock: 0n })).length,
    /** A provider with a database, and money to stake. */
    async seller(changes: Partial<GatewaySettings> = {}) {
      const provider = account(holders++);
      const databaseUrl = await newDatabase();
      await market.token.write.mint([provider.address, 1000n * DOLLAR]);
      await market.token.write.approve([market.escrow.address, 1000n * DOLLAR], { account: provider.address });
      const settings = (more: Partial<GatewaySettings> = {}): GatewaySettings =>
        market.settings({
          privateKey: privateKeyOf(provider),
          store: { url: databaseUrl },
          ...changes,
          ...more,
        });
      return {
        provider,
        settings,
        /** Provers inside the gateway's process. */
        proving: (more: Partial<ProvingSettings> = {}): ProvingSettings => ({
          program: { kind: "snarkjs" },
          workers: 1,
          limits: BATCH,
          prices: { kind: "none" },
          pollMs: 100,
          ...more,
        }),
        /** A prover in a process of its own. */
        task: (who: HDAccount, more: Partial<ProverTask> = {}): ProverTask => ({
          rpc: market.url,
          deployment: market.deployment,
          databaseUrl,
          folders: [folder],
          privateKey: privateKeyOf(who),
          limits: BATCH,
          workers: 1,
          confirmations: 1,
          tokenDecimals: 6,
          pollMs: 100,
          ...more,
        }),
        /** Somebody new, with money on a tab. */
        async payer(funds: bigint, stake = PENALTY): Promise<HDAccount> {
          const who = account(payers++);
          const parties = [who.address, provider.address] as const;
          await market.escrow.write.fund([...parties, funds], { account: market.account("stranger").address });
          await market.escrow.write.stake([who.address, stake], { account: provider.address });
          return who;
        },
        /** Signed requests of a payer, from its first nonce on. */
        async orders(payer: HDAccount, deadline?: number): Promise<(count: number) => SignedOrder[]> {
          const orders = ordersOf({
            settings: settings(),
            model,
            input: FLOWER,
            payer: payer.address,
            privateKey: privateKeyOf(payer),
            provider: provider.address,
            deadline: deadline ?? (await now()) + DEADLINE_SECONDS,
          });
          return (count) => Array.from({ length: count }, orders.next);
        },
        /** Another store with the same in it. Nobody may have this one open. */
        copy: async (): Promise<{ readonly url: string }> => ({
          url: await newDatabase(new URL(databaseUrl).pathname.slice(1)),
        }),
        /** What does not agree with the chain. */
        differences: async (store: StoreLocation = settings().store, confirmations = 0): Promise<string[]> =>
          differences({
            client: market.client,
            deployment: market.deployment,
            escrow: market.escrow.address,
            token: market.token.address,
            provider: provider.address,
            location: store,
            confirmations,
          }),
      };
    },
    async stop(): Promise<void> {
      await market.stop();
      await postgres.stop();
      await stopThreads();
    },
  };
}

/** Runs one statement on a server. */
export async function runSql(url: string, statement: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

export type Loop = Awaited<ReturnType<typeof startLoop>>;
export type Seller = Awaited<ReturnType<Loop["seller"]>>;

/** Refusals that say nothing of the request itself. */
const AGAIN = new Set(["busy", "overloaded", "store-down", "behind-chain", "fault"]);

/**
 * Sends each order until it is answered, at one gateway after the other.
 *
 * @param gateways Those that are there at the time.
 */
export async function answerAll(
  { model }: Loop,
  gateways: () => readonly Open[],
  orders: readonly SignedOrder[],
  onAnswer: (count: number) => void = () => {},
): Promise<WireAnswer[]> {
  const answers: WireAnswer[] = [];
  const left = orders.map((order, index) => ({ order, index }));
  let count = 0;
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      answers[next.index] = await answerOne(model.id, gateways, next.order);
      onAnswer(++count);
    }
  };
  await Promise.all(Array.from({ length: 16 }, work));
  return answers;
}

async function answerOne(model: Hex, gateways: () => readonly Open[], order: SignedOrder): Promise<WireAnswer> {
  for (let attempt = 0; ; attempt++) {
    const running = gateways();
    const gateway = running[attempt % running.length];
    const reply = gateway && (await send(gateway, model, order));
    if (reply?.status === 200) return reply.body as WireAnswer;
    if (reply !== undefined && !AGAIN.has(reply.body.code ?? "")) expect.fail(JSON.stringify(reply.body));
    await sleep(200);
  }
}

export type Reply = {
  readonly status: number;
  readonly body: Partial<WireAnswer> & { code?: string; detail?: string };
};

/** Sends an order once. Undefined when nobody answers. */
export async function send({ url }: Open, model: Hex, { header, body }: SignedOrder): Promise<Reply | undefined> {
  try {
    const response = await fetch(`${url}/v1/models/${model}/infer`, {
      method: "POST",
      headers: { "content-type": "application/json", "payment-signature": header },
      body,
    });
    return { status: response.status, body: (await response.json()) as Reply["body"] };
  } catch {
    return undefined;
  }
}

/** Waits until nothing is promised, waits for a proof or is not seen yet. */
export async function untilAtRest({ market }: Loop, { url }: Open): Promise<void> {
  while (!(await isAtRest(url, market.client))) await sleep(200);
}

/** What a gateway says of a tab. */
export async function tabAt({ url }: Open, payer: Address): Promise<{ promised: bigint; available: bigint }> {
  const tab = JSON.parse(await readText(`${url}/v1/tabs/${payer}`)) as Record<"promised" | "available", string>;
  return { promised: BigInt(tab.promised), available: BigInt(tab.available) };
}

/** Whether a gateway knows of the money on a tab, and of the stake beside it. */
export async function isFunded({ url }: Open, payer: Address): Promise<boolean> {
  const tab = JSON.parse(await readText(`${url}/v1/tabs/${payer}`)) as Record<"available" | "stake", string>;
  return BigInt(tab.available) > 0n && BigInt(tab.stake) > 0n;
}

export async function untilFunded(gateway: Open, payer: Address): Promise<void> {
  await until(async () => isFunded(gateway, payer));
}
