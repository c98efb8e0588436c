/** Measures the attested path: a gateway and an enclave before a server of the OpenAI API, against that server alone. */
import { setTimeout as sleep } from "node:timers/promises";

import type { Hex } from "viem";

import { startProgress } from "../../../src/cli/progress.ts";
import { ROUTES } from "../../../src/enclave/question.ts";
import { enclaveVerifierAbi } from "../../../src/protocol/abi/enclave-verifier.ts";
import { escrowAbi } from "../../../src/protocol/abi/escrow.ts";
import { startAttested } from "../../local/attested.ts";
import { forkProvider } from "../../local/fork-provider.ts";
import { DOLLAR, startMarketplace, type Marketplace } from "../../local/marketplace.ts";
import { quantile } from "../gateway/load.ts";
import { timeNitro, timeTdx } from "./documents.ts";
import { attestedOrders } from "./orders.ts";

export type AttestFigures = {
  readonly verifyNitroMs: number;
  readonly verifyTdxMs: number;
  readonly gasEnrol: number;
  readonly gasPerClaim: number;
  readonly overheadMsP50: number;
  readonly overheadPerTokenMs: number;
};

export type AttestMeasurement = {
  readonly figures: AttestFigures;
  /** Of the upstream alone, and through gateway and enclave. */
  readonly wholeMs: { readonly bare: number; readonly attested: number };
  readonly streamMs: { readonly bare: number; readonly attested: number; readonly tokens: number };
  readonly settled: number;
};

const BATCH_SIZE = 32;
/** Full batches, of which the first pays for storage that was never written. */
const WHOLE = 4 * BATCH_SIZE;
const STREAMED = BATCH_SIZE;
const WARM_UP = 20;
/** As many tokens as its enclave allows at most. */
const LONG = Array.from({ length: 380 }, (_, index) => `word${index}`).join(" ");
const SHORT = "What is a proof?";
const DEADLINE_SECONDS = 3_000;
const SETTLE_MS = 60_000;

export async function measureAttested(): Promise<AttestMeasurement> {
  const progress = startProgress("Attested", 2 + 2 * (WHOLE + STREAMED));
  try {
    progress.note("verifying documents");
    const verifyNitroMs = rounded(await timeNitro());
    progress.advance();
    const verifyTdxMs = rounded(await timeTdx());
    progress.advance();
    const market = await startMarketplace({ models: [], onStep: progress.note });
    try {
      const { gasEnrol, gasPerClaim, whole, streamed, settled } = await measureMarket(market, progress);
      const [bareStream, attestedStream, tokens] = streamed;
      return {
        figures: {
          verifyNitroMs,
          verifyTdxMs,
          gasEnrol,
          gasPerClaim,
          overheadMsP50: rounded(whole[1] - whole[0]),
          overheadPerTokenMs: rounded((attestedStream - bareStream) / tokens),
        },
        wholeMs: { bare: rounded(whole[0]), attested: rounded(whole[1]) },
        streamMs: { bare: rounded(bareStream), attested: rounded(attestedStream), tokens },
        settled,
      };
    } finally {
      await market.stop();
    }
  } finally {
    progress.end();
  }
}

async function measureMarket(market: Marketplace, progress: ReturnType<typeof startProgress>) {
  const attested = await startAttested(market);
  const { sale, chat, manifests, upstream } = attested;
  const [manifest] = manifests;
  if (manifest === undefined) throw new NothingToMeasureError();
  const settings = market.settings({
    enclaves: [sale],
    limits: { bodyBytes: 262_144, requestsPerSecond: 1_000_000, concurrency: 1_024 },
  });
  const provider = await forkProvider(settings, {
    program: { kind: "snarkjs" },
    workers: 1,
    limits: { batchSize: BATCH_SIZE, maxWaitSeconds: 5 },
    prices: { kind: "none" },
    pollMs: 200,
  });
  try {
    await market.fundTab(market.account("agent").address, 100n * DOLLAR, 5n * DOLLAR);
    await sleep(2_000);
    const deadline = Math.floor(Date.now() / 1000) + DEADLINE_SECONDS;
    const orders = attestedOrders(market, sale, manifest, chat, deadline);
    const bareUrl = `${upstream.url}${ROUTES.chat}`;
    const paidUrl = `${provider.url}${ROUTES.chat}`;
    const times = async (content: string, stream: boolean, count: number): Promise<[bare: number, paid: number]> => {
      const [bare, paid]: [number[], number[]] = [[], []];
      // In turn, so that whatever else the machine does slows down both.
      for (let index = 0; index < count; index++) {
        const body = JSON.stringify({ model: "upstream-chat", messages: [{ role: "user", content }], stream });
        bare.push(await timed(bareUrl, {}, body));
        const order = orders.next(content, stream);
        paid.push(await timed(paidUrl, order.headers, order.body));
        progress.advance();
      }
      return [medianAfter(bare, Math.min(WARM_UP, count / 2)), medianAfter(paid, Math.min(WARM_UP, count / 2))];
    };
    progress.note("asking");
    const whole = await times(SHORT, false, WHOLE);
    const [bareStream, attestedStream] = await times(LONG, true, STREAMED);
    progress.note("settling");
    const total = WHOLE + STREAMED;
    const settled = await settledIn(market, total, progress);
    return {
      gasEnrol: await gasOfEnrolment(market, sale.verifier),
      gasPerClaim: await gasOfFullBatch(market, settled),
      whole,
      streamed: [bareStream, attestedStream, tokensOf(LONG, manifest.mostOutputTokens)] as const,
      settled: settled.length,
    };
  } finally {
    await provider.stop();
    await attested.stop();
  }
}

/** Milliseconds until the last byte of an answer is there. */
async function timed(url: string, headers: Record<string, string>, body: string): Promise<number> {
  const started = performance.now();
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  const text = await response.text();
  const milliseconds = performance.now() - started;
  if (response.status !== 200) throw new NotAnsweredError(response.status, text);
  return milliseconds;
}

type Settled = { readonly transactionHash: Hex };

async function settledIn(
  market: Marketplace,
  count: number,
  progress: ReturnType<typeof startProgress>,
): Promise<Settled[]> {
  const until = performance.now() + SETTLE_MS;
  let seen = 0;
  for (;;) {
    const events = await market.client.getContractEvents({
      address: market.deployment.escrow,
      abi: escrowAbi,
      eventName: "Settled",
      fromBlock: 0n,
    });
    for (; seen < events.length; seen++) progress.advance();
    if (events.length >= count || performance.now() > until) return events;
    await sleep(500);
  }
}

/** Of the median full batch but the first: transaction, calldata, signatures, storage and events, by 32. */
async function gasOfFullBatch(market: Marketplace, settled: readonly Settled[]): Promise<number> {
  const batches = [...Map.groupBy(settled, ({ transactionHash }) => transactionHash)];
  const gas: number[] = [];
  for (const [hash, fills] of batches.slice(1)) {
    if (fills.length !== BATCH_SIZE) continue;
    const { gasUsed } = await market.client.getTransactionReceipt({ hash });
    gas.push(Number(gasUsed) / BATCH_SIZE);
  }
  return Math.round(medianAfter(gas, 0));
}

async function gasOfEnrolment(market: Marketplace, address: `0x${string}`): Promise<number> {
  const [enrolled] = await market.client.getContractEvents({
    address,
    abi: enclaveVerifierAbi,
    eventName: "Enrolled",
    fromBlock: 0n,
  });
  if (enrolled === undefined) throw new NothingToMeasureError();
  const { gasUsed } = await market.client.getTransactionReceipt({ hash: enrolled.transactionHash });
  return Number(gasUsed);
}

function tokensOf(content: string, most: number): number {
  // The local upstream says four words, and then those of the question.
  return Math.min(most, content.split(" ").length + 4);
}

function medianAfter(values: readonly number[], warmUp: number): number {
  const sorted = values.slice(warmUp).toSorted((one, other) => one - other);
  return quantile(sorted, 0.5);
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** A measured question got no answer. */
export class NotAnsweredError extends Error {
  override readonly name = "NotAnsweredError";

  constructor(status: number, text: string) {
    super(`A measured question was answered with ${status}: ${text.slice(0, 300)}`);
  }
}

/** The market has no enclave. */
export class NothingToMeasureError extends Error {
  override readonly name = "NothingToMeasureError";

  constructor() {
    super("There is no enrolled enclave to measure. See scripts/local/attested.ts.");
  }
}
