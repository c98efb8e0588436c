/** What became of answers, by the chain alone: settled as they were signed, otherwise, or never. */
import type { Address, Hash, Hex, PublicClient } from "viem";

import { escrowAbi } from "../protocol/abi/escrow.ts";
import type { Deployment } from "../protocol/deployment.ts";
import type { Evidence } from "./evidence.ts";
import { sleep } from "./gateway.ts";

/** One payment, as deep in the chain as was asked for. */
export type Settlement = {
  readonly id: Hex;
  readonly transaction: Hash;
  readonly block: bigint;
  readonly prover: Address;
  readonly output: Hex;
  readonly charge: bigint;
};

export type SettlementOptions = {
  readonly client: PublicClient;
  readonly deployment: Deployment;
  /** How many blocks there must be from a settlement's own to the latest; one is its own alone. */
  readonly confirmations: number;
  /** Milliseconds between two looks. */
  readonly interval: number;
};

export type Settlements = {
  /** Resolves when it settled; rejects when it settled otherwise, or can settle no more. */
  readonly of: (evidence: Evidence) => Promise<Settlement>;
  readonly close: () => void;
};

/** Nodes refuse to search more than some thousands at once. */
const MOST_BLOCKS = 2_000n;

/** Finds the settlements of some requests in a range of blocks. */
export async function settlementsIn(
  client: PublicClient,
  escrow: Address,
  ids: readonly Hex[],
  { from, to }: { readonly from: bigint; readonly to: bigint },
): Promise<Settlement[]> {
  const found: Settlement[] = [];
  for (let first = from; first <= to; first += MOST_BLOCKS) {
    const last = first + MOST_BLOCKS - 1n;
    const events = await client.getContractEvents({
      address: escrow,
      abi: escrowAbi,
      eventName: "Settled",
      args: { id: [...ids] },
      fromBlock: first,
      toBlock: last < to ? last : to,
      strict: true,
    });
    for (const { args, transactionHash, blockNumber } of events) {
      const { id, prover, output, charge } = args;
      found.push({ id, prover, output, charge, transaction: transactionHash, block: blockNumber });
    }
  }
  return found;
}

type Waiting = {
  readonly evidence: Evidence;
  readonly resolve: (settlement: Settlement) => void;
  readonly reject: (error: Error) => void;
  /** The first block that was not looked at. */
  next: bigint;
};

/** Looks for what is waited for, all of it in one look; at rest while nothing is. */
export function followSettlements({ client, deployment, confirmations, interval }: SettlementOptions): Settlements {
  const waiting = new Set<Waiting>();
  const closing = new AbortController();
  let isLooking = false;

  const look = async (): Promise<void> => {
    const latest = await client.getBlockNumber({ cacheTime: 0 });
    const to = latest - BigInt(confirmations) + 1n;
    const all = [...waiting].filter(({ next }) => next <= to);
    if (all.length === 0) return;
    const { timestamp } = await client.getBlock({ blockNumber: to });
    const from = all.reduce((least, { next }) => (next < least ? next : least), to);
    const ids = all.map(({ evidence }) => evidence.id);
    const found = new Map(
      (await settlementsIn(client, deployment.escrow, ids, { from, to })).map((each) => [each.id, each]),
    );
    for (const each of all) {
      const settlement = found.get(each.evidence.id);
      each.next = to + 1n;
      if (settlement !== undefined) finish(each, settlement);
      else if (timestamp > BigInt(each.evidence.request.deadline)) fail(each, new UnprovenError(each.evidence));
    }
  };
  const finish = (each: Waiting, settlement: Settlement): void => {
    const { output, charge } = each.evidence;
    if (settlement.output !== output || settlement.charge !== charge) {
      fail(each, new SettledOtherwiseError(each.evidence, settlement));
      return;
    }
    waiting.delete(each);
    each.resolve(settlement);
  };
  const fail = (each: Waiting, error: Error): void => {
    waiting.delete(each);
    each.reject(error);
  };

  const run = async (): Promise<void> => {
    isLooking = true;
    while (waiting.size > 0) {
      // A node that does not answer is asked again: what it did not say may be good news.
      await look().catch(() => {});
      if (waiting.size > 0) await sleep(interval, closing.signal);
    }
    isLooking = false;
  };

  return {
    of(evidence) {
      if (closing.signal.aborted) return Promise.reject(new ClosedError());
      return new Promise((resolve, reject) => {
        waiting.add({ evidence, resolve, reject, next: evidence.since });
        if (!isLooking) void run();
      });
    },
    close() {
      closing.abort();
      for (const each of waiting) fail(each, new ClosedError());
    },
  };
}

/** What became of one answer, watched for only once somebody wants to know. */
export function whenAsked(settlements: Settlements, evidence: Evidence): () => Promise<Settlement> {
  let settled: Promise<Settlement> | undefined;
  return () => {
    if (settled === undefined) {
      settled = settlements.of(evidence);
      // Whoever looked may have stopped waiting.
      settled.catch(() => {});
    }
    return settled;
  };
}

/** A provider's answer was not proven in time, and costs nothing. What the provider promised to lose can be taken. */
export class UnprovenError extends Error {
  override readonly name = "UnprovenError";
  readonly evidence: Evidence;

  constructor(evidence: Evidence) {
    super(
      `Nobody proved the answer to ${evidence.id} until its deadline, ${evidence.request.deadline}, so that it costs ` +
        `nothing. Do not rely on it. Slash the provider: it owes up to ${evidence.request.penalty} from its stake.`,
    );
    this.evidence = evidence;
  }
}

/** A request was paid for another answer than its provider gave. */
export class SettledOtherwiseError extends Error {
  override readonly name = "SettledOtherwiseError";
  readonly evidence: Evidence;
  readonly settlement: Settlement;

  constructor(evidence: Evidence, settlement: Settlement) {
    super(
      `The request ${evidence.id} settled with the output ${settlement.output} for ${settlement.charge}, but its provider ` +
        `answered ${evidence.output} for ${evidence.charge}. It signed both: contradict it.`,
    );
    this.evidence = evidence;
    this.settlement = settlement;
  }
}

/** Nobody waits any more. */
export class ClosedError extends Error {
  override readonly name = "ClosedError";

  constructor() {
    super("The connection was closed. Connect again, and look the receipt up with verifyReceipt.");
  }
}
