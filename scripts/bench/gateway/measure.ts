/** Measures a provider under load, its provers at work all the time, until all that it answered is settled. */
import { setTimeout } from "node:timers/promises";

import { parseEventLogs, type Hex } from "viem";

import { startProgress } from "../../../src/cli/progress.ts";
import { openModel, type OpenModel } from "../../../src/model/bundle/open.ts";
import { escrowAbi } from "../../../src/protocol/abi/escrow.ts";
import { forkProvider } from "../../local/fork-provider.ts";
import { DOLLAR, startMarketplace, type Marketplace } from "../../local/marketplace.ts";
import { quantile, sendAll } from "./load.ts";
import { ordersOf, type SignedOrder } from "./orders.ts";
import { timeStock } from "./stock.ts";

export const CONNECTIONS = [1, 8, 64] as const;

export type GatewayFigures = {
  readonly overheadMsP50: number;
  readonly overheadMsP99: number;
  readonly answersPerSecond: Readonly<Record<(typeof CONNECTIONS)[number], number>>;
  readonly gasPerInference: number;
  readonly settleSecondsP50: number;
  readonly proofsPerMinute: number;
  readonly stockExactMsP50: number;
  readonly baselineMsP50: number;
  readonly model: string;
  readonly store: "folder" | "server";
  /** Answers that were not settled when the time to settle them was over: a broken promise each. */
  readonly unsettled: number;
};

export type Stages = Readonly<Record<string, number>>;

export type GatewayMeasurement = {
  readonly figures: GatewayFigures;
  /** Milliseconds that an answer spends in each part of the gateway, on average, at one connection. */
  readonly stages: Stages;
  readonly totals: { readonly answered: number; readonly settled: number; readonly transactions: number };
};

export type MeasureOptions = {
  readonly model: string;
  /** A PostgreSQL server, instead of a folder. */
  readonly databaseUrl?: string;
  /** Requests at each number of connections. */
  readonly requests: Readonly<Record<(typeof CONNECTIONS)[number], number>>;
  readonly stockRequests: number;
  /** Answers whose way to the chain is timed, one after the other. */
  readonly steadyRequests: number;
  readonly settleSeconds: number;
};

const BATCH_SIZE = 32;
const MAX_WAIT_SECONDS = 10;
/** Between answers whose way to the chain is timed: longer than two proofs take on two cores. */
const STEADY_MS = 800;
/** Far enough for all of them. */
const DEADLINE_SECONDS = 20_000;
const WARM_UP = 50;
const BARE_CALLS = 500;
const FUNDED_MS = 10_000;

export async function measureGateway(options: MeasureOptions): Promise<GatewayMeasurement> {
  const { requests, stockRequests, steadyRequests } = options;
  const total = requests[1] + requests[8] + requests[64] + stockRequests + steadyRequests + WARM_UP;
  const progress = startProgress("Gateway", 2 * total);
  const market = await startMarketplace({ models: [options.model], onStep: progress.note });
  try {
    return await measure(market, options, progress);
  } finally {
    progress.end();
    await market.stop();
  }
}

async function measure(market: Marketplace, options: MeasureOptions, progress: ReturnType<typeof startProgress>) {
  const { requests, stockRequests, steadyRequests, databaseUrl } = options;
  const [{ folder, id: modelId } = { folder: "", id: "0x" as Hex }] = market.models;
  const model = await openModel(folder);
  const input = exampleOf(model);
  const baselineMsP50 = timeBare(() => model.answer(input));
  const settings = market.settings({
    ...(databaseUrl !== undefined && { store: { url: databaseUrl } }),
    limits: { bodyBytes: 262_144, requestsPerSecond: 1_000_000, concurrency: 1024 },
  });
  let proven = 0;
  let firstProof = 0;
  let lastProof = 0;
  progress.note("starting the provider");
  const provider = await forkProvider(
    settings,
    {
      program: { kind: "snarkjs" },
      limits: { batchSize: BATCH_SIZE, maxWaitSeconds: MAX_WAIT_SECONDS },
      prices: { kind: "none" },
      privateKey: market.privateKey("prover"),
      pollMs: 200,
    },
    {
      onEvent({ kind }) {
        if (kind !== "proven") return;
        proven += 1;
        lastProof = performance.now();
        if (firstProof === 0) firstProof = lastProof;
      },
    },
  );
  try {
    const agent = market.account("agent");
    await market.fundTab(agent.address, 900n * DOLLAR, 5n * DOLLAR);
    const { timestamp } = await market.client.getBlock();
    const orders = ordersOf({
      settings,
      model,
      input,
      payer: agent.address,
      privateKey: market.privateKey("agent"),
      provider: market.account("provider").address,
      deadline: Math.max(Number(timestamp), Math.floor(Date.now() / 1000)) + DEADLINE_SECONDS,
    });
    const url = `${provider.url}/v1/models/${modelId}/infer`;
    await untilFunded(provider.url, agent.address);
    const take = (count: number): SignedOrder[] => Array.from({ length: count }, orders.next);
    const ask = async (count: number, connections: number) => {
      progress.note(`signing ${count} requests`);
      const taken = take(count);
      progress.note(`asking over ${connections} connections`);
      const load = await sendAll(url, taken, connections, progress.advance);
      if (load.failures.length > 0) throw new LoadRefusedError(load.failures);
      return load;
    };

    // One by one, and slowly enough that provers keep up: how long an answer alone takes to the chain.
    const steady: { id: Hex; at: number }[] = [];
    for (const order of take(steadyRequests)) {
      await sendAll(url, [order], 1, progress.advance);
      steady.push({ id: order.id, at: await chainSeconds(market) });
      await setTimeout(STEADY_MS);
    }
    await ask(WARM_UP, 1);
    const before = await stagesOf(provider.url);
    const one = await ask(requests[1], 1);
    const stages = difference(await stagesOf(provider.url), before);
    const eight = await ask(requests[8], 8);
    const many = await ask(requests[64], 64);
    progress.note("paying as a stock client");
    const stock = await timeStock(url, settings.token, market.account("client"), input, stockRequests);

    progress.note("settling");
    const count = WARM_UP + steadyRequests + requests[1] + requests[8] + requests[64] + stockRequests;
    const settled = await untilSettled(market, count, options.settleSeconds, progress.advance);
    const steadySeconds = steady.flatMap(({ id, at }) => {
      const found = settled.byId.get(id);
      return found === undefined ? [] : [found - at];
    });
    const figures: GatewayFigures = {
      overheadMsP50: round(quantile(one.latencies, 0.5) - baselineMsP50),
      overheadMsP99: round(quantile(one.latencies, 0.99) - baselineMsP50),
      answersPerSecond: {
        1: round(requests[1] / one.seconds),
        8: round(requests[8] / eight.seconds),
        64: round(requests[64] / many.seconds),
      },
      gasPerInference: Math.round(settled.gas / Math.max(settled.byId.size, 1)),
      settleSecondsP50: round(
        quantile(
          steadySeconds.sort((a, b) => a - b),
          0.5,
        ),
      ),
      proofsPerMinute: round((60_000 * (proven - 1)) / (lastProof - firstProof)),
      stockExactMsP50: round(quantile(stock, 0.5)),
      baselineMsP50: round(baselineMsP50),
      model: options.model,
      store: databaseUrl === undefined ? "folder" : "server",
      unsettled: count - settled.byId.size,
    };
    const totals = { answered: count, settled: settled.byId.size, transactions: settled.transactions };
    return { figures, stages, totals };
  } finally {
    await provider.stop();
  }
}

/** The least value of every field. */
function exampleOf({ manifest }: OpenModel): unknown[] {
  return manifest.input.fields.flatMap(({ min, count = 1 }) => Array.from({ length: count }, () => min));
}

/** The middle of many calls, warm, with nothing around them. */
function timeBare(call: () => unknown): number {
  const times = Array.from({ length: 2 * BARE_CALLS }, () => {
    const started = performance.now();
    call();
    return performance.now() - started;
  });
  return quantile(
    times.slice(BARE_CALLS).sort((one, other) => one - other),
    0.5,
  );
}

async function untilFunded(url: string, payer: string): Promise<void> {
  for (const end = performance.now() + FUNDED_MS; performance.now() < end;) {
    const tab = (await (await fetch(`${url}/v1/tabs/${payer}`)).json()) as { available: string; stake: string };
    if (BigInt(tab.available) > 0n && BigInt(tab.stake) > 0n) return;
    await setTimeout(100);
  }
  throw new LoadRefusedError(["the gateway does not see the tab"]);
}

/** Now, by this machine's clock in the chain's count: a local chain runs ahead by a second for each block in a second. */
async function chainSeconds({ client }: Marketplace): Promise<number> {
  const { timestamp } = await client.getBlock();
  return Math.max(Number(timestamp), Date.now() / 1000);
}

type Settled = { readonly byId: ReadonlyMap<Hex, number>; readonly gas: number; readonly transactions: number };

/** Waits for settlements on chain. Answers who was settled when, and what all of it cost. */
async function untilSettled(
  { client, escrow }: Marketplace,
  count: number,
  seconds: number,
  onSettled: () => void,
): Promise<Settled> {
  const byId = new Map<Hex, number>();
  const transactions = new Set<Hex>();
  let from = 0n;
  for (const end = performance.now() + 1000 * seconds; byId.size < count && performance.now() < end;) {
    const head = await client.getBlockNumber();
    const logs = from > head ? [] : await client.getLogs({ address: escrow.address, fromBlock: from, toBlock: head });
    for (const { args, blockNumber, transactionHash } of parseEventLogs({
      abi: escrowAbi,
      eventName: "Settled",
      logs,
    })) {
      if (!byId.has(args.id)) onSettled();
      byId.set(args.id, Number((await client.getBlock({ blockNumber })).timestamp));
      transactions.add(transactionHash);
    }
    from = head + 1n;
    await setTimeout(200);
  }
  let gas = 0;
  for (const hash of transactions) gas += Number((await client.getTransactionReceipt({ hash })).gasUsed);
  return { byId, gas, transactions: transactions.size };
}

type StageSums = Readonly<Record<string, { readonly seconds: number; readonly count: number }>>;

/** What the gateway's own metrics say of the parts of an answer. */
async function stagesOf(url: string): Promise<StageSums> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sums: Record<string, { seconds: number; count: number }> = {};
  for (const [, what, stage = "", value] of text.matchAll(
    /^assay_stage_seconds_(sum|count)\{stage="(\w+)"\} (\S+)$/gm,
  )) {
    sums[stage] ??= { seconds: 0, count: 0 };
    sums[stage][what === "sum" ? "seconds" : "count"] = Number(value);
  }
  return sums;
}

function difference(after: StageSums, before: StageSums): Stages {
  return Object.fromEntries(
    Object.entries(after).map(([stage, { seconds, count }]) => {
      const { seconds: old = 0, count: oldCount = 0 } = before[stage] ?? {};
      return [stage, round((1000 * (seconds - old)) / (count - oldCount))];
    }),
  );
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** The gateway under load did not answer. */
export class LoadRefusedError extends Error {
  override readonly name = "LoadRefusedError";

  constructor(failures: readonly string[]) {
    super(`${failures.length} requests were not answered. The first: ${failures[0]?.slice(0, 300)}`);
  }
}
