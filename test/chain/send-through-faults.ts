import { inspect } from "node:util";

import { expect } from "chai";
import { numberToHex } from "viem";

import { account } from "../../scripts/local/market.ts";
import { OutOfGasError, SenderStoppedError } from "../../src/chain/send.ts";
import { errorOf } from "../helpers/errors.ts";
import { SECRET, type Rewrite } from "../helpers/faulty-rpc.ts";
import { until } from "../helpers/until.ts";
import { startSending, type Sending } from "./sending.ts";

describe("sending transactions through", () => {
  let at: Sending;
  beforeEach(async () => {
    at = await startSending();
  });
  afterEach(async () => at.stop());

  describe("a node", () => {
    it("that is away is waited for, before and after it has the transaction", async () => {
      at.world.proxy.refuse();
      const before = at.sender.send(at.world.fundCall(1n));
      await until(() => at.world.proxy.calls.length > 5);
      at.world.proxy.heal();
      await before;
      await at.stopMining();
      const { hashes, sent } = await at.sendAndWait(2n);
      at.world.proxy.refuse();
      const asked = at.world.proxy.calls.length;
      await until(() => at.world.proxy.calls.length > asked + 5);
      await at.mine();
      at.world.proxy.heal();
      expect((await sent).transaction).to.equal(hashes[0]);
      expect(await at.world.funds()).to.equal(3n);
    });

    it("that took a transaction and hung up is not given another", async () => {
      at.world.proxy.rewrite("eth_sendRawTransaction", async (_call, ask) => {
        await ask();
        throw new TypeError("hung up");
      });
      const { hashes, sent } = await at.sendAndWait(1n);
      expect((await sent).transaction).to.equal(hashes[0]);
      expect(await at.nonceNow()).to.equal(2);
      expect(await at.world.funds()).to.equal(1n);
    });

    it("that answers with passing troubles is asked again", async () => {
      let troubles = 0;
      const trouble: Rewrite = async (_call, ask) =>
        troubles++ < 12 ? { error: { code: -32_005, message: "too many requests" } } : ask();
      for (const method of ["eth_getBlockByNumber", "eth_getTransactionCount", "eth_getTransactionReceipt"]) {
        at.world.proxy.rewrite(method, trouble);
      }
      await at.sender.send(at.world.fundCall(1n));
      expect(await at.world.funds()).to.equal(1n);
    });

    it("that is slow is waited for", async () => {
      at.world.proxy.delay(50);
      await at.sender.send(at.world.fundCall(1n));
      expect(await at.world.funds()).to.equal(1n);
    });

    it("that does not count what waits is given nonces in order all the same", async () => {
      await at.stopMining();
      at.world.proxy.rewrite("eth_getTransactionCount", async () => ({ result: numberToHex(await at.nonceNow()) }));
      const all = [await at.sendAndWait(1n), await at.sendAndWait(2n)];
      await at.mine();
      await Promise.all(all.map(({ sent }) => sent));
      expect(all.map(({ hashes }) => hashes.length)).to.deep.equal([1, 1]);
      expect(await at.world.funds()).to.equal(3n);
    });

    it("that shows a transaction in a block that is not there is not believed", async () => {
      at.world.proxy.rewrite("eth_getTransactionReceipt", async (_call, ask) => {
        const { result } = (await ask()) as { result: object | null };
        return { result: result && Object.assign(result, { blockHash: numberToHex(1, { size: 32 }) }) };
      });
      const { sent } = await at.sendAndWait(1n);
      let isDone = false;
      const done = sent.then(() => (isDone = true));
      await at.looks(3);
      expect(isDone).to.equal(false);
      at.world.proxy.heal();
      await done;
    });

    it("that estimates too little gas is not believed", async () => {
      at.world.proxy.rewrite("eth_estimateGas", () => ({ result: numberToHex(21_100) }));
      await at.sender.send(at.world.fundCall(1n));
      expect(await at.nonceNow()).to.equal(2);
    });

    it("that estimates more gas than a block has is given a transaction that fits", async () => {
      at.world.proxy.rewrite("eth_estimateGas", () => ({ result: numberToHex(10n ** 12n) }));
      const { transaction } = await at.sender.send(at.world.fundCall(1n));
      expect((await at.transactionOf(transaction)).gas).to.equal(2n ** 24n);
      await at.world.client.setBlockGasLimit({ gasLimit: 1_000_000n });
      await at.mine();
      const { transaction: smaller } = await at.sender.send(at.world.fundCall(1n));
      expect((await at.transactionOf(smaller)).gas).to.equal(1_000_000n);
    });

    it("that says that too little gas is enough makes it run out once, and then have more", async () => {
      at.world.proxy.rewrite("eth_estimateGas", () => ({ result: numberToHex(32_000) }));
      at.world.proxy.rewrite("eth_call", () => ({ result: "0x" }));
      await at.sender.send(at.world.fundCall(1n));
      expect(await at.nonceNow()).to.equal(3);
      expect(await at.world.funds()).to.equal(1n);
    });

    it("that goes on saying so is told of, after two transactions", async () => {
      at.world.proxy.rewrite("eth_call", () => ({ result: "0x" }));
      at.world.proxy.rewrite("eth_estimateGas", () => ({ result: numberToHex(18_000) }));
      const data = `0x${"00".repeat(1200)}` as const;
      const code = "0x5b600056";
      await at.world.client.setCode({ address: account(9).address, bytecode: code });
      const error = await errorOf(
        at.sender.send({ to: account(9).address, data, gas: 60_000n, what: "run in circles" }),
      );
      expect(error).to.be.instanceOf(OutOfGasError);
      expect((error as Error).message)
        .to.contain("run in circles")
        .and.contain("240000");
      expect(await at.nonceNow()).to.equal(3);
    });

    it("is told of by its origin alone, and never by what may be a key", async () => {
      const errors = [await errorOf(at.sender.send(at.world.fundCall(0n)))];
      at.world.proxy.refuse();
      const stopped = errorOf(at.sender.send(at.world.fundCall(1n)));
      await until(() => at.world.proxy.calls.length > 12);
      await at.sender.stop();
      errors.push(await stopped, await errorOf(at.start()));
      expect(errors[1]).to.be.instanceOf(SenderStoppedError);
      for (const error of errors) expect(inspect(error, { depth: 20, showHidden: true })).not.to.contain(SECRET);
    });
  });
});
