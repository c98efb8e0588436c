import { parseGwei, type Hex } from "viem";

import { startSender, type SenderOptions, type Sent } from "../../src/chain/send.ts";
import { until } from "../helpers/until.ts";
import { SENDER, SENDER_KEY, startWorld } from "./world.ts";

/** Of a transaction that goes first into the next block. */
export const HIGH_FEES = { maxFeePerGas: parseGwei("100"), maxPriorityFeePerGas: parseGwei("50") };

/** A world with a sender in it that talks to the proxy, and hardly ever pays more for what is not mined. */
export async function startSending() {
  const world = await startWorld();
  const { client, proxy } = world;
  const start = async (options: Partial<SenderOptions> = {}) =>
    startSender({
      client: world.connected,
      rpc: proxy.rpc,
      privateKey: SENDER_KEY,
      confirmations: 1,
      pollMs: 10,
      bumpAfterMs: 60_000,
      ...options,
    });
  let sender = await start();

  const mine = async (blocks = 1) => world.passBlocks(blocks);
  /** Until the sender has looked at the chain so many times more. */
  const looks = async (count: number) => {
    const before = proxy.count("eth_blockNumber");
    await until(() => proxy.count("eth_blockNumber") >= before + count);
  };

  return {
    world,
    get sender() {
      return sender;
    },
    start,
    /** Has another sender instead. */
    async restart(options: Partial<SenderOptions>) {
      await sender.stop();
      sender = await start(options);
    },
    stopMining: async () => client.setAutomine(false),
    mine,
    looks,
    transactionOf: async (hash: Hex) => client.getTransaction({ hash }),
    nonceNow: async () => client.getTransactionCount({ address: SENDER }),
    /** Sends, and tells what was sent once the sender has looked for it. */
    async sendAndWait(amount: bigint, isStillWanted?: () => Promise<boolean>) {
      const hashes: Hex[] = [];
      let seen = Infinity;
      const onSent = (hash: Hex) => {
        if (hashes.push(hash) === 1) seen = proxy.count("eth_blockNumber");
      };
      const sent = sender.send(world.fundCall(amount), { onSent, ...(isStillWanted && { isStillWanted }) });
      // Awaited by each test, though not at once.
      sent.catch(() => {});
      await until(() => proxy.count("eth_blockNumber") > seen);
      return { hashes, sent };
    },
    /** Mines until it is over. */
    async mineUntil(sent: Promise<Sent>) {
      let isOver = false;
      const end = () => (isOver = true);
      sent.then(end, end);
      await until(async () => {
        if (!isOver) await mine();
        return isOver;
      });
    },
    async stop() {
      await sender.stop();
      await world.stop();
    },
  };
}

export type Sending = Awaited<ReturnType<typeof startSending>>;
