import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import { keccak256, type Hex } from "viem";
import type { HDAccount } from "viem/accounts";

import { forkProvider, type ForkedProvider } from "../../../scripts/local/fork-provider.ts";
import { DOLLAR } from "../../../scripts/local/marketplace.ts";
import { startFaultyRpc, type FaultyRpc, type RpcAnswer } from "../../helpers/faulty-rpc.ts";
import { forkHere } from "../../helpers/reorg.ts";
import { until } from "../../helpers/until.ts";
import {
  answerAll,
  isFunded,
  PRICE,
  startLoop,
  tabAt,
  untilAtRest,
  untilFunded,
  type Loop,
  type Seller,
} from "./world.ts";

describe("a provider whose node", function () {
  this.timeout(900_000);
  let loop: Loop;
  before(async function () {
    loop = await startLoop(this);
  });
  after(async () => loop?.stop());

  describe("has faults", () => {
    let rpc: FaultyRpc;
    let seller: Seller;
    let payer: HDAccount;
    let gateway: ForkedProvider;
    let take: Awaited<ReturnType<Seller["orders"]>>;
    let asked = 0;
    before(async () => {
      rpc = await startFaultyRpc(loop.market.url);
      seller = await loop.seller({ rpc: rpc.rpc });
      payer = await seller.payer(20n * DOLLAR);
      gateway = await forkProvider(seller.settings(), seller.proving());
      await untilFunded(gateway, payer.address);
      take = await seller.orders(payer);
    });
    after(async () => {
      await gateway?.kill();
      await rpc?.stop();
    });

    const ask = async (count: number): Promise<void> => {
      asked += count;
      await answerAll(loop, () => [gateway], take(count));
    };
    /** All that was ever asked is settled, once, and the books say so. */
    const settles = async (): Promise<void> => {
      await untilAtRest(loop, gateway);
      expect(await loop.settledOf(payer.address)).to.equal(asked);
      expect(await seller.differences()).to.deep.equal([]);
    };

    it("is down for ten seconds answers all the time, and settles afterwards", async () => {
      await ask(4);
      rpc.refuse();
      const before = rpc.calls.length;
      await ask(4);
      await sleep(10_000);
      await ask(4);
      expect(rpc.calls.length).to.be.above(before);
      rpc.heal();
      await settles();
    });

    it("takes two seconds for each answer settles late", async () => {
      rpc.delay(2_000);
      const before = asked;
      await ask(4);
      await until(async () => (await loop.settledOf(payer.address)) > before);
      rpc.heal();
      await settles();
    });

    it("says that a settlement needs half of its gas settles all the same", async () => {
      let lies = 0;
      rpc.rewrite("eth_estimateGas", async (_call, node) => {
        const answer = await node();
        lies++;
        return "result" in answer ? { result: toHex(BigInt(answer.result as Hex) / 2n) } : answer;
      });
      await ask(4);
      await settles();
      expect(lies).to.be.above(0);
      rpc.heal();
    });

    it("says that a settlement needs five times its gas settles all the same", async () => {
      let lies = 0;
      rpc.rewrite("eth_estimateGas", async (_call, node) => {
        const answer = await node();
        lies++;
        return "result" in answer ? { result: toHex(BigInt(answer.result as Hex) * 5n) } : answer;
      });
      await ask(4);
      await settles();
      expect(lies).to.be.above(0);
      rpc.heal();
    });

    it("loses a transaction twice sends it again", async () => {
      const lost: Hex[] = [];
      rpc.rewrite("eth_sendRawTransaction", ({ params: [raw] }, node) => {
        const hash = keccak256(raw as Hex);
        if (lost.length === 2) return node();
        lost.push(hash);
        return { result: hash };
      });
      await ask(4);
      await settles();
      expect(lost).to.have.lengthOf(2);
      rpc.heal();
    });

    it("is stuck at a block answers, and settles once it goes on", async () => {
      const stuck = await frozen(rpc);
      await ask(4);
      await until(async () => stuck.looks() > 20);
      expect((await tabAt(gateway, payer.address)).promised).to.equal(4n * PRICE);
      rpc.heal();
      await settles();
    });
  });

  describe("reorganises ten blocks around a settlement", () => {
    const CONFIRMATIONS = 3;
    let rpc: FaultyRpc;
    let seller: Seller;
    let gateway: ForkedProvider;
    before(async () => {
      rpc = await startFaultyRpc(loop.market.url);
      seller = await loop.seller({ rpc: rpc.rpc, confirmations: CONFIRMATIONS });
      gateway = await forkProvider(seller.settings(), seller.proving());
    });
    after(async () => {
      await gateway?.kill();
      await rpc?.stop();
    });

    /** Answers that are settled and final, and then not any more. Says what had settled them. */
    const settleInVain = async (payer: HDAccount): Promise<Hex[]> => {
      const { market, settledOf, mineUntil } = loop;
      await mineUntil(async () => isFunded(gateway, payer.address));
      const chain = { ...market.test, getBlockNumber: market.client.getBlockNumber };
      const sent = rpc.calls.length;
      const fork = await forkHere(chain);
      await answerAll(loop, () => [gateway], (await seller.orders(payer))(4));
      await until(async () => (await settledOf(payer.address)) === 4);
      const before = await market.client.getBlockNumber({ cacheTime: 0 });
      await mineUntil(async () => (await market.client.getBlockNumber({ cacheTime: 0 })) >= before + 9n);
      await until(async () => (await tabAt(gateway, payer.address)).promised === 0n);
      await fork.reorganise();
      expect(await settledOf(payer.address)).to.equal(0);
      await until(async () => (await tabAt(gateway, payer.address)).promised === 4n * PRICE);
      const raws = rpc.calls.slice(sent).filter(({ method }) => method === "eth_sendRawTransaction");
      return raws.map(({ params: [raw] }) => raw as Hex);
    };
    const settles = async (payer: HDAccount): Promise<void> => {
      const { market, mineUntil, settledOf } = loop;
      await mineUntil(async () => (await tabAt(gateway, payer.address)).promised === 0n);
      await untilAtRest(loop, gateway);
      expect(await settledOf(payer.address)).to.equal(4);
      const { funds } = await market.escrow.read.tabOf([payer.address, seller.provider.address]);
      expect(funds).to.equal(DOLLAR - 4n * PRICE);
      expect(await seller.differences(undefined, CONFIRMATIONS)).to.deep.equal([]);
    };

    it("promises the money again, proves again, and settles again", async () => {
      const payer = await seller.payer(DOLLAR);
      await settleInVain(payer);
      await settles(payer);
    });

    it("is content with the same settlement in another block", async () => {
      const payer = await seller.payer(DOLLAR);
      const sent = await settleInVain(payer);
      // Whoever had it in its pool, mines it again.
      for (const raw of sent) {
        await loop.market.client.sendRawTransaction({ serializedTransaction: raw }).catch(() => {});
      }
      await settles(payer);
      const events = await loop.market.escrow.getEvents.Settled({ payer: payer.address }, { fromBlock: 0n });
      expect(sent.map((raw) => keccak256(raw))).to.include.members(events.map((event) => event.transactionHash));
    });
  });
});

function toHex(value: bigint): Hex {
  return `0x${value.toString(16)}`;
}

/** From now on the node shows no block after the one that is its latest now. */
async function frozen(rpc: FaultyRpc): Promise<{ readonly looks: () => number }> {
  let looks = 0;
  let latest: RpcAnswer | undefined;
  rpc.rewrite("eth_getBlockByNumber", async ({ params: [tag] }, node) => {
    if (tag !== "latest") return node();
    looks++;
    return (latest ??= await node());
  });
  rpc.rewrite("eth_blockNumber", async (_call, node) => {
    if (latest === undefined) return node();
    const { result } = latest as { result: { number: Hex } };
    return { result: result.number };
  });
  await until(() => looks > 0);
  return { looks: () => looks };
}
