import { expect } from "chai";
import { createWalletClient, http } from "viem";

import { timeStock } from "../../../scripts/bench/gateway/stock.ts";
import { forkProvider, type ForkedProvider } from "../../../scripts/local/fork-provider.ts";
import { DOLLAR } from "../../../scripts/local/marketplace.ts";
import { readText } from "../../../scripts/local/rest.ts";
import { connect } from "../../../src/client/connect.ts";
import { slash } from "../../../src/client/redress.ts";
import { UnprovenError } from "../../../src/client/settlements.ts";
import { errorOf } from "../../helpers/errors.ts";
import { until } from "../../helpers/until.ts";
import { FLOWER, PENALTY, PRICE, send, startLoop, tabAt, untilAtRest, untilFunded, type Loop } from "./world.ts";

const HOUR = 3_600;

/** Node's options for a process whose clock is off. */
function clockOffBy(seconds: number): { readonly execArgv: readonly string[] } {
  const program = `const now = Date.now; Date.now = () => now() + ${1000 * seconds};`;
  return { execArgv: ["--import", `data:text/javascript,${encodeURIComponent(program)}`] };
}

describe("time", function () {
  this.timeout(900_000);
  let loop: Loop;
  const running: ForkedProvider[] = [];
  before(async function () {
    loop = await startLoop(this);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((gateway) => gateway.kill()));
  });
  after(async () => loop?.stop());

  const start = async (...args: Parameters<typeof forkProvider>): Promise<ForkedProvider> => {
    const gateway = await forkProvider(...args);
    running.push(gateway);
    return gateway;
  };

  const stopsTheSale = async (off: number): Promise<void> => {
    const { model } = loop;
    const seller = await loop.seller({ mostLagSeconds: HOUR });
    const payer = await seller.payer(DOLLAR);
    const gateway = await start(seller.settings(), undefined, clockOffBy(off));
    await untilFunded(gateway, payer.address);
    const [order] = (await seller.orders(payer))(1);
    const refusal = order && (await send(gateway, model.id, order));
    expect(refusal).to.deep.include({ status: 503 });
    expect(refusal?.body.code).to.equal("behind-chain");
    expect(refusal?.body.detail).to.match(/2\d{4} seconds (behind|ahead of) this gateway's clock/);
    expect(await tabAt(gateway, payer.address)).to.deep.equal({ promised: 0n, available: DOLLAR });
  };
  for (const [which, off] of [
    ["ahead of the chain's", 6 * HOUR],
    ["behind the chain's", -6 * HOUR],
  ] as const) {
    it(`stops the sale where a gateway's clock is ${which}, at no cost`, () => stopsTheSale(off));
  }

  it("is the chain's and the gateway's for a client with a wrong clock, who is told the bounds", async () => {
    const { model, now } = loop;
    const seller = await loop.seller();
    const payer = await seller.payer(DOLLAR);
    const gateway = await start(seller.settings());
    await untilFunded(gateway, payer.address);
    for (const deadline of [(await now()) + 5, (await now()) - HOUR, (await now()) + 30 * 24 * HOUR]) {
      const [order] = (await seller.orders(payer, deadline))(1);
      const refusal = order && (await send(gateway, model.id, order));
      expect(refusal).to.deep.include({ status: 402 });
      expect(refusal?.body.code).to.equal("bad-deadline");
      const [, least, most] = /from (\d+) to (\d+) \(Unix time\)/.exec(refusal?.body.detail ?? "") ?? [];
      expect(Number(least))
        .to.be.above(await now())
        .and.below(Number(most));
      expect(deadline < Number(least) || deadline > Number(most)).to.equal(true);
    }
    expect(await tabAt(gateway, payer.address)).to.deep.equal({ promised: 0n, available: DOLLAR });
    const [order] = (await seller.orders(payer))(1);
    expect(order && (await send(gateway, model.id, order))).to.deep.include({ status: 200 });
  });

  it("ends a promise that no prover keeps: the agent takes the penalty, the keeper sends a lock back", async () => {
    const { market, model } = loop;
    const seller = await loop.seller();
    const payer = await seller.payer(DOLLAR);
    const stock = loop.holder();
    await market.token.write.mint([stock.address, DOLLAR]);
    const idle = await start(seller.settings());
    await untilFunded(idle, payer.address);
    const connection = await connect(idle.url, payer, { rpc: market.url, limits: { topUp: { amount: 0n } } });
    const answers = [await connection.ask("iris", FLOWER), await connection.ask("iris", FLOWER)];
    await timeStock(`${idle.url}/v1/models/${model.id}/infer`, market.tokenOf, stock, FLOWER, 1);
    expect(await market.token.read.balanceOf([stock.address])).to.equal(DOLLAR - PRICE);
    expect((await tabAt(idle, payer.address)).promised).to.equal(2n * PRICE);

    // By the chain it is over, and by the clock of a gateway that is started then.
    await market.test.increaseTime({ seconds: 2 * HOUR });
    await market.test.mine({ blocks: 1 });
    for (const { settled } of answers) expect(await errorOf(settled)).to.be.instanceOf(UnprovenError);
    await until(async () => (await tabAt(idle, payer.address)).promised === 0n);
    expect(await market.token.read.balanceOf([stock.address])).to.equal(DOLLAR - PRICE);
    await idle.stop();
    const gateway = await start(seller.settings(), undefined, clockOffBy(2 * HOUR));
    await until(async () => (await market.token.read.balanceOf([stock.address])) === DOLLAR);

    const wallet = createWalletClient({ account: loop.holder(), transport: http(market.url) });
    const evidence = (await connection.book.all()).find(({ id }) => id === answers[0]?.id);
    expect(evidence).not.to.equal(undefined);
    if (evidence === undefined) return;
    await slash(wallet, market.deployment.escrow, evidence);
    connection.close();
    expect(await market.escrow.read.balanceOf([payer.address])).to.equal(PENALTY);
    const { funds, stake } = await market.escrow.read.tabOf([payer.address, seller.provider.address]);
    expect({ funds, stake }).to.deep.equal({ funds: DOLLAR, stake: 0n });

    const eventOf = async (id: string): Promise<string> => {
      const status = JSON.parse(await readText(`${gateway.url}/v1/requests/${id}`)) as { state: string };
      return status.state;
    };
    await until(async () => (await eventOf(answers[0]?.id ?? "")) === "slashed");
    expect(await eventOf(answers[1]?.id ?? "")).to.equal("expired");
    // The jobs of what is over are found by the next prover, which has nothing to do.
    await gateway.stop();
    const last = await start(seller.settings(), seller.proving(), clockOffBy(2 * HOUR));
    await untilAtRest(loop, last);
    expect(await seller.differences()).to.deep.equal([]);
  });
});
