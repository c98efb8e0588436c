import { expect } from "chai";

import { DOLLAR } from "../../scripts/local/marketplace.ts";
import { times } from "../helpers/random.ts";
import { answerIn, codeIn, order, send, type Order, type Reply } from "./orders.ts";
import { PRICE, startWorld, stopMarket, type World } from "./world.ts";

after(stopMarket);

describe("requests that race each other", () => {
  let world: World;

  before(async () => {
    world = await startWorld();
  });
  after(async () => world.stop());

  const sendAll = async (orders: readonly Order[]): Promise<Reply[]> =>
    Promise.all(orders.map(async (each) => send(world, each)));

  const codesIn = (replies: readonly Reply[]): string[] =>
    replies.filter(({ status }) => status !== 200).map((reply) => codeIn(reply));

  it("for one nonce: one of twenty is answered", async () => {
    const payer = await world.payer({ funds: 5n * DOLLAR, stake: DOLLAR });
    const orders = await Promise.all(times(20, async () => order(world, payer, { nonce: 0n })));
    const before = await world.books();
    const replies = await sendAll(orders);
    expect(codesIn(replies)).to.deep.equal(times(19, () => "nonce-used"));
    const answered = orders.find((_, index) => replies[index]?.status === 200);
    const after = await world.books();
    expect(after.requests.filter((row) => !before.requests.includes(row))).to.deep.equal([`${answered?.id} answered`]);
    expect((await world.tab(payer.address)).promised).to.equal(PRICE);
  });

  it("for a tab that covers 50: as many of 200 are answered", async () => {
    const payer = await world.payer({ funds: 50n * PRICE + PRICE / 2n, stake: DOLLAR });
    const orders = await Promise.all(times(200, async (nonce) => order(world, payer, { nonce: BigInt(nonce) })));
    const before = await world.books();
    const replies = await sendAll(orders);
    expect(codesIn(replies)).to.deep.equal(times(150, () => "underfunded"));
    const ids = replies.filter(({ status }) => status === 200).map((reply) => answerIn(reply).id);
    expect(new Set(ids).size).to.equal(50);
    const after = await world.books();
    expect(after.promised - before.promised).to.equal(50n * PRICE);
    expect(after.requests.length - before.requests.length).to.equal(50);
    expect(after.jobs - before.jobs).to.equal(50);
    expect(await world.tab(payer.address)).to.include({ promised: 50n * PRICE, issued: 50 });
  });

  it("and are the very same one: all get the same answer, which is charged once", async () => {
    const payer = await world.payer({ funds: DOLLAR, stake: DOLLAR });
    const asked = await order(world, payer);
    const before = await world.books();
    const replies = await sendAll(times(20, () => asked));
    const answer = answerIn(replies[0] as Reply);
    for (const reply of replies) expect(answerIn(reply)).to.deep.equal(answer);
    const after = await world.books();
    expect(after.promised - before.promised).to.equal(PRICE);
    expect(after.requests.length - before.requests.length).to.equal(1);
    expect(after.jobs - before.jobs).to.equal(1);
  });

  it("by several payers who each can pay: all are answered", async () => {
    const payers = await Promise.all(times(4, async () => world.payer({ funds: 5n * PRICE, stake: DOLLAR })));
    const orders = await Promise.all(
      payers.flatMap((payer) => times(5, async (nonce) => order(world, payer, { nonce: BigInt(nonce) }))),
    );
    expect(codesIn(await sendAll(orders))).to.deep.equal([]);
    for (const payer of payers) expect((await world.tab(payer.address)).promised).to.equal(5n * PRICE);
  });
});
