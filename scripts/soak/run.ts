/** Asks a provider for thousands of answers, no faster than its provers settle them, and looks at what is left over. */
import { setTimeout as sleep } from "node:timers/promises";

import { startProgress } from "../../src/cli/progress.ts";
import { openModel } from "../../src/model/bundle/open.ts";
import { ordersOf } from "../bench/gateway/orders.ts";
import { sendAll } from "../bench/gateway/load.ts";
import { differences } from "../local/books.ts";
import { DOLLAR, startMarketplace, type Marketplace } from "../local/marketplace.ts";
import { isAtRest } from "../local/rest.ts";
import { memoryOf, usesIn, type MemoryUse, type Sample } from "./memory.ts";
import { startParts, type Parts } from "./parts.ts";
import { countSettled } from "./settled.ts";

export type SoakOptions = {
  readonly requests: number;
  readonly provers: number;
  /** A PostgreSQL server, instead of a folder. */
  readonly databaseUrl: string | undefined;
  /** Seconds between two looks at the memory. */
  readonly sampleSeconds: number;
  /** Seconds without a settlement after which none is waited for. */
  readonly stallSeconds: number;
};

export type SoakReport = {
  readonly model: string;
  readonly store: "folder" | "server";
  readonly requests: number;
  readonly answered: number;
  readonly refused: number;
  readonly firstRefusal: string | undefined;
  readonly settled: number;
  readonly transactions: number;
  readonly seconds: number;
  readonly gasPerInference: number;
  readonly proofsPerMinute: number;
  readonly memory: readonly MemoryUse[];
  /** What does not agree with the chain. */
  readonly differences: readonly string[];
};

const MODEL = "iris";
const PRICE = DOLLAR / 100n;
/** How many answers may wait for each prover: one batch that is proven, one on its way, and one that waits. */
const BACKLOG = 96;
/** Compilers, caches and pools fill up in this part of the requests, */
const WARM_UP = 0.2;
/** and what proves takes its memory in steps, the last of them within so many proofs of each prover. */
const FIRST_PROOFS = 300;
const AT_ONCE = 32;
const CONNECTIONS = 8;
/** For all of them. */
const DEADLINE_SECONDS = 80_000;
const LOOK_MS = 250;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const progress = startProgress("Soak", 2 * options.requests);
  const market = await startMarketplace({ models: [MODEL], onStep: progress.note });
  try {
    return await soakMarket(market, options, progress);
  } finally {
    progress.end();
    await market.stop();
  }
}

type Progress = ReturnType<typeof startProgress>;

async function soakMarket(market: Marketplace, options: SoakOptions, progress: Progress): Promise<SoakReport> {
  const { requests, provers, databaseUrl } = options;
  const settings = market.settings({
    ...(databaseUrl !== undefined && { store: { url: databaseUrl } }),
    limits: { bodyBytes: 262_144, requestsPerSecond: 1_000_000, concurrency: 1024 },
  });
  const [sale] = settings.sales;
  const offered = {
    ...settings,
    sales: sale === undefined ? [] : [{ ...sale, price: PRICE, proverFee: PRICE / 10n }],
  };
  await pay(market, BigInt(requests) * PRICE);
  progress.note("starting the provider");
  const proofs: number[] = [];
  const parts = await startParts(market, offered, {
    databaseUrl,
    provers,
    onEvent: ({ kind }) => void (kind === "proven" && proofs.push(performance.now())),
  });
  let loaded: Awaited<ReturnType<typeof load>>;
  try {
    loaded = await load({ market, settings: offered, parts, options, progress });
  } finally {
    // The store in a folder is read after its owner has left it.
    await parts.stop();
  }
  const { settled, samples, ...counts } = loaded;
  return {
    model: MODEL,
    store: databaseUrl === undefined ? "folder" : "server",
    requests,
    ...counts,
    settled: settled.ids.size,
    transactions: settled.transactions,
    gasPerInference: Math.round(settled.gas / Math.max(1, settled.ids.size)),
    proofsPerMinute: Math.round((60_000 * (proofs.length - 1)) / ((proofs.at(-1) ?? 0) - (proofs[0] ?? 0))),
    memory: usesIn(samples, parts.names, Math.max(WARM_UP * requests, FIRST_PROOFS * provers)),
    differences: await differences({
      client: market.client,
      deployment: market.deployment,
      escrow: market.escrow.address,
      token: market.token.address,
      provider: market.account("provider").address,
      location: offered.store,
      confirmations: offered.confirmations,
    }),
  };
}

/** Puts money on the agent's tab, and a stake beside it. */
async function pay(market: Marketplace, amount: bigint): Promise<void> {
  const patron = market.account("stranger").address;
  await market.token.write.mint([patron, amount]);
  await market.token.write.approve([market.escrow.address, amount], { account: patron });
  await market.fundTab(market.account("agent").address, amount, DOLLAR);
}

type LoadOptions = {
  readonly market: Marketplace;
  readonly settings: ReturnType<Marketplace["settings"]>;
  readonly parts: Parts;
  readonly options: SoakOptions;
  readonly progress: Progress;
};

async function load({ market, settings, parts, options, progress }: LoadOptions) {
  const { requests, provers, sampleSeconds, stallSeconds } = options;
  const model = await openModel(market.models[0]?.folder ?? "");
  const { timestamp } = await market.client.getBlock();
  const orders = ordersOf({
    settings,
    model,
    input: [5.1, 3.5, 1.4, 0.2],
    payer: market.account("agent").address,
    privateKey: market.privateKey("agent"),
    provider: market.account("provider").address,
    deadline: Math.max(Number(timestamp), Math.floor(Date.now() / 1000)) + DEADLINE_SECONDS,
  });
  const infer = `${parts.url}/v1/models/${model.id}/infer`;
  const look = countSettled(market);
  const samples: Sample[] = [];
  const failures: string[] = [];
  const started = performance.now();
  let [sent, sampledAt, movedAt] = [0, -Infinity, started];
  let settled = await look();
  const step = async (): Promise<void> => {
    const before = settled.ids.size;
    settled = await look();
    for (let index = before; index < settled.ids.size; index++) progress.advance();
    if (settled.ids.size > before) movedAt = performance.now();
    if (performance.now() - sampledAt < 1000 * sampleSeconds) return;
    sampledAt = performance.now();
    samples.push({ settled: settled.ids.size, megabytes: await memoryOf(parts.pids) });
  };
  const isStalled = (): boolean => performance.now() - movedAt > 1000 * stallSeconds;

  progress.note("asking");
  while (sent < requests && !isStalled()) {
    await step();
    const room = BACKLOG * provers - (sent - failures.length - settled.ids.size);
    const count = Math.min(AT_ONCE, requests - sent);
    if (room < count) {
      await sleep(LOOK_MS);
      continue;
    }
    const taken = Array.from({ length: count }, orders.next);
    failures.push(...(await sendAll(infer, taken, CONNECTIONS, progress.advance)).failures);
    sent += count;
  }
  const answered = sent - failures.length;
  progress.note("settling");
  const isDone = async (): Promise<boolean> =>
    settled.ids.size >= answered && (await isAtRest(parts.url, market.client));
  while (!(await isDone()) && !isStalled()) {
    await step();
    await sleep(LOOK_MS);
  }
  sampledAt = -Infinity;
  await step();
  const seconds = Math.round((performance.now() - started) / 1000);
  return { answered, refused: failures.length, firstRefusal: failures[0], settled, samples, seconds };
}
