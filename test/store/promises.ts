import { expect } from "chai";
import type { Address, Hex } from "viem";

import type { EscrowEvent } from "../../src/chain/events.ts";
import type { Order } from "../../src/store/journal.ts";
import type { Store } from "../../src/store/store.ts";
import { fuzz, times, type Random } from "../helpers/random.ts";
import { answerTo, describeOnBoth, fund, lapse, orderOf, payerOf, PRICE, settled, START, step } from "./world.ts";

const PAYERS = times(3, (index) => payerOf(`promises ${index}`));
const FUNDS = 12n * PRICE;
const STEPS = 500;

/** What the tabs say, and what the requests add up to. */
async function books({ database }: Store) {
  return database.query<{ payer: Address; promised: string; sum: string; issued: string; count: string; jobs: string }>(
    `SELECT payer, promised, issued,
      (SELECT coalesce(sum(promise), 0) FROM assay.requests r WHERE r.payer = t.payer AND NOT locked AND closed IS NULL) AS sum,
      (SELECT count(*) FROM assay.requests r WHERE r.payer = t.payer AND NOT locked) AS count
    FROM assay.tabs t ORDER BY payer`,
  );
}

/** A chain that settles what it likes, and forgets some of it again. */
class MadeChain {
  head = 1;
  /** Seconds between START and the time of the head. */
  time = 1;
  readonly settlements: { readonly order: Order; readonly block: number }[] = [];

  readonly #depth: number;

  constructor(depth: number) {
    this.#depth = depth;
  }

  /** Blocks that count, and the events in those that are new to the store. */
  async grow(store: Store, orders: readonly Order[], seconds: number, dropAbove?: number): Promise<void> {
    const first = dropAbove ?? this.head;
    this.head = first + 1;
    this.time += seconds;
    const events = orders.map((order, index): EscrowEvent => settled(order, this.head, index));
    this.settlements.push(...orders.map((order) => ({ order, block: this.head })));
    const made = {
      head: this.head,
      final: Math.max(0, this.head - this.#depth),
      time: this.time,
      events,
      tabs: PAYERS.map((payer) => ({ payer, funds: FUNDS, stake: 1000n })),
      ...(dropAbove === undefined ? {} : { dropAbove }),
    };
    expect(await step(store, made)).to.equal(true);
  }

  async reorganise(store: Store, blocks: number): Promise<void> {
    const dropAbove = Math.max(1, this.head - blocks);
    const kept = this.settlements.filter(({ block }) => block <= dropAbove);
    this.settlements.splice(0, this.settlements.length, ...kept);
    await this.grow(store, [], 1, dropAbove);
  }

  isSettled(id: Hex): boolean {
    return this.settlements.some(({ order }) => order.id === id);
  }
}

async function act(random: Random, stores: readonly Store[], chain: MadeChain, orders: Order[]): Promise<void> {
  const store = stores[random.below(stores.length)] as Store;
  const { journal } = store;
  const some = (): Order | undefined => orders[random.below(orders.length)];
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2: {
      const payer = PAYERS[random.below(PAYERS.length)] as Address;
      const deadline = START + chain.time + 1 + random.below(40);
      const nonce = orders.filter(({ request }) => request.payer === payer).length;
      const order = orderOf(payer, nonce, { deadline, locked: random.below(8) === 0 });
      orders.push(order);
      await journal.reserve(order);
      break;
    }
    case 3:
    case 4: {
      const order = some();
      if (order !== undefined) await journal.answer(answerTo(order, PRICE - BigInt(random.below(50))));
      break;
    }
    case 5: {
      const again = times(3, some).filter((order) => order !== undefined);
      await Promise.all(again.map(async (order) => journal.reserve(order)));
      break;
    }
    case 6: {
      const order = some();
      if (order !== undefined) await journal.abandon(order.id);
      break;
    }
    case 7:
      if (random.below(3) === 0) await lapse(store);
      await journal.abandonLapsed(START + chain.time);
      break;
    case 8: {
      const open = orders.filter(
        ({ id, request }) => !chain.isSettled(id) && request.deadline > START + chain.time + 5,
      );
      const rows = await journal.find(open.map(({ id }) => id));
      const answers = rows.filter(({ state, request }) => state === "answered" && !request.locked).slice(0, 3);
      await chain.grow(
        store,
        answers.map(({ id }) => orders.find((order) => order.id === id) as Order),
        1,
      );
      break;
    }
    default:
      if (random.below(3) === 0) await chain.reorganise(store, 1 + random.below(10));
      else await chain.grow(store, [], random.below(10));
  }
}

describeOnBoth("what is promised", ({ fresh, open }, kind) => {
  it("is the sum of what is owed, after anything that happens to requests and to the chain", async () => {
    const location = await fresh();
    const stores = [await open(location), ...(kind === "server" ? [await open(location)] : [])];
    await fund(stores[0] as Store, PAYERS, { funds: FUNDS });
    await fuzz(async (random) => {
      const chain = new MadeChain(3);
      const orders: Order[] = [];
      for (let done = 0; done < STEPS; done++) {
        await act(random, stores, chain, orders);
        for (const { promised, sum, issued, count } of await books(stores[0] as Store)) {
          expect({ promised, issued }, `after ${done}`).to.deep.equal({ promised: sum, issued: count });
          expect(Number(promised)).to.be.at.most(Number(FUNDS + BigInt(chain.settlements.length) * PRICE));
        }
      }
      const { journal } = stores[0] as Store;
      // The chain ends every answer: it is settled, or its deadline passes in blocks that count.
      for (let block = 0; block < 6; block++) await chain.grow(stores[0] as Store, [], 20);
      await lapse(stores[0] as Store);
      await journal.abandonLapsed(START + chain.time);
      for (const { promised } of await books(stores[0] as Store)) expect(promised).to.equal("0");
      const rows = await journal.find(orders.map(({ id }) => id));
      for (const { id, closed, request } of rows) {
        if (!request.locked) expect(closed).to.equal(chain.isSettled(id) ? "settled" : "expired");
      }
      expect(rows.filter(({ closed }) => closed === "settled")).not.to.be.empty;
      expect(rows.filter(({ closed }) => closed === "expired")).not.to.be.empty;
    });
  });
});
