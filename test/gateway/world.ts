/** One market for all tests of the gateway, gateways in it, and what their books say. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";

import type { Address, Hex } from "viem";
import type { HDAccount } from "viem/accounts";

import { account } from "../../scripts/local/market.ts";
import { DOLLAR, startMarketplace, type Marketplace } from "../../scripts/local/marketplace.ts";
import { startGateway, type Gateway } from "../../src/gateway/gateway.ts";
import type { Log } from "../../src/gateway/log.ts";
import type { GatewaySettings } from "../../src/gateway/settings.ts";
import { openModel, type OpenModel } from "../../src/model/bundle/open.ts";
import { stopThreads } from "../../src/model/groth16.ts";
import { readTab, totals } from "../../src/store/chain-state.ts";
import { until } from "../helpers/until.ts";

export const PRICE = DOLLAR / 10n;

/** The first account that no other part of a market uses. */
const FIRST_PAYER = 100;

let current: Promise<Marketplace> | undefined;
let payers = FIRST_PAYER;

/** Ends the market, if any test started it. Each file of tests says so once, and it ends after the last one. */
export async function stopMarket(): Promise<void> {
  const market = await current;
  current = undefined;
  await market?.stop();
  await stopThreads();
}

export type Logged = { readonly level: string; readonly event: string; readonly details: Record<string, unknown> };

/** What of a gateway's books and of its chain a refused request must leave alone. */
export type Books = {
  readonly promised: bigint;
  readonly requests: readonly string[];
  readonly jobs: number;
  readonly sent: number;
};

/** A gateway in the market, with a store of its own, and all that it logged. */
export async function startWorld(changes: Partial<GatewaySettings> = {}) {
  const market = await (current ??= startMarketplace());
  const [sold] = market.models;
  const folder = join(market.scratch, randomUUID());
  const logged: Logged[] = [];
  const log: Log = (level, event, details = {}) => void logged.push({ level, event, details });
  const settings = market.settings({ store: { folder }, ...changes });
  const gateway: Gateway = await startGateway(settings, log);
  const model: OpenModel = await openModel(sold?.folder ?? "");
  const { database, jobs } = gateway.store;
  const provider = market.account("provider");

  const isSeen = async (payer: Address, funds: bigint, stake: bigint): Promise<boolean> => {
    const tab = await readTab(database, payer);
    return tab.funds === funds && tab.stake === stake;
  };
  return {
    market,
    gateway,
    settings,
    model,
    provider,
    logged,
    infer: `${gateway.url}/v1/models/${model.id}/infer`,
    /** The time that requests are held against. */
    async now(): Promise<number> {
      const { time } = (await (await fetch(`${gateway.url}/v1/provider`)).json()) as { time: number };
      return time;
    },
    /** Somebody new, with money in hand, on a tab, or both; the gateway knows of it already. */
    async payer({ wallet = 0n, funds = 0n, stake = 0n } = {}): Promise<HDAccount> {
      const who = account(payers++);
      if (wallet > 0n) await market.token.write.mint([who.address, wallet]);
      if (funds > 0n) await market.fundTab(who.address, funds, stake);
      await until(async () => isSeen(who.address, funds, stake));
      return who;
    },
    tab: async (payer: Address) => readTab(database, payer),
    async books(): Promise<Books> {
      const rows = await database.query<{ id: Hex; state: string }>("SELECT id, state FROM assay.requests ORDER BY id");
      const { promised } = await totals(database);
      const { waiting } = await jobs.depth();
      const sent = await market.client.getTransactionCount({ address: provider.address });
      return { promised, requests: rows.map(({ id, state }) => `${id} ${state}`), jobs: waiting, sent };
    },
    stop: async () => gateway.stop(),
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;
