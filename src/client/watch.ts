/** Takes what providers owe: looks through a book of evidence, and acts once on what was not kept. */
import { decodeFunctionData, type Address, type Hash, type Hex, type PublicClient } from "viem";

import { escrowAbi } from "../protocol/abi/escrow.ts";
import type { Deployment } from "../protocol/deployment.ts";
import { idOf } from "../protocol/request.ts";
import type { Book, Evidence } from "./evidence.ts";
import { sleep } from "./gateway.ts";
import { verifyReceipt } from "./receipt.ts";
import { contradict, reclaim, slash, type SecondAnswer, type Wallet } from "./redress.ts";

export type WatchOptions = {
  readonly client: PublicClient;
  readonly deployment: Deployment;
  /** Pays the gas; what it takes goes to the payers. */
  readonly wallet: Wallet;
  readonly book: Book;
  /** A penalty below is not worth its gas. */
  readonly worth?: bigint;
  readonly confirmations?: number;
  /** Milliseconds between two looks through the book. */
  readonly interval?: number;
  readonly onAct?: (act: Act) => void;
  /** What went wrong for one answer; it is tried again. */
  readonly onError?: (error: unknown, evidence?: Evidence) => void;
};

/** What was done about an answer, after which it is in the book no more. */
export type Act = {
  readonly id: Hex;
  readonly kind: "settled" | "slashed" | "contradicted" | "reclaimed" | "let-go";
  readonly transaction?: Hash;
};

export type Watch = {
  /** Looks through the book once. */
  readonly round: () => Promise<readonly Act[]>;
  readonly close: () => void;
};

const OPEN = 1;
const WORTH = 1n;

/** Starts to watch a book. One look follows the other, so that nothing is done twice. */
export function watch(options: WatchOptions): Watch {
  const { client, book, interval = 60_000, onAct = () => {}, onError = () => {} } = options;
  const closing = new AbortController();
  let last: Promise<unknown> = Promise.resolve();

  const look = async (): Promise<Act[]> => {
    const acts: Act[] = [];
    const { timestamp } = await client.getBlock({ includeTransactions: false });
    for (const evidence of await book.all()) {
      if (closing.signal.aborted) break;
      // Until then it can be proven.
      if (timestamp <= BigInt(evidence.request.deadline)) continue;
      try {
        for (const act of await actOn(evidence, options)) {
          acts.push(act);
          onAct(act);
        }
      } catch (error) {
        onError(error, evidence);
      }
    }
    return acts;
  };
  const round = (): Promise<Act[]> => {
    const done = last.then(look);
    last = done.catch(() => {});
    return done;
  };
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await round().catch((error: unknown) => onError(error));
      await sleep(interval, closing.signal);
    }
  };
  void run();
  return { round, close: () => closing.abort() };
}

async function actOn(evidence: Evidence, options: WatchOptions): Promise<Act[]> {
  const { client, deployment, book, confirmations = 1 } = options;
  const { id } = evidence;
  const standing = await verifyReceipt(evidence, { client, deployment, confirmations });
  const done = async (kind: Act["kind"], transaction?: Hash): Promise<Act[]> => {
    await book.drop(id);
    return [{ id, kind, ...(transaction === undefined ? {} : { transaction }) }];
  };
  switch (standing.state) {
    case "promised":
      return [];
    case "settled":
      return done("settled");
    case "settled-otherwise": {
      const second = await settledAnswer(client, standing.settlement.transaction, evidence, deployment);
      if (second === undefined || !(await isWorth(evidence, standing.penalised, options))) return done("let-go");
      return done("contradicted", await contradict(options.wallet, deployment.escrow, evidence, second));
    }
    case "unproven":
      return redress(evidence, standing.penalised, options, done);
  }
}

/** The lock's money first, which is the payer's own; then the penalty, which a reclaimed lock still owes. */
async function redress(
  evidence: Evidence,
  penalised: bigint,
  options: WatchOptions,
  done: (kind: Act["kind"], transaction?: Hash) => Promise<Act[]>,
): Promise<Act[]> {
  const { client, deployment, wallet } = options;
  const { request, id } = evidence;
  const acts: Act[] = [];
  const escrow = { address: deployment.escrow, abi: escrowAbi } as const;
  if (request.locked) {
    const { state } = await client.readContract({ ...escrow, functionName: "lockOf", args: [id] });
    if (state === OPEN) {
      acts.push({ id, kind: "reclaimed", transaction: await reclaim(wallet, deployment.escrow, evidence) });
    }
  } else {
    // Another request with this nonce was paid: this one is owed by nobody.
    const args = [request.payer, request.provider, request.nonce] as const;
    if (await client.readContract({ ...escrow, functionName: "isNonceUsed", args })) return done("let-go");
  }
  if (!(await isWorth(evidence, penalised, options))) return [...acts, ...(await done("let-go"))];
  return [...acts, ...(await done("slashed", await slash(wallet, deployment.escrow, evidence)))];
}

async function isWorth(
  { request }: Evidence,
  penalised: bigint,
  { client, deployment, worth = WORTH }: WatchOptions,
): Promise<boolean> {
  const { stake } = await client.readContract({
    address: deployment.escrow,
    abi: escrowAbi,
    functionName: "tabOf",
    args: [request.payer, request.provider],
  });
  const owed = request.penalty - penalised;
  return (owed < stake ? owed : stake) >= worth;
}

/** The other answer that a provider signed, out of the transaction that settled it. */
async function settledAnswer(
  client: PublicClient,
  hash: Hash,
  { id }: Evidence,
  deployment: Deployment,
): Promise<SecondAnswer | undefined> {
  const { to, input } = await client.getTransaction({ hash });
  // Through another contract its data has another form.
  if (to === null || (to.toLowerCase() as Address) !== deployment.escrow.toLowerCase()) return undefined;
  const { functionName, args } = decodeFunctionData({ abi: escrowAbi, data: input });
  if (functionName !== "settle") return undefined;
  const fill = args[0].find(({ request }) => idOf(request, deployment) === id);
  return fill && { output: fill.output, charge: fill.charge, receipt: fill.receipt };
}
