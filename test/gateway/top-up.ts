import { expect } from "chai";
import type { HDAccount } from "viem/accounts";

import { DOLLAR } from "../../scripts/local/marketplace.ts";
import { fundingNonce } from "../../src/protocol/authorization.ts";
import { signTopUp } from "../../src/x402/payment.ts";
import type { StakePolicy } from "../../src/gateway/settings.ts";
import { totals } from "../../src/store/chain-state.ts";
import type { TopUp } from "../../src/x402/scheme.ts";
import { until } from "../helpers/until.ts";
import { answerIn, codeIn, order, send } from "./orders.ts";
import { PRICE, startWorld, stopMarket, type World } from "./world.ts";

const LEAST = DOLLAR;
const STAKE = { perTab: DOLLAR, total: 4n * DOLLAR, leastFunds: 2n * DOLLAR };

after(stopMarket);

describe("a top-up that travels with a request", () => {
  let world: World;

  let policy: StakePolicy;

  before(async () => {
    // Other tests have left stakes of this provider on the chain, which count too.
    world = await startWorld();
    const { staked } = await totals(world.gateway.store.database);
    await world.stop();
    policy = { ...STAKE, total: staked + STAKE.total };
    world = await startWorld({ stake: policy, leastTopUp: LEAST });
  });
  after(async () => world.stop());

  const topUpOf = async (who: HDAccount, amount: bigint): Promise<TopUp> => {
    const { market, provider } = world;
    const { deployment, tokenOf: token } = market;
    const validBefore = (await world.now()) + 600;
    return signTopUp({ ...deployment, provider: provider.address, token }, amount, validBefore, who);
  };
  const onChain = async ({ address }: HDAccount): Promise<{ funds: bigint; stake: bigint }> => {
    const { funds, stake } = await world.market.escrow.read.tabOf([address, world.provider.address]);
    return { funds, stake };
  };
  /** A tab that covers requests, with the policy's stake, as the gateway's own work left it. */
  const covered = async (funds = 2n * DOLLAR): Promise<HDAccount> => {
    const payer = await world.payer({ wallet: funds + 3n * DOLLAR });
    const topUp = await topUpOf(payer, funds);
    answerIn(await send(world, await order(world, payer, { topUp, request: { penalty: 0n } })));
    return payer;
  };
  const failures = (): number => world.logged.filter(({ event }) => event === "background-failed").length;

  it("opens the tab, gets the provider's stake beside it, and the request is answered", async () => {
    const payer = await world.payer({ wallet: 5n * DOLLAR });
    const reply = await send(world, await order(world, payer, { topUp: await topUpOf(payer, 3n * DOLLAR) }));
    expect(answerIn(reply).request).to.include({ payer: payer.address, penalty: DOLLAR.toString() });
    expect(await onChain(payer)).to.deep.equal({ funds: 3n * DOLLAR, stake: STAKE.perTab });
    expect(await world.tab(payer.address)).to.include({ funds: 3n * DOLLAR, stake: STAKE.perTab, promised: PRICE });
    expect(await world.market.token.read.balanceOf([payer.address])).to.equal(2n * DOLLAR);
  });

  it("is refused below the least, and nothing is sent", async () => {
    const payer = await world.payer({ wallet: DOLLAR });
    const before = await world.books();
    const topUp = await topUpOf(payer, LEAST - 1n);
    expect(codeIn(await send(world, await order(world, payer, { topUp })))).to.equal("wrong-terms");
    expect(await world.books()).to.deep.equal(before);
  });

  it("is refused for other parties, another amount or a wallet that is empty, and nothing is sent", async () => {
    const { market, provider } = world;
    const payer = await world.payer({ wallet: 5n * DOLLAR });
    const good = await topUpOf(payer, 2n * DOLLAR);
    const { deployment, tokenOf: token } = market;
    const parties = { ...deployment, provider: market.account("stranger").address, token };
    const elsewhere = await signTopUp(parties, 2n * DOLLAR, Number(good.validBefore), payer);
    const tops = {
      "of another amount": { ...good, amount: 3n * DOLLAR },
      "under another salt": { ...good, salt: fundingNonce(provider.address, good.salt) },
      "for another provider": elsewhere,
      "by somebody else": await topUpOf(await world.payer({ wallet: 5n * DOLLAR }), 2n * DOLLAR),
      "that is over": { ...good, validBefore: 1n },
      "beyond the wallet": await topUpOf(payer, 6n * DOLLAR),
    };
    const before = await world.books();
    for (const [what, topUp] of Object.entries(tops)) {
      expect(codeIn(await send(world, await order(world, payer, { topUp }))), what).to.equal("payment-failed");
    }
    expect(await world.books()).to.deep.equal(before);
    expect(await onChain(payer)).to.deep.equal({ funds: 0n, stake: 0n });
  });

  it("goes on in the background while a tab that covers the request is answered at once", async () => {
    const { test } = world.market;
    const payer = await covered();
    const topUp = await topUpOf(payer, DOLLAR);
    const asked = await order(world, payer, { topUp, nonce: 1n, request: { penalty: 0n } });
    // No block comes, and so no top-up, before the answer is here.
    await test.setAutomine(false);
    try {
      answerIn(await send(world, asked));
      expect(await onChain(payer)).to.include({ funds: 2n * DOLLAR });
    } finally {
      await test.setAutomine(true);
    }
    await until(async () => {
      await test.mine({ blocks: 1 });
      return (await world.tab(payer.address)).funds === 3n * DOLLAR;
    });
  });

  it("counts once, however often it is sent", async () => {
    const payer = await covered();
    const topUp = await topUpOf(payer, DOLLAR);
    answerIn(await send(world, await order(world, payer, { topUp, nonce: 1n, request: { penalty: 0n } })));
    await until(async () => (await world.tab(payer.address)).funds === 3n * DOLLAR);
    const before = failures();
    answerIn(await send(world, await order(world, payer, { topUp, nonce: 2n, request: { penalty: 0n } })));
    // The answer waits for nothing; that the second try was refused is known from the log alone.
    await until(() => failures() > before);
    expect(await onChain(payer)).to.include({ funds: 3n * DOLLAR });
    expect(await world.market.token.read.balanceOf([payer.address])).to.equal(2n * DOLLAR);
  });

  it("that does not cover the request is taken, and the request is refused as soon as that is known", async () => {
    const payer = await world.payer({ wallet: 5n * DOLLAR });
    const topUp = await topUpOf(payer, DOLLAR);
    const reply = await send(world, await order(world, payer, { topUp, request: { price: 2n * DOLLAR, penalty: 0n } }));
    expect(codeIn(reply)).to.equal("underfunded");
    expect(await world.tab(payer.address)).to.include({ funds: DOLLAR, promised: 0n });
  });

  describe("gets no stake", () => {
    it("where the tab is worth less than the policy wants", async () => {
      const payer = await world.payer({ wallet: 2n * DOLLAR });
      const topUp = await topUpOf(payer, STAKE.leastFunds - 1n);
      expect(codeIn(await send(world, await order(world, payer, { topUp })))).to.equal("understaked");
      expect(await world.tab(payer.address)).to.include({ stake: 0n, promised: 0n });
      answerIn(await send(world, await order(world, payer, { request: { penalty: 0n } })));
    });

    it("beyond the policy's total, in sequence or at the same time", async () => {
      const staked = async (): Promise<bigint> => (await totals(world.gateway.store.database)).staked;
      // More payers than the policy has stakes for, all at once.
      const payers = await Promise.all(Array.from({ length: 5 }, async () => world.payer({ wallet: 2n * DOLLAR })));
      const replies = await Promise.all(
        payers.map(async (payer) =>
          send(world, await order(world, payer, { topUp: await topUpOf(payer, STAKE.leastFunds) })),
        ),
      );
      const refusals = replies.filter(({ status }) => status !== 200).map((reply) => codeIn(reply));
      expect(new Set(refusals)).to.deep.equal(new Set(["understaked"]));
      expect((await staked()) <= policy.total).to.equal(true);
      const late = await world.payer({ wallet: 2n * DOLLAR });
      const topUp = await topUpOf(late, STAKE.leastFunds);
      expect(codeIn(await send(world, await order(world, late, { topUp })))).to.equal("understaked");
      expect(await staked()).to.equal(policy.total);
    });
  });
});
