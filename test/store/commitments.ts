import { expect } from "chai";
import type { Hex } from "viem";

import { verify } from "../../src/protocol/receipt-tree.ts";
import { inclusionOf, nextCommitment, noteCommitted } from "../../src/store/commitments.ts";
import type { Order } from "../../src/store/journal.ts";
import type { Store } from "../../src/store/store.ts";
import { answered, answerTo, describeOnBoth, fund, orderOf, payerOf } from "./world.ts";

const PAYER = payerOf("commitments");
const TRANSACTION: Hex = `0x${"22".repeat(32)}`;

describeOnBoth("commitments", ({ open }) => {
  let store: Store;
  let nonce = 0;
  const orders: Order[] = [];
  before(async () => {
    store = await open();
    await fund(store, [PAYER]);
  });
  const ask = async (count: number): Promise<void> => {
    for (let each = 0; each < count; each++) orders.push(await answered(store, orderOf(PAYER, nonce++)));
  };

  const makeFour = async () => {
    const made = await Promise.all(Array.from({ length: 4 }, async () => nextCommitment(store.database)));
    return made.filter((each) => each !== undefined);
  };

  it("are made of answers alone", async () => {
    await store.journal.reserve(orderOf(PAYER, nonce++));
    expect(await nextCommitment(store.database)).to.equal(undefined);
  });

  it("have each receipt in exactly one of them, though many are made at once while answers go on", async () => {
    await ask(20);
    for (let round = 0; round < 3; round++) {
      const [made] = await Promise.all([makeFour(), ask(7)]);
      // One that is not on chain yet is the next one for everybody.
      expect(new Set(made.map(({ root }) => root)).size).to.equal(1);
      await noteCommitted(store.database, made[0]?.root as Hex, TRANSACTION);
    }
    const last = await nextCommitment(store.database);
    if (last !== undefined) await noteCommitted(store.database, last.root, TRANSACTION);
    expect(await nextCommitment(store.database)).to.equal(undefined);
    const [row] = await store.database.query<{ sum: string }>("SELECT sum(count) AS sum FROM assay.commitments");
    expect(Number(row?.sum)).to.equal(orders.length);
    for (const order of orders) {
      const { id, output, charge } = answerTo(order);
      const inclusion = await inclusionOf(store.database, id);
      const path = inclusion?.path ?? [];
      expect(verify(inclusion?.root as Hex, { request: id, output, charge }, path)).to.equal(true);
      expect(verify(inclusion?.root as Hex, { request: id, output, charge: charge + 1n }, path)).to.equal(false);
    }
  });

  it("that did not get on chain before a crash come first", async () => {
    await ask(3);
    const made = await nextCommitment(store.database);
    await ask(2);
    expect(await nextCommitment(store.database)).to.deep.equal(made);
    const [inOne, inNone] = orders.slice(-5).filter((_, index) => index === 0 || index === 4);
    expect(await inclusionOf(store.database, inOne?.id as Hex)).to.include({
      root: made?.root,
      transaction: undefined,
    });
    expect(await inclusionOf(store.database, inNone?.id as Hex)).to.equal(undefined);
    await noteCommitted(store.database, made?.root as Hex, TRANSACTION);
    expect(await nextCommitment(store.database)).to.include({ count: 2 });
  });
});
