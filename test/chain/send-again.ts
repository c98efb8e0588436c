import { expect } from "chai";
import { parseGwei } from "viem";

import { account } from "../../scripts/local/market.ts";
import { CallRevertedError } from "../../src/chain/gas.ts";
import { NonceTakenError, type Sender } from "../../src/chain/send.ts";
import { errorOf } from "../helpers/errors.ts";
import { forkHere } from "../helpers/reorg.ts";
import { until } from "../helpers/until.ts";
import { HIGH_FEES, startSending, type Sending } from "./sending.ts";
import { SENDER } from "./world.ts";

describe("a transaction under way", () => {
  let at: Sending;
  beforeEach(async () => {
    at = await startSending();
  });
  afterEach(async () => at.stop());

  describe("one that is not mined", () => {
    it("is replaced by one that pays an eighth more of both fees", async () => {
      await at.restart({ bumpAfterMs: 1 });
      await at.stopMining();
      const { hashes, sent } = await at.sendAndWait(1n);
      await until(() => hashes.length >= 4);
      await at.mine();
      const { transaction } = await sent;
      expect(hashes).to.contain(transaction);
      expect(await at.nonceNow()).to.equal(2);
      expect(await at.world.funds()).to.equal(1n);
    });

    it("pays at least an eighth more each time, and no more than the most that was allowed", async () => {
      const most = parseGwei("4");
      await at.restart({ bumpAfterMs: 1, mostFeePerGas: most });
      await at.stopMining();
      const { hashes, sent } = await at.sendAndWait(1n);
      const fees: { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }[] = [];
      // Each is only known to the node until the next one replaces it.
      await until(async () => {
        const hash = hashes.at(-1) ?? "0x";
        const found = await at.transactionOf(hash).catch(() => null);
        if (found?.type !== "eip1559") return false;
        if (fees.at(-1)?.maxFeePerGas !== found.maxFeePerGas) fees.push(found);
        return (found.maxFeePerGas * 9n) / 8n + 1n > most;
      });
      await at.looks(5);
      const count = hashes.length;
      await at.looks(5);
      expect(hashes).to.have.length(count);
      for (const [index, { maxFeePerGas, maxPriorityFeePerGas }] of fees.entries()) {
        expect(maxFeePerGas <= most).to.equal(true);
        const before = fees[index - 1];
        if (before === undefined) continue;
        expect(maxFeePerGas * 8n >= before.maxFeePerGas * 9n).to.equal(true);
        expect(maxPriorityFeePerGas * 8n >= before.maxPriorityFeePerGas * 9n).to.equal(true);
      }
      await at.mine();
      await sent;
    });

    it("is sent again when the node drops it", async () => {
      await at.stopMining();
      const { hashes, sent } = await at.sendAndWait(1n);
      await at.world.client.dropTransaction({ hash: hashes[0] ?? "0x" });
      await at.looks(3);
      await at.mine();
      expect((await sent).transaction).to.equal(hashes[0]);
      expect(await at.world.funds()).to.equal(1n);
    });

    it("is sent again when the node only said that it took it", async () => {
      at.world.proxy.drop("eth_sendRawTransaction");
      const { hashes, sent } = await at.sendAndWait(1n);
      const second = at.sender.send(at.world.fundCall(2n));
      await until(() => new Set(at.world.proxy.dropped).size === 2);
      at.world.proxy.heal();
      expect((await sent).transaction).to.equal(hashes[0]);
      await second;
      expect(await at.world.funds()).to.equal(3n);
      expect(await at.nonceNow()).to.equal(3);
    });
  });

  describe("one whose nonce another program takes with the same key", () => {
    const take = async () => {
      const nonce = await at.nonceNow();
      await at.world.client.sendTransaction({ account: account(1), to: SENDER, nonce, ...HIGH_FEES, chain: null });
      await at.mine();
    };

    it("is sent again with the next nonce", async () => {
      await at.stopMining();
      const { hashes, sent } = await at.sendAndWait(1n);
      await take();
      await until(() => hashes.length === 2);
      await at.mineUntil(sent);
      expect((await sent).transaction).to.equal(hashes[1]);
      expect(await at.nonceNow()).to.equal(3);
      expect(await at.world.funds()).to.equal(1n);
    });

    it("is not if it is not wanted any more", async () => {
      await at.stopMining();
      const { hashes, sent } = await at.sendAndWait(1n, async () => false);
      await take();
      const error = await errorOf(sent);
      expect(error).to.be.instanceOf(NonceTakenError);
      expect((error as Error).message)
        .to.contain("fund 1")
        .and.contain(SENDER);
      expect(hashes).to.have.length(1);
    });

    it("is not if the call would revert by now, unless it is said to be wanted", async () => {
      for (const [wanted, kind] of [
        [undefined, NonceTakenError],
        [async () => true, CallRevertedError],
      ] as const) {
        await at.stopMining();
        const { hashes, sent } = await at.sendAndWait(1n, wanted);
        const data = at.world.encode("setPaused", [true]);
        await at.world.client.sendTransaction({ to: at.world.token, data, ...HIGH_FEES, chain: null });
        await take();
        expect(await errorOf(sent)).to.be.instanceOf(kind);
        expect(hashes).to.have.length(1);
        await at.world.client.setAutomine(true);
        await at.world.client.sendTransaction({
          to: at.world.token,
          data: at.world.encode("setPaused", [false]),
          chain: null,
        });
      }
    });

    it("goes on being waited for until the other is deep enough to count", async () => {
      await at.restart({ confirmations: 3 });
      await at.stopMining();
      const { hashes, sent } = await at.sendAndWait(1n);
      const fork = await forkHere(at.world.client);
      await take();
      await at.looks(4);
      expect(hashes).to.have.length(1);
      await fork.reorganise();
      await at.mineUntil(sent);
      expect((await sent).transaction).to.equal(hashes[0]);
      expect(await at.nonceNow()).to.equal(2);
      expect(await at.world.funds()).to.equal(1n);
    });

    it("is mined as well as the other's, however many both send", async () => {
      const other = await at.start();
      // All different: two programs that send the very same with one nonce send one transaction.
      const sendOwn = async (each: Sender, amounts: bigint[]) =>
        Promise.all(amounts.map(async (amount) => each.send(at.world.fundCall(amount))));
      await Promise.all([sendOwn(at.sender, [1n, 2n, 4n, 8n, 16n]), sendOwn(other, [32n, 64n, 128n, 256n, 512n])]);
      expect(await at.world.funds()).to.equal(1023n);
      await other.stop();
    });
  });

  describe("a reorganisation", () => {
    it("before it counts takes it back: it is sent again, and mined once", async () => {
      await at.restart({ confirmations: 3 });
      const fork = await forkHere(at.world.client);
      const { hashes, sent } = await at.sendAndWait(1n);
      expect(await at.world.funds()).to.equal(1n);
      at.world.proxy.refuse();
      await fork.reorganise(10);
      expect(await at.world.funds()).to.equal(0n);
      at.world.proxy.heal();
      await at.mineUntil(sent);
      expect((await sent).transaction).to.equal(hashes[0]);
      expect(await at.world.funds()).to.equal(1n);
      expect(await at.nonceNow()).to.equal(2);
    });

    it("that also takes back what counted leaves a gap, which is closed", async () => {
      await at.restart({ bumpAfterMs: 100 });
      await at.world.fund(9n);
      const fork = await forkHere(at.world.client);
      await at.sender.send(at.world.fundCall(1n));
      await at.stopMining();
      const { sent } = await at.sendAndWait(2n);
      await fork.reorganise();
      await at.mineUntil(sent);
      expect(await at.nonceNow()).to.equal(3);
      expect(await at.world.funds()).to.equal(11n);
    });
  });
});
