/** A gateway with all its parts, from its settings to an address that answers. */
import { serve } from "@hono/node-server";
import type { AddressInfo } from "node:net";
import { privateKeyToAddress } from "viem/accounts";

import { connectChain } from "../chain/rpc.ts";
import { startSender, type Sender } from "../chain/send.ts";
import { escrowAbi } from "../protocol/abi/escrow.ts";
import { readPosition, totals } from "../store/chain-state.ts";
import { openStore, type Store } from "../store/store.ts";
import { gatewayApp } from "./app.ts";
import { openEnclaves, type Enclaves } from "./attested/enclaves.ts";
import { openCashier } from "./cashier.ts";
import { chainTime } from "./chain-time.ts";
import { openDesk } from "./desk.ts";
import { openFeed } from "./feed.ts";
import { allowStake, startKeeper, type Keeper } from "./keeper.ts";
import { errorDetails, type Log } from "./log.ts";
import { openMetrics, type Metrics } from "./metrics.ts";
import { JOURNAL_RULES, QUOTE_SECONDS, type GatewaySettings } from "./settings.ts";
import { BadPriceError, NothingForSaleError, openShop, type Shop } from "./shop.ts";
import { watchStatuses } from "./status.ts";
import { startSync } from "./sync.ts";

const BPS = 10_000n;
/** How often a followed request is looked at. */
const WATCH_MS = 500;
/** Above what a payment may have, so that a larger one gets an answer in words. */
const MOST_HEADERS = 65_536;
/** How long a client may take to send a request. */
const SEND_MS = 30_000;
/** How long requests in hand have when a gateway stops. */
const STOP_MS = 10_000;

export type Gateway = {
  readonly url: string;
  readonly store: Store;
  readonly shop: Shop;
  readonly enclaves: Enclaves;
  readonly sender: Sender;
  readonly metrics: Metrics;
  /** Takes nothing new, ends what is in hand, and closes the store. */
  readonly stop: () => Promise<void>;
};

export async function startGateway(settings: GatewaySettings, log: Log): Promise<Gateway> {
  const { deployment, privateKey, confirmations, pollMs } = settings;
  const provider = privateKeyToAddress(privateKey);
  const shop = await openShop(settings.sales, deployment, provider);
  if (shop.size === 0 && (settings.enclaves ?? []).length === 0) throw new NothingForSaleError();
  const client = await connectChain({ rpc: settings.rpc, chainId: deployment.chainId });
  const feeBps = await client.readContract({ address: deployment.escrow, abi: escrowAbi, functionName: "FEE_BPS" });
  for (const { model, offer } of shop.values()) {
    // A charge that does not cover both fees is never paid, and costs the penalty.
    const fees = offer.proverFee + (offer.price * feeBps) / BPS;
    if (fees > offer.price) throw new BadPriceError(model.manifest.name, offer.price, fees);
  }
  const onError = (error: Error): void => log("warning", "background-failed", errorDetails(error));
  const store = await openStore({
    location: settings.store,
    deployment,
    provider,
    rules: JOURNAL_RULES,
    onError,
  });
  const closing: (() => Promise<void> | void)[] = [() => store.close()];
  try {
    const sender = await startSender({ client, rpc: settings.rpc, privateKey, confirmations: 1, pollMs });
    closing.push(() => sender.stop());
    await allowStake({ settings, client, sender });

    const time = chainTime(settings.mostLagSeconds);
    const listeners: Keeper["onStep"][] = [];
    const metrics = openMetrics(async () => {
      const [depth, sums, { head }] = [
        await store.jobs.depth(),
        await totals(store.database),
        await readPosition(store.database),
      ];
      const lagSeconds = Date.now() / 1000 - (head?.timestamp ?? 0);
      return { ...depth, ...sums, headBlock: head?.number ?? 0, lagSeconds };
    });
    const sync = await startSync({
      client,
      database: store.database,
      time,
      escrow: deployment.escrow,
      provider,
      fromBlock: settings.fromBlock,
      confirmations,
      pollMs,
      onError,
      onStep(step) {
        for (const listener of listeners) listener(step);
        for (const event of step.events) {
          if (!("provider" in event.args) || event.args.provider !== provider) continue;
          if (event.name === "Settled") {
            metrics.settled.inc();
            metrics.earned.inc(Number(event.args.charge) / 1e6);
          }
          if (event.name === "Penalised") {
            metrics.slashed.inc();
            log("error", "penalised", { id: event.args.id, amount: event.args.amount, transaction: event.transaction });
          }
        }
      },
    });
    closing.push(() => sync.stop());

    const enclaves = await openEnclaves({
      sales: settings.enclaves ?? [],
      deployment,
      provider,
      client,
      database: store.database,
      time,
      confirmations,
      onError,
    });
    closing.push(() => enclaves.stop());
    await store.jobs.open([...shop.keys(), ...enclaves.wares.keys()]);

    const terms = { deployment, token: settings.token, quoteKey: store.quoteKey, seconds: QUOTE_SECONDS };
    const cashier = openCashier({ settings, client, sender, database: store.database, sync });
    const desk = openDesk({
      journal: store.journal,
      cashier,
      time,
      terms,
      privateKey,
      onError,
      onStage: (stage, seconds) => metrics.stageSeconds.observe({ stage }, seconds),
    });
    const keeper = startKeeper({ settings, client, sender, store, cashier, time, log, seal: desk.seal });
    listeners.push(keeper.onStep);
    closing.push(keeper.stop);
    const watcher = watchStatuses(store.database, WATCH_MS, onError);
    closing.push(() => watcher.stop());

    let url = "";
    const app = gatewayApp({
      settings,
      provider,
      store,
      shop,
      enclaves,
      desk,
      terms,
      time,
      metrics,
      watcher,
      onError,
      feed: openFeed(store, shop, time),
      log,
      publicUrl: () => settings.publicUrl ?? url,
    });
    const server = await listen(app.fetch, settings.listen);
    url = server.url;
    closing.push(() => server.stop());
    const simulated = [...enclaves.wares.values()].filter(({ isSimulated }) => isSimulated).length;
    log("info", "listening", {
      url,
      provider,
      models: shop.size,
      attested: enclaves.wares.size,
      ...(simulated > 0 && { simulated }),
      chain: deployment.chainId,
    });
    return {
      url,
      store,
      shop,
      enclaves,
      sender,
      metrics,
      async stop() {
        for (const close of closing.toReversed()) await close();
      },
    };
  } catch (error) {
    for (const close of closing.toReversed()) await close();
    throw error;
  }
}

async function listen(fetch: Parameters<typeof serve>[0]["fetch"], { host, port }: GatewaySettings["listen"]) {
  const serverOptions = { maxHeaderSize: MOST_HEADERS, requestTimeout: SEND_MS };
  const server = serve({ fetch, hostname: host, port, serverOptions });
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (cause) => reject(new ListenError(host, port, { cause })));
  });
  const { address, port: actual, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${actual}`,
    stop: (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeIdleConnections" in server) server.closeIdleConnections();
        setTimeout(() => {
          if ("closeAllConnections" in server) server.closeAllConnections();
        }, STOP_MS).unref();
      }),
  };
}

/** The address to listen on cannot be had. */
export class ListenError extends Error {
  override readonly name = "ListenError";

  constructor(host: string, port: number, options?: ErrorOptions) {
    super(`Cannot listen on ${host}:${port}. Is another gateway running there? Name another port.`, options);
  }
}
