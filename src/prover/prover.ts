/** Leases jobs, proves them, settles them in batches. Nothing that it meets ends it but `stop`. */
import type { Address, PublicClient } from "viem";

import type { Sender } from "../chain/send.ts";
import type { Deployment } from "../protocol/deployment.ts";
import { BATCH_LIMITS, startBatches, type BatchLimits, type Now } from "./batch.ts";
import { localSeconds, startChainClock } from "./chain-clock.ts";
import { startGasGuesses } from "./gas.ts";
import { startHand, type Held } from "./hand.ts";
import { startIntake } from "./intake.ts";
import type { JobSource } from "./job-source.ts";
import { feeBpsOf } from "./owed.ts";
import { reasonOf } from "./plain.ts";
import type { Pool } from "./pool.ts";
import { exchangeOf, type PriceSource } from "./price-source.ts";
import { startCounting, type ProverEvent, type ProverReport } from "./prover-events.ts";
import { backoffMs, rest } from "./rest.ts";
import { startSettling, type Fate, type Proven } from "./settle.ts";
import { startWorth } from "./worth.ts";

export type ProverOptions = {
  readonly source: JobSource;
  readonly pool: Pool;
  readonly sender: Sender;
  readonly client: PublicClient;
  readonly deployment: Deployment;
  /** The provider for whom it proves at any fee; none where it works for fees alone. */
  readonly own?: Address | undefined;
  readonly prices: PriceSource;
  readonly tokenDecimals: number;
  /** How many blocks deep somebody else's settlement of a job counts; 1, its own block, unless said otherwise. */
  readonly confirmations?: number;
  readonly limits?: Partial<BatchLimits>;
  /** How often it looks for jobs and due batches where there is nothing to do. */
  readonly pollMs?: number;
  /** How often leases are kept up. */
  readonly keepMs?: number;
  /** How many settlements may be under way before no more are begun. */
  readonly mostInFlight?: number;
  readonly onEvent?: (event: ProverEvent) => void;
};

export type Prover = {
  /**
   * Takes no more jobs, and gives back whatever has not come to an end after this time. Source, pool and sender are the
   * caller's to stop.
   */
  readonly stop: (graceSeconds?: number) => Promise<void>;
  readonly report: () => ProverReport;
};

const POLL_MS = 1_000;
const KEEP_MS = 10_000;
const GRACE_SECONDS = 60;
const MOST_IN_FLIGHT = 4;
/** Jobs in hand a process: one that is proven, and one that waits, so that no process is ever idle. */
const JOBS_PER_WORKER = 2;
/** Proven batches that may wait for a chain that does not answer, before no more jobs are taken. */
const MOST_BATCHES_WAITING = 4;
/** Between blocks the chain's time is counted on: it needs no look at each turn. */
const TURNS_PER_CLOCK = 10;

/** Rejects only when the chain does not answer at the start, or when a fixed price is none. */
export async function startProver(options: ProverOptions): Promise<Prover> {
  const { source, pool, sender, client, deployment, own, prices, tokenDecimals, onEvent = () => {} } = options;
  const { pollMs = POLL_MS, keepMs = KEEP_MS, mostInFlight = MOST_IN_FLIGHT } = options;
  // With none, the state of a block would be asked for that is not there yet.
  const confirmations = Math.max(1, options.confirmations ?? 1);
  const limits = { ...BATCH_LIMITS, ...options.limits };
  const { batchSize, deadlineMarginSeconds } = limits;
  const [clock, feeBps] = await Promise.all([startChainClock(client), feeBpsOf({ client, deployment })]);
  // A feed that is silent may speak again; a price that was given wrong stays so.
  if (prices.kind === "fixed") await exchangeOf(prices, client, tokenDecimals);
  const counts = startCounting();
  const tell = (event: ProverEvent): void => {
    counts.count(event);
    onEvent(event);
  };
  /** Aborted when no more jobs are taken; then when everything is to end. */
  const [closing, ending] = [new AbortController(), new AbortController()];
  const hand = startHand(tell, ending.signal);
  const batches = startBatches<Proven>(limits);
  const gas = startGasGuesses();
  const worth = startWorth({ client, prices, tokenDecimals, gas, batchSize, deadlineMarginSeconds, own });
  const chain = { client, deployment, feeBps, worth, confirmations };
  const now = (): Now => ({ local: localSeconds(), chain: clock.now() });
  const wait = (proven: Proven): void => {
    if (hand.has(proven.id)) batches.add(proven, now());
  };
  const settle = startSettling({ ...chain, sender, gas, chainTime: clock.now, onGas: counts.spend });
  const intake = startIntake({
    ...chain,
    pool,
    hand,
    prover: sender.address,
    own,
    closing: closing.signal,
    onProven: wait,
    onEvent: tell,
  });
  const working = new Set<Promise<void>>();
  let [proving, inFlight, turns] = [0, 0, 0];

  const track = (work: Promise<void>): void => {
    const tracked = work.finally(() => working.delete(tracked));
    working.add(tracked);
  };

  const prove = async (held: Held): Promise<void> => {
    proving++;
    await intake.prove(held).finally(() => proving--);
  };

  const meet = async (fate: Fate<Proven>): Promise<void> => {
    const { id, request } = fate.item;
    if (fate.kind === "settled") await hand.settled(id, fate.transaction, request.proverFee);
    if (fate.kind === "closed") await hand.closed(id);
    if (fate.kind === "set-aside") await hand.setAside(id, fate.reason);
  };

  const settleOne = async (batch: readonly Proven[]): Promise<void> => {
    inFlight++;
    let again = batch;
    try {
      const fates = await settle(batch);
      await Promise.all(fates.map(meet));
      again = fates.filter(({ kind }) => kind === "later").map(({ item }) => item);
    } catch (error) {
      tell({ kind: "trouble", with: "chain", reason: reasonOf(error) });
    }
    // One whose deadline is near would be due again at once.
    if (again.length > 0) await rest(pollMs, ending.signal);
    again.forEach(wait);
    inFlight--;
  };

  const lease = async (): Promise<number> => {
    const room = JOBS_PER_WORKER * pool.workers - proving;
    if (room <= 0 || batches.size() >= MOST_BATCHES_WAITING * batchSize) return Math.min(pollMs, 100);
    const leased = await source.lease(room);
    const taken = leased.map((each) => hand.take(each)).filter((held) => held !== undefined);
    const accepted = await Promise.all(taken.map((held) => intake.accept(held)));
    const worthwhile = taken.filter((_, index) => accepted[index]);
    for (const held of worthwhile) track(prove(held));
    // Jobs that were given back come again with the next lease.
    return worthwhile.length === 0 ? pollMs : 0;
  };

  const settleDue = async (): Promise<number> => {
    if (turns++ % TURNS_PER_CLOCK === 0) await clock.refresh();
    if (inFlight < mostInFlight) for (const batch of batches.takeDue(now())) track(settleOne(batch));
    return pollMs;
  };

  /** Repeats a step until the signal; after one that fails, later and later. */
  const repeat = async (who: "source" | "chain", { signal }: AbortController, step: () => Promise<number>) => {
    for (let failures = 0; !signal.aborted;) {
      try {
        await rest(await step(), signal);
        failures = 0;
      } catch (error) {
        tell({ kind: "trouble", with: who, reason: reasonOf(error) });
        await rest(backoffMs(failures++, pollMs), signal);
      }
    }
  };

  const leasing = repeat("source", closing, lease);
  const others = [
    repeat("chain", ending, settleDue),
    repeat("source", ending, async () => {
      await rest(keepMs, ending.signal);
      await hand.keepAll();
      return 0;
    }),
  ];

  const finish = async (): Promise<void> => {
    await leasing;
    while ((hand.size() > 0 || working.size > 0) && !ending.signal.aborted) {
      for (const batch of batches.takeAll()) track(settleOne(batch));
      await rest(Math.min(pollMs, 100), ending.signal);
    }
  };

  return {
    report: () => counts.reportWith(hand.size()),
    async stop(graceSeconds = GRACE_SECONDS) {
      closing.abort();
      await Promise.race([rest(graceSeconds * 1_000, ending.signal), finish()]);
      ending.abort();
      await Promise.all([leasing, ...others]);
      await Promise.all(hand.ids().map((id) => hand.giveBack(id, "the prover stops")));
    },
  };
}
