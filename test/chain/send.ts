import { expect } from "chai";
import { encodeFunctionData, parseEther, type Hex } from "viem";

import { account } from "../../scripts/local/market.ts";
import { CallRevertedError } from "../../src/chain/gas.ts";
import { NoEtherError } from "../../src/chain/launch.ts";
import { SenderStoppedError, TransactionRevertedError } from "../../src/chain/send.ts";
import { escrowAbi } from "../../src/protocol/abi/escrow.ts";
import { errorOf } from "../helpers/errors.ts";
import { until } from "../helpers/until.ts";
import { HIGH_FEES, startSending, type Sending } from "./sending.ts";
import { PROVIDER, SENDER } from "./world.ts";

describe("sending transactions", () => {
  let at: Sending;
  beforeEach(async () => {
    at = await startSending();
  });
  afterEach(async () => at.stop());

  it("tells what was mined, and what it cost", async () => {
    const sent = await at.sender.send(at.world.fundCall(7n));
    const receipt = await at.world.client.getTransactionReceipt({ hash: sent.transaction });
    expect(sent).to.deep.equal({
      transaction: receipt.transactionHash,
      block: Number(receipt.blockNumber),
      gasUsed: receipt.gasUsed,
      gasPrice: receipt.effectiveGasPrice,
    });
    expect(await at.world.funds()).to.equal(7n);
  });

  it("waits for as many blocks as were asked for", async () => {
    await at.restart({ confirmations: 3 });
    const { sent } = await at.sendAndWait(7n);
    let isDone = false;
    const done = sent.then(() => (isDone = true));
    await at.mine();
    await at.looks(3);
    expect(isDone).to.equal(false);
    await at.mine();
    await done;
  });

  it("keeps the order of several that are under way at once", async () => {
    await at.stopMining();
    const hashes: Hex[][] = [[], [], [], []];
    const all = hashes.map(async (own, index) =>
      at.sender.send(at.world.fundCall(BigInt(index + 1)), { onSent: (hash) => own.push(hash) }),
    );
    await until(
      async () => (await at.world.client.getTransactionCount({ address: SENDER, blockTag: "pending" })) === 5,
    );
    const nonces = await Promise.all(hashes.map(async ([hash = "0x"]) => (await at.transactionOf(hash)).nonce));
    expect(nonces).to.deep.equal([1, 2, 3, 4]);
    await at.mine();
    await Promise.all(all);
    expect(await at.world.funds()).to.equal(10n);
  });

  describe("a call that would revert", () => {
    it("is not sent, and takes no nonce", async () => {
      const error = await errorOf(at.sender.send(at.world.fundCall(0n, "fund nothing")));
      expect(error).to.be.instanceOf(CallRevertedError);
      expect((error as Error).message)
        .to.contain("fund nothing")
        .and.contain("ZeroAmount");
      expect(at.world.proxy.count("eth_sendRawTransaction")).to.equal(0);
      await at.sender.send(at.world.fundCall(1n));
      expect(await at.nonceNow()).to.equal(2);
    });

    it("reverts when it is mined, if only then: the reason is told, and the next is sent", async () => {
      const data = encodeFunctionData({ abi: escrowAbi, functionName: "startExit", args: [SENDER, PROVIDER] });
      const call = { to: at.world.escrow, data };
      await at.stopMining();
      const sent = at.sender.send({ ...call, what: "leave" });
      // Awaited below, though not at once.
      sent.catch(() => {});
      await until(() => at.world.proxy.count("eth_blockNumber") > 0);
      await at.world.client.sendTransaction({ account: account(3), ...call, gas: 100_000n, ...HIGH_FEES, chain: null });
      await at.mine();
      const error = await errorOf(sent);
      expect(error).to.be.instanceOf(TransactionRevertedError);
      expect((error as Error).message).to.match(/^The transaction to leave reverted: AlreadyExiting\(\d+\)/);
      const { transaction } = error as TransactionRevertedError;
      expect((await at.world.client.getTransactionReceipt({ hash: transaction })).status).to.equal("reverted");
      await at.world.client.setAutomine(true);
      await at.sender.send(at.world.fundCall(2n));
      expect(await at.nonceNow()).to.equal(3);
    });
  });

  describe("an account without enough ether", () => {
    it("is told what it has; once it has more, nothing is in the way", async () => {
      await at.world.client.setBalance({ address: SENDER, value: 1_230_000_000n });
      const error = await errorOf(at.sender.send(at.world.fundCall(1n)));
      expect(error).to.be.instanceOf(NoEtherError);
      expect((error as Error).message)
        .to.contain(SENDER)
        .and.contain("0.00000000123 ")
        .and.contain("fund 1");
      await at.world.client.setBalance({ address: SENDER, value: parseEther("1") });
      await at.sender.send(at.world.fundCall(1n));
      expect(await at.nonceNow()).to.equal(2);
    });
  });

  describe("a sender that is stopped", () => {
    it("leaves what is in the air, and says so", async () => {
      await at.stopMining();
      const { sent } = await at.sendAndWait(1n);
      await at.sender.stop();
      expect(await errorOf(sent)).to.be.instanceOf(SenderStoppedError);
      expect(await errorOf(at.sender.send(at.world.fundCall(2n)))).to.be.instanceOf(SenderStoppedError);
    });

    it("says so too of what it is just about to send", async () => {
      const { promise, resolve: goOn } = Promise.withResolvers<void>();
      at.world.proxy.rewrite("eth_sendRawTransaction", async (_call, ask) => {
        await promise;
        return ask();
      });
      const error = errorOf(at.sender.send(at.world.fundCall(1n)));
      await until(() => at.world.proxy.count("eth_sendRawTransaction") > 0);
      const stopped = at.sender.stop();
      goOn();
      await stopped;
      expect(await error).to.be.instanceOf(SenderStoppedError);
    });

    it("asks the node for nothing more, and neither does one that has nothing to send", async () => {
      await at.sender.send(at.world.fundCall(1n));
      const other = await at.start();
      await other.send(at.world.fundCall(2n));
      await at.sender.stop();
      const asked = at.world.proxy.calls.length;
      await new Promise((resolve) => {
        setTimeout(resolve, 200);
      });
      expect(at.world.proxy.calls).to.have.length(asked);
      await other.stop();
    });
  });
});
