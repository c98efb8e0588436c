/** What a gateway does beside answering: gives back, proves again, refunds, stakes and commits. All of it can be repeated. */
import { encodeFunctionData, erc20Abi, type Hex, type PublicClient } from "viem";

import { CallRevertedError } from "../chain/gas.ts";
import type { ChainStep } from "../chain/follow.ts";
import type { Sender } from "../chain/send.ts";
import { commitmentLogAbi } from "../protocol/abi/commitment-log.ts";
import { escrowAbi } from "../protocol/abi/escrow.ts";
import { findRefunds, payersIn } from "../store/chain-state.ts";
import { nextCommitment, noteCommitted } from "../store/commitments.ts";
import type { Store } from "../store/store.ts";
import type { Cashier } from "./cashier.ts";
import type { ChainTime } from "./chain-time.ts";
import type { Desk } from "./desk.ts";
import { errorDetails, type Log } from "./log.ts";
import type { GatewaySettings } from "./settings.ts";

const ROUND_MS = 5000;

export type Keeper = {
  readonly onStep: (step: ChainStep) => void;
  readonly stop: () => Promise<void>;
};

export type KeeperOptions = {
  readonly settings: GatewaySettings;
  readonly client: PublicClient;
  readonly sender: Sender;
  readonly store: Store;
  readonly cashier: Cashier;
  readonly time: ChainTime;
  readonly log: Log;
  readonly seal: Desk["seal"];
};

export function startKeeper(options: KeeperOptions): Keeper {
  const { settings, store, time, log, seal, cashier, sender } = options;
  let isStopped = false;
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    if (isStopped) return;
    try {
      await work();
    } catch (error) {
      log("warning", "keeping-failed", { what, ...errorDetails(error) });
    }
  };
  const round = async (): Promise<void> => {
    await attempt("signing what was journalled", async () => {
      // At once, since the journal writes those that come together in one statement, and lets each wait for others.
      await Promise.all((await store.journal.unsealed()).map(seal));
    });
    await attempt("giving reservations back", async () => {
      const count = await store.journal.abandonLapsed(time.earliest());
      if (count > 0) log("info", "reservations-given-back", { count });
    });
    await attempt("finding lost jobs", async () => {
      const count = await store.jobs.recover(time.latest());
      if (count > 0) log("info", "jobs-recovered", { count });
    });
    await attempt("refunding", () => refund(options));
    await attempt("committing", async () => {
      if (settings.commitEverySeconds > 0) await commit(options);
    });
  };
  let current: Promise<void> = Promise.resolve();
  let isRound = false;
  const timer = setInterval(() => {
    if (isRound) return;
    isRound = true;
    current = round().finally(() => {
      isRound = false;
    });
  }, ROUND_MS);
  return {
    onStep({ events }) {
      const funded = events.filter(({ name }) => name === "Funded");
      for (const payer of payersIn(funded, sender.address)) {
        void attempt("staking", async () => {
          await cashier.stakeFor(payer);
        });
      }
    },
    async stop() {
      isStopped = true;
      clearInterval(timer);
      await current;
    },
  };
}

/** Locks that were paid for and not answered, or not proven in time, go back to who paid. */
async function refund({ settings, store, sender, time, log }: KeeperOptions): Promise<void> {
  for (const { id, request } of await findRefunds(store.database, time.earliest())) {
    const data = encodeFunctionData({ abi: escrowAbi, functionName: "reclaim", args: [request] });
    try {
      const what = `refund request ${id}`;
      const { transaction } = await sender.send({ to: settings.deployment.escrow, data, what });
      log("info", "refunded", { id, transaction });
    } catch (error) {
      // Somebody else was first, or the chain has not come to the deadline.
      if (!(error instanceof CallRevertedError)) throw error;
    }
  }
}

async function commit({ settings, client, store, sender, log }: KeeperOptions): Promise<void> {
  const next = await nextCommitment(store.database, settings.commitEverySeconds);
  if (next === undefined) return;
  const { root, count } = next;
  const data = encodeFunctionData({ abi: commitmentLogAbi, functionName: "commit", args: [root, count] });
  const what = `commit to ${count} receipts`;
  const transaction = await sender.send({ to: settings.commitmentLog, data, what }).then(
    (sent) => sent.transaction,
    // Sent by a gateway that did not live to note it, or by another one at the same time.
    (error: unknown) => findCommitted({ client, settings, sender }, root, error),
  );
  await noteCommitted(store.database, root, transaction);
  log("info", "committed", { root, count, transaction });
}

/** The transaction that committed to a root; throws what the sender said where there is none. */
async function findCommitted(
  { client, settings, sender }: Pick<KeeperOptions, "client" | "settings" | "sender">,
  root: Hex,
  error: unknown,
): Promise<Hex> {
  const [found] = await client.getContractEvents({
    address: settings.commitmentLog,
    abi: commitmentLogAbi,
    eventName: "Committed",
    args: { provider: sender.address, root },
    fromBlock: BigInt(settings.fromBlock),
  });
  if (found === undefined) throw error;
  return found.transactionHash;
}

/** Lets the escrow take what the policy stakes: the provider allows as much as it is ready to lose, and no more. */
export async function allowStake({ settings, client, sender }: Pick<KeeperOptions, "settings" | "client" | "sender">) {
  const { stake, token, deployment } = settings;
  if (stake === undefined) return;
  const allowance = await client.readContract({
    address: token.address,
    abi: erc20Abi,
    functionName: "allowance",
    args: [sender.address, deployment.escrow],
  });
  if (allowance >= stake.total) return;
  const args = [deployment.escrow, stake.total] as const;
  const data = encodeFunctionData({ abi: erc20Abi, functionName: "approve", args });
  await sender.send({ to: token.address, data, what: `allow the escrow ${stake.total} units of stake` });
}
