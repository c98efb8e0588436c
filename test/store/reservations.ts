import { expect } from "chai";
import type { Address } from "viem";

import { JOURNAL_RULES } from "../../src/gateway/settings.ts";
import { addForeignNonces, readTab } from "../../src/store/chain-state.ts";
import type { Store } from "../../src/store/store.ts";
import {
  answered,
  answerTo,
  describeOnBoth,
  fund,
  lapse,
  orderOf,
  payerOf,
  PRICE,
  START,
  step,
  type Place,
  itWhereShared,
} from "./world.ts";

/** Another gateway on the same database: on a folder it is the same one, started anew. */
async function another(store: Store, { open }: Place, kind: string, location: object): Promise<Store> {
  if (kind === "folder") await store.close();
  return open(location as { url: string });
}

describeOnBoth("a reservation", (place) => {
  let store: Store;
  before(async () => {
    store = await place.open();
  });

  const newPayer = (() => {
    let count = 0;
    return async (tab: { funds?: bigint; stake?: bigint; exitAt?: number } = {}): Promise<Address> => {
      const payer = payerOf(`reservation ${count++}`);
      await fund(store, [payer], tab);
      return payer;
    };
  })();
  const promised = async (payer: Address): Promise<bigint> => (await readTab(store.database, payer)).promised;

  it("of somebody without a tab is refused", async () => {
    expect(await store.journal.reserve(orderOf(payerOf("nobody"), 0))).to.equal("no-tab");
  });

  it("promises the price, once for each request", async () => {
    const payer = await newPayer();
    const order = orderOf(payer, 0);
    expect(await store.journal.reserve(order)).to.equal("reserved");
    expect(await store.journal.reserve(order)).to.equal("reserved");
    expect(await readTab(store.database, payer)).to.include({ promised: PRICE, issued: 1, nextNonce: 1n });
  });

  it("is refused when what is left is a unit below the price", async () => {
    const payer = await newPayer({ funds: 2n * PRICE - 1n });
    expect(await store.journal.reserve(orderOf(payer, 0))).to.equal("reserved");
    expect(await store.journal.reserve(orderOf(payer, 1))).to.equal("underfunded");
    expect(await store.journal.reserve(orderOf(payer, 1, { price: PRICE - 1n }))).to.equal("reserved");
    expect(await promised(payer)).to.equal(2n * PRICE - 1n);
  });

  it("is refused when the stake is below the penalty, and not when it equals it", async () => {
    const payer = await newPayer({ stake: 10n });
    expect(await store.journal.reserve(orderOf(payer, 0, { penalty: 11n }))).to.equal("understaked");
    expect(await store.journal.reserve(orderOf(payer, 0, { penalty: 10n }))).to.equal("reserved");
  });

  it("is refused when its deadline is too near the tab's exit", async () => {
    const exitAt = START + 10_000;
    const payer = await newPayer({ exitAt });
    const last = exitAt - JOURNAL_RULES.exitMargin;
    expect(await store.journal.reserve(orderOf(payer, 0, { deadline: last + 1 }))).to.equal("exiting");
    expect(await store.journal.reserve(orderOf(payer, 0, { deadline: last }))).to.equal("reserved");
  });

  it("takes a nonce for itself, and one that no store of the provider has used", async () => {
    const payer = await newPayer();
    await store.journal.reserve(orderOf(payer, 0));
    expect(await store.journal.reserve(orderOf(payer, 0, { price: PRICE + 1n }))).to.equal("nonce-used");
    await addForeignNonces(store.database, payer, [1n]);
    expect(await store.journal.reserve(orderOf(payer, 1))).to.equal("nonce-used");
    expect(await store.journal.reserve(orderOf(payer, 2))).to.equal("reserved");
  });

  it("needs a nonce within the window above those that were issued", async () => {
    const payer = await newPayer();
    const { nonceWindow } = JOURNAL_RULES;
    expect(await store.journal.reserve(orderOf(payer, nonceWindow))).to.equal("nonce-too-high");
    expect(await store.journal.reserve(orderOf(payer, 2n ** 256n - 1n))).to.equal("nonce-too-high");
    expect(await store.journal.reserve(orderOf(payer, nonceWindow - 1))).to.equal("reserved");
    expect(await store.journal.reserve(orderOf(payer, nonceWindow))).to.equal("reserved");
  });

  it("goes on above the nonces of another store, however many there are", async () => {
    const payer = await newPayer();
    const foreign = Array.from({ length: 600 }, (_, nonce) => BigInt(nonce));
    await addForeignNonces(store.database, payer, foreign);
    await addForeignNonces(store.database, payer, foreign);
    const { nextNonce, issued } = await readTab(store.database, payer);
    expect({ nextNonce, issued }).to.deep.equal({ nextNonce: 600n, issued: 600 });
    expect(await store.journal.reserve(orderOf(payer, nextNonce))).to.equal("reserved");
  });

  it("of an answered request says that it is answered, and promises the charge alone", async () => {
    const payer = await newPayer();
    const order = orderOf(payer, 0);
    await store.journal.reserve(order);
    expect(await store.journal.answer(answerTo(order, 60n))).to.equal(true);
    expect(await store.journal.reserve(order)).to.equal("answered");
    expect(await promised(payer)).to.equal(60n);
  });

  it("is given back whole, with its nonce", async () => {
    const payer = await newPayer();
    const order = orderOf(payer, 0);
    await store.journal.reserve(order);
    await store.journal.abandon(order.id);
    await store.journal.abandon(order.id);
    expect(await readTab(store.database, payer)).to.include({ promised: 0n, issued: 0, nextNonce: 0n });
    expect(await store.journal.answer(answerTo(order))).to.equal(false);
  });

  it("is not given back once it is answered", async () => {
    const payer = await newPayer();
    const order = await answered(store, orderOf(payer, 0));
    await store.journal.abandon(order.id);
    await lapse(store);
    await store.journal.abandonLapsed(START);
    expect(await promised(payer)).to.equal(PRICE);
  });

  it("of a group with the same request several times promises it once", async () => {
    const payer = await newPayer({ funds: 20n * PRICE });
    const orders = Array.from({ length: 64 }, (_, index) => orderOf(payer, index % 32));
    const verdicts = await Promise.all(orders.map(async (order) => store.journal.reserve(order)));
    const counts = Map.groupBy(verdicts, (verdict) => verdict);
    expect(counts.get("reserved")).to.have.length(40);
    expect(counts.get("underfunded")).to.have.length(24);
    expect(await readTab(store.database, payer)).to.include({ promised: 20n * PRICE, issued: 20 });
    const rows = await store.journal.find([...new Set(orders.map(({ id }) => id))]);
    const held = orders.filter(({ id }) => rows.some((row) => row.id === id));
    const written = await Promise.all(held.map(async (order) => store.journal.answer(answerTo(order))));
    expect(written.filter(Boolean)).to.have.length(20);
  });

  it("of one that is malformed fails alone", async () => {
    const payer = await newPayer();
    const good = orderOf(payer, 0);
    const bad = { ...orderOf(payer, 1), fields: undefined as unknown as number[] };
    const outcomes = await Promise.allSettled([store.journal.reserve(good), store.journal.reserve(bad)]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected"]);
    expect(await promised(payer)).to.equal(PRICE);
  });

  it("of a locked request takes nothing from the payer's tab", async () => {
    const payer = await newPayer();
    const order = orderOf(payer, 0, { locked: true });
    expect(await store.journal.reserve(order)).to.equal("reserved");
    expect(await store.journal.answer(answerTo(order))).to.equal(true);
    expect(await readTab(store.database, payer)).to.include({ promised: 0n, issued: 0 });
  });

  it("of a locked request lapses only after its deadline: until then it may be paid", async () => {
    const order = orderOf(payerOf("lock"), 0, { locked: true });
    await store.journal.reserve(order);
    await lapse(store);
    await store.journal.abandonLapsed(order.request.deadline);
    expect(await store.journal.find([order.id])).to.have.length(1);
    await store.journal.abandonLapsed(order.request.deadline + 1);
    expect(await store.journal.find([order.id])).to.have.length(0);
  });
});

describeOnBoth("two gateways", (place, kind) => {
  it("do not work on one request at once, and the second takes over what the first let lapse", async () => {
    const location = await place.fresh();
    const first = await place.open(location);
    const payer = payerOf("two");
    await fund(first, [payer]);
    const [held, lapsed] = [orderOf(payer, 0), orderOf(payer, 1)];
    const lock = orderOf(payer, 0, { locked: true });
    for (const order of [held, lapsed, lock]) expect(await first.journal.reserve(order)).to.equal("reserved");

    const second = await another(first, place, kind, location);
    for (const order of [held, lapsed, lock]) expect(await second.journal.reserve(order)).to.equal("busy");
    expect(await second.journal.answer(answerTo(held))).to.equal(false);
    await second.journal.abandon(held.id);
    expect(await second.journal.find([held.id])).to.have.length(1);

    await lapse(second);
    expect(await second.journal.reserve(lapsed)).to.equal("reserved");
    expect(await second.journal.abandonLapsed(START)).to.equal(1);
    expect(await readTab(second.database, payer)).to.include({ promised: PRICE, issued: 1 });
    expect(await second.journal.answer(answerTo(lapsed))).to.equal(true);
    if (kind === "folder") return;
    for (const order of [held, lapsed]) expect(await first.journal.answer(answerTo(order))).to.equal(false);
  });

  itWhereShared(kind)("with different prices give one receipt for one request", async () => {
    const location = await place.fresh();
    const [slow, quick] = [await place.open(location), await place.open(location)];
    const payer = payerOf("prices");
    await fund(slow, [payer]);
    const order = orderOf(payer, 0);
    await slow.journal.reserve(order);
    await lapse(slow);
    await quick.journal.reserve(order);
    expect(await quick.journal.answer(answerTo(order, 90n))).to.equal(true);
    expect(await slow.journal.answer(answerTo(order, 100n))).to.equal(false);
    expect((await slow.journal.find([order.id]))[0]).to.include({ state: "answered", charge: 90n });
  });

  itWhereShared(kind)(
    "never wait for each other for good, with many payers and the chain at the same time",
    async () => {
      const location = await place.fresh();
      const stores = [await place.open(location), await place.open(location)] as const;
      const payers = Array.from({ length: 40 }, (_, index) => payerOf(`many ${index}`));
      const tabs = payers.map((payer) => ({ payer, funds: 1_000_000n, stake: 1000n }));
      await fund(stores[0], payers);
      const asking = stores.flatMap((store, gateway) =>
        Array.from({ length: 600 }, async (_, index) => {
          const payer = payers[(index * 7) % payers.length] as Address;
          // Half of them are expiring as they are asked for once more.
          const deadline = index % 2 === 0 ? START + 3600 : START + 5;
          const order = orderOf(payer, 2 * Math.floor(index / payers.length) + gateway, { deadline });
          await answered(store, order);
          return store.journal.reserve(order);
        }),
      );
      const chain = (async () => {
        for (let head = 10; head < 60; head++) {
          await step(stores[head % 2] as Store, { head, tabs: head % 2 === 0 ? tabs : tabs.toReversed() });
        }
      })();
      expect(new Set(await Promise.all(asking))).to.deep.equal(new Set(["answered"]));
      await chain;
      const [row] = await stores[0].database.query<{ deadlocks: string }>(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
      );
      expect(Number(row?.deadlocks)).to.equal(0);
    },
  );
});
