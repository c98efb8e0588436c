/** Sending transactions: one sender a key, since the transactions of a key have an order. */
import type { Address, Hex, PublicClient, TransactionReceipt } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import type { Purse } from "./broadcast.ts";
import { help, look, reasonOf, type Flight } from "./flight.ts";
import { CallRevertedError, type Call } from "./gas.ts";
import { launch } from "./launch.ts";
import { backoff, patiently, pause } from "./patience.ts";
import { chainErrorOf } from "./rpc.ts";

export type { Call } from "./gas.ts";

/** A transaction that is mined, as deep as was asked for. */
export type Sent = {
  readonly transaction: Hex;
  readonly block: number;
  readonly gasUsed: bigint;
  readonly gasPrice: bigint;
};

export type SendOptions = {
  /** Told the hash of each version of the transaction, before the node is given it. */
  readonly onSent?: (transaction: Hex) => void;
  /** Asked when another transaction of the same key took the nonce. By default, it is when the call still goes through. */
  readonly isStillWanted?: () => Promise<boolean>;
};

export type Sender = {
  readonly address: Address;
  /** Simulates, sends, and waits until mined `confirmations` deep; resends or replaces on the way. */
  readonly send: (call: Call, options?: SendOptions) => Promise<Sent>;
  readonly stop: () => Promise<void>;
};

export type SenderOptions = {
  readonly client: PublicClient;
  readonly rpc: string;
  readonly privateKey: Hex;
  /** How many blocks deep a transaction counts; 1 is its own block. */
  readonly confirmations: number;
  readonly pollMs?: number;
  /** How long a transaction waits for a block before it pays more. */
  readonly bumpAfterMs?: number;
  readonly mostFeePerGas?: bigint;
};

/** 200 gwei: no less than what most chains ever ask for, and an end to what a node that lies can make anyone pay. */
const MOST_FEE_PER_GAS = 200_000_000_000n;

/** A nonce that somebody may be about to use is left alone for so many times the wait for higher fees. */
const GAP_PATIENCE = 4;

type Order = {
  readonly call: Call;
  readonly options: SendOptions;
  /** Set once a mined transaction ran out of gas; then it gets at least this much. */
  readonly floor: bigint;
  /** Whether its nonce was taken by another transaction. */
  readonly isAgain: boolean;
  readonly nonce: number | undefined;
  readonly resolve: (sent: Sent) => void;
  readonly reject: (error: unknown) => void;
};

/** Starts a sender for a key. It is idle, and holds no process, while nothing is under way. */
export async function startSender(options: SenderOptions): Promise<Sender> {
  const { client, rpc, privateKey, pollMs = 1000, bumpAfterMs = 30_000, mostFeePerGas = MOST_FEE_PER_GAS } = options;
  const confirmations = Math.max(1, options.confirmations);
  const { origin } = new URL(rpc);
  const account = privateKeyToAccount(privateKey);
  const chainId = await client.getChainId().catch((error: unknown) => {
    throw chainErrorOf(error, origin);
  });
  const purse: Purse = { client, account, chainId, most: mostFeePerGas };
  const end = new AbortController();
  const patience = { origin, firstMs: pollMs, signal: end.signal };
  /** In the order of their nonces. */
  const air = new Map<Flight, Order>();
  let line: Promise<void> = Promise.resolve();
  let watch: Promise<void> | undefined;
  let gap: { readonly nonce: number; readonly since: number } | undefined;

  const send = async (call: Call, given: SendOptions = {}): Promise<Sent> =>
    new Promise((resolve, reject) => {
      queue({ call, options: given, floor: 0n, isAgain: false, nonce: undefined, resolve, reject });
    });

  /** One after the other, so that nonces are in the order of the calls. */
  function queue(order: Order, begin = start): void {
    line = line.then(async () => begin(order)).catch(order.reject);
  }

  async function start({ call, floor, nonce, ...order }: Order): Promise<void> {
    const { onSent = () => {} } = order.options;
    for (let tries = 0; !end.signal.aborted; tries++) {
      const above = Math.max(0, ...inAir().map(([flight]) => flight.nonce + 1));
      const flight = await patiently(patience, async () => launch(purse, { call, onSent, floor, nonce, above })).catch(
        (error: unknown) => {
          throw whyNot(error, { call, floor, nonce, ...order });
        },
      );
      if (flight !== undefined && !end.signal.aborted) {
        air.set(flight, { call, floor, nonce, ...order });
        watch ??= watchAir();
        return;
      }
      // Whatever took it, the nonce that was to be filled is.
      if (nonce !== undefined) return;
      await pause(backoff(tries, pollMs), end.signal);
    }
    throw new SenderStoppedError(call.what);
  }

  function whyNot(error: unknown, { call, options: { isStillWanted }, isAgain }: Order): unknown {
    if (end.signal.aborted) return new SenderStoppedError(call.what, { cause: error });
    if (isAgain && isStillWanted === undefined && error instanceof CallRevertedError) {
      return new NonceTakenError(call.what, account.address, { cause: error });
    }
    return error;
  }

  function inAir(): [Flight, Order][] {
    return [...air].sort(([a], [b]) => a.nonce - b.nonce);
  }

  async function watchAir(): Promise<void> {
    for (let failures = 0; air.size > 0 && !end.signal.aborted;) {
      try {
        await round();
        failures = 0;
      } catch {
        // Whatever it is: what is in the air stays there, and is looked for again.
        failures++;
      }
      if (air.size > 0) await pause(backoff(failures, pollMs), end.signal);
    }
    watch = undefined;
  }

  async function round(): Promise<void> {
    const [head, nonce] = await Promise.all([
      client.getBlockNumber({ cacheTime: 0 }),
      client.getTransactionCount({ address: account.address }),
    ]);
    for (const [flight, order] of inAir()) {
      const sighting = await look(client, flight, { head: Number(head), nonce, confirmations });
      switch (sighting.kind) {
        case "landed":
          air.delete(flight);
          await land(flight, order, sighting.receipt);
          break;
        case "taken":
          air.delete(flight);
          queue(order, startAgain);
          break;
        case "aloft":
          await help(purse, flight, bumpAfterMs);
          break;
        case "waiting":
          break;
      }
    }
    await closeGap(nonce);
  }

  async function land(flight: Flight, order: Order, receipt: TransactionReceipt): Promise<void> {
    const { transactionHash: transaction, gasUsed, effectiveGasPrice: gasPrice } = receipt;
    const { what } = order.call;
    if (receipt.status === "success") {
      order.resolve({ transaction, block: Number(receipt.blockNumber), gasUsed, gasPrice });
    } else if (gasUsed * 16n < flight.gas * 15n) {
      const reason = await reasonOf(purse, flight, receipt);
      order.reject(new TransactionRevertedError(what, reason, transaction));
    } else if (order.floor === 0n) {
      queue({ ...order, floor: 4n * flight.gas });
    } else {
      order.reject(new OutOfGasError(what, flight.gas, transaction));
    }
  }

  async function startAgain(order: Order): Promise<void> {
    const { call, options: given } = order;
    const isWanted = (await given.isStillWanted?.()) ?? true;
    if (!isWanted) throw new NonceTakenError(call.what, account.address);
    await start({ ...order, isAgain: true });
  }

  /**
   * Nonces below all that are in the air are somebody else's, whose transactions can get lost: by a pool that forgets, or
   * by a reorganisation after they had counted. As nothing is mined above such a gap, an empty transaction closes it.
   */
  async function closeGap(next: number): Promise<void> {
    const [lowest] = inAir();
    if (lowest === undefined || lowest[0].nonce <= next) {
      gap = undefined;
      return;
    }
    if (gap?.nonce !== next) gap = { nonce: next, since: Date.now() };
    const pending = await client.getTransactionCount({ address: account.address, blockTag: "pending" });
    if (Date.now() - gap.since < (pending > next ? GAP_PATIENCE : 1) * bumpAfterMs) return;
    gap = undefined;
    const call: Call = { to: account.address, data: "0x", what: `close the gap at nonce ${next}` };
    const unwantedLater = { isStillWanted: async () => false };
    queue({ call, options: unwantedLater, floor: 0n, isAgain: false, nonce: next, resolve() {}, reject() {} });
  }

  async function stop(): Promise<void> {
    end.abort();
    for (const { call, reject } of air.values()) reject(new SenderStoppedError(call.what));
    await line;
    await watch;
  }

  return { address: account.address, send, stop };
}

/** A transaction was mined, and reverted. */
export class TransactionRevertedError extends Error {
  override readonly name = "TransactionRevertedError";
  readonly reason: string;
  readonly transaction: Hex;

  constructor(what: string, reason: string, transaction: Hex) {
    super(`The transaction to ${what} reverted: ${reason} (${transaction})`);
    this.reason = reason;
    this.transaction = transaction;
  }
}

/** A transaction ran out of gas, and once more with four times as much. */
export class OutOfGasError extends Error {
  override readonly name = "OutOfGasError";
  readonly gas: bigint;
  readonly transaction: Hex;

  constructor(what: string, gas: bigint, transaction: Hex) {
    super(
      `The transaction to ${what} ran out of gas with ${gas}, where the node had found less to be enough ` +
        `(${transaction}). Do less in one call, or use another node.`,
    );
    this.gas = gas;
    this.transaction = transaction;
  }
}

/** Somebody else used the nonce of a transaction, and what it was for is not wanted any more. */
export class NonceTakenError extends Error {
  override readonly name = "NonceTakenError";

  constructor(what: string, account: Address, options?: ErrorOptions) {
    super(
      `Another transaction of ${account} was mined instead of the one to ${what}, which is no longer of use. ` +
        "Give each program a key of its own.",
      options,
    );
  }
}

/** A sender was stopped. */
export class SenderStoppedError extends Error {
  override readonly name = "SenderStoppedError";

  constructor(what: string, options?: ErrorOptions) {
    super(`Stopped before the transaction to ${what} counted. If it was sent, it may still be mined.`, options);
  }
}
