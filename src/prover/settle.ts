/** From a batch of proven fills to what became of each. */
import { isAddressEqual, parseEventLogs, type Address, type Hex, type Log, type PublicClient } from "viem";

import { CallRevertedError, GasExceededError } from "../chain/gas.ts";
import { NonceTakenError, OutOfGasError, TransactionRevertedError, type Sender } from "../chain/send.ts";
import { escrowAbi } from "../protocol/abi/escrow.ts";
import type { Deployment } from "../protocol/deployment.ts";
import type { Fill } from "../protocol/fill.ts";
import type { Batchable } from "./batch.ts";
import type { GasGuess } from "./gas.ts";
import { whyNotAgreed, whyNotPayable, type NotAgreed, type NotPayable } from "./owed.ts";
import { partition, settlementOf, simulator } from "./simulate.ts";
import { sizeOf, type Worth } from "./worth.ts";

/** A fill with its proof. */
export type Proven = Batchable & {
  readonly id: Hex;
  readonly request: Fill["request"];
  readonly fill: Fill;
  readonly proof: Hex;
  /** A block before which it was not settled. */
  readonly fromBlock: bigint;
};

export type Fate<Item> = { readonly item: Item } & (
  | {
      readonly kind: "settled";
      /** Not always our own: anyone may send our proof. */
      readonly transaction: Hex;
    }
  /** Paid to another prover, or reclaimed. */
  | { readonly kind: "closed" }
  | { readonly kind: "set-aside"; readonly reason: string }
  | { readonly kind: "later"; readonly reason: string }
);

export type SettleOptions = {
  readonly client: PublicClient;
  readonly deployment: Deployment;
  readonly feeBps: bigint;
  readonly sender: Sender;
  readonly worth: Worth;
  readonly gas: (verifier: Address) => GasGuess;
  readonly chainTime: () => number;
  /** How many blocks deep somebody else's settlement counts; 1 is its own block. */
  readonly confirmations: number;
  /** Told of what each transaction burnt, also of one that was reverted. */
  readonly onGas: (used: bigint, wei: bigint) => void;
};

/** The state of a chain may change so often between a simulation and its transaction before it is tried later. */
const MOST_ROUNDS = 4;

/** Each settles as one. */
type Groups<Item> = readonly (readonly Item[])[];

/** What a transaction ends with when the chain is no longer as it was simulated. */
const OVERTAKEN = [TransactionRevertedError, CallRevertedError, NonceTakenError] as const;

/** Rejects only where the chain gives no answer; then nothing is known of any fill. */
export type Settle = <Item extends Proven>(batch: readonly Item[]) => Promise<Fate<Item>[]>;

/** Prepares to settle batches of one verifier each. */
export function startSettling(options: SettleOptions): Settle {
  const { client, deployment, sender, worth, gas, chainTime, confirmations, onGas } = options;
  const simulate = simulator(client, deployment, sender.address);

  /** Who was paid for a fill that is closed: whoever sends our proof, it pays us. */
  const closedFate = async <Item extends Proven>(item: Item): Promise<Fate<Item>> => {
    const [before] = await whyNotPayable(options, [item.fill], confirmations);
    if (before !== "closed") return { item, kind: "later", reason: "it is closed, but not deep enough to count" };
    const [settled] = await client
      .getContractEvents({
        address: deployment.escrow,
        abi: escrowAbi,
        eventName: "Settled",
        args: { id: item.id },
        fromBlock: item.fromBlock,
        strict: true,
      })
      .catch(() => []);
    return settled !== undefined && isAddressEqual(settled.args.prover, item.fill.prover)
      ? { item, kind: "settled", transaction: settled.transactionHash }
      : { item, kind: "closed" };
  };

  /** What can be settled together now, and the fate of what the escrow would not pay. */
  const sift = async <Item extends Proven>(batch: readonly Item[]): Promise<[Groups<Item>, Fate<Item>[]]> => {
    const simulated = await simulate(batch);
    if ("paid" in simulated && simulated.paid === batch.length) return [[batch], []];
    const fills = batch.map(({ fill }) => fill);
    let reasons: readonly (NotPayable | NotAgreed | undefined)[] = await whyNotPayable(options, fills);
    if ("paid" in simulated && reasons.every((reason) => reason === undefined)) {
      reasons = await Promise.all(batch.map(({ fill, id }) => whyNotAgreed(fill, id, options)));
    }
    const fates = batch.map(async (item, index): Promise<Fate<Item> | undefined> => {
      const reason = reasons[index];
      if (reason === "closed") return closedFate(item);
      return reason && { item, kind: "set-aside", reason: WORDS[reason] };
    });
    const owed = batch.filter((_, index) => reasons[index] === undefined);
    const { groups, bad } = await partition(owed, simulate);
    return [
      groups,
      [
        ...(await Promise.all(fates)).filter((fate) => fate !== undefined),
        ...bad.map(({ item, reason }) => ({ item, kind: "set-aside", reason }) as const),
      ],
    ];
  };

  const spend = async (transaction: Hex): Promise<readonly Log[]> => {
    const { gasUsed, effectiveGasPrice, logs } = await client.getTransactionReceipt({ hash: transaction });
    onGas(gasUsed, gasUsed * effectiveGasPrice);
    return logs;
  };

  /** Sends one transaction, or several smaller ones. What they did not pay has no fate yet, and is to be looked at again. */
  const send = async <Item extends Proven>(group: readonly Item[]): Promise<Fate<Item>[]> => {
    const call = { to: deployment.escrow, data: settlementOf(group), what: `settle ${group.length} fills` };
    const isStillWanted = async (): Promise<boolean> => {
      const simulated = await simulate(group);
      return "paid" in simulated && simulated.paid > 0;
    };
    try {
      const { transaction, gasUsed } = await sender.send(call, { isStillWanted });
      const paid = paidBy(await spend(transaction), deployment);
      const settled = group.filter(({ id }) => paid.has(id));
      const [first] = group;
      if (first !== undefined && settled.length === group.length) gas(first.verifier).learn(sizeOf(group), gasUsed);
      return settled.map((item) => ({ item, kind: "settled", transaction }));
    } catch (error) {
      if (error instanceof TransactionRevertedError || error instanceof OutOfGasError) await spend(error.transaction);
      const isTooLarge = error instanceof GasExceededError || error instanceof OutOfGasError;
      if (isTooLarge && group.length > 1) {
        const middle = Math.ceil(group.length / 2);
        return [...(await send(group.slice(0, middle))), ...(await send(group.slice(middle)))];
      }
      if (isTooLarge || OVERTAKEN.some((kind) => error instanceof kind)) return [];
      throw error;
    }
  };

  return async (batch) => {
    type Item = (typeof batch)[number];
    const fates: Fate<Item>[] = [];
    let open: readonly Item[] = batch;
    for (let round = 0; round < MOST_ROUNDS && open.length > 0; round++) {
      const [groups, ended] = await sift(open);
      fates.push(...ended);
      const again: Item[] = [];
      for (const group of groups) {
        const { settle, later, aside, reason } = await worth.judge(group, chainTime());
        for (const item of later) fates.push({ item, kind: "later", reason });
        for (const item of aside) fates.push({ item, kind: "set-aside", reason });
        if (settle.length === 0) continue;
        const settled = await send(settle);
        fates.push(...settled);
        const paid = new Set(settled.map(({ item }) => item));
        again.push(...settle.filter((item) => !paid.has(item)));
      }
      open = again;
    }
    for (const item of open) fates.push({ item, kind: "later", reason: "the chain changed too often meanwhile" });
    return fates;
  };
}

/** The ids that a transaction's logs say the escrow paid. */
function paidBy(logs: readonly Log[], { escrow }: Deployment): ReadonlySet<Hex> {
  const settled = parseEventLogs({ abi: escrowAbi, eventName: "Settled", logs: [...logs] });
  return new Set(settled.filter(({ address }) => isAddressEqual(address, escrow)).map(({ args }) => args.id));
}

const WORDS: Readonly<Record<Exclude<NotPayable, "closed"> | NotAgreed, string>> = {
  malformed: "its amounts are such that the escrow pays nothing",
  expired: "its deadline has passed",
  underfunded: "its tab does not cover it",
  unsigned: "a signature is not the payer's, or not the provider's",
};
