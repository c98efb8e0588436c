import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import type { LeasedId } from "../../src/store/jobs.ts";
import { setAside } from "../../src/store/journal.ts";
import type { Store } from "../../src/store/store.ts";
import { until } from "../helpers/until.ts";
import { answered, describeOnBoth, fund, MODEL, orderOf, payerOf, settled, START, step } from "./world.ts";

const PAYER = payerOf("jobs");

describeOnBoth("the queue of answers to prove", ({ open }) => {
  let store: Store;
  let nonce = 0;
  before(async () => {
    store = await open();
    await fund(store, [PAYER]);
  });

  const ask = async (deadline = START + 3600) => answered(store, orderOf(PAYER, nonce++, { deadline }));
  const leaseAll = async (): Promise<LeasedId[]> => {
    // A job is not to be had in the millisecond in which it was added.
    await sleep(2);
    return store.jobs.lease(MODEL, 100);
  };
  const jobsOf = async (id: string): Promise<string[]> => {
    const rows = await store.database.query<{ state: string }>(
      "SELECT state::text FROM pgboss.job WHERE singleton_key = $1 ORDER BY created_on",
      [id],
    );
    return rows.map(({ state }) => state);
  };
  /** As if all that happened so far had happened a minute ago. */
  const age = async (): Promise<void> => {
    await store.database.query("UPDATE assay.requests SET answered_at = answered_at - interval '1 minute'");
  };
  afterEach(async () => {
    for (const leased of await leaseAll()) await store.jobs.complete(leased);
    await store.database.query("UPDATE assay.requests SET aside = 'of another test'");
  });

  it("has each answer once, though it is written twice and looked for", async () => {
    const { id } = await ask();
    await store.journal.answer({ id, output: `0x${"01".repeat(32)}`, charge: 1n });
    await age();
    expect(await store.jobs.recover(START)).to.equal(0);
    const leased = await leaseAll();
    expect(leased.map((each) => each.id)).to.deep.equal([id]);
    expect(await store.jobs.recover(START)).to.equal(0);
    expect(await leaseAll()).to.deep.equal([]);
    for (const each of leased) await store.jobs.complete(each);
    expect(await jobsOf(id)).to.deep.equal(["completed"]);
  });

  it("gives the earliest deadline first", async () => {
    const late = await ask(START + 3000);
    const soon = await ask(START + 1000);
    const middle = await ask(START + 2000);
    const order: string[] = [];
    for (let taken = 0; taken < 3; taken++) {
      for (const leased of await store.jobs.lease(MODEL, 1)) {
        order.push(leased.id);
        await store.jobs.complete(leased);
      }
    }
    expect(order).to.deep.equal([soon.id, middle.id, late.id]);
  });

  it("gives a job to one of many who ask at once", async () => {
    const ids = new Set<string>();
    for (let each = 0; each < 20; each++) ids.add((await ask()).id);
    const leases = await Promise.all(Array.from({ length: 8 }, async () => store.jobs.lease(MODEL, 5)));
    const given = leases.flat();
    expect(new Set(given.map(({ id }) => id))).to.deep.equal(ids);
    expect(given).to.have.length(20);
    for (const leased of given) await store.jobs.complete(leased);
  });

  it("gives a job again after it was given back", async () => {
    const { id } = await ask();
    for (const leased of await leaseAll()) {
      expect(await store.jobs.keep(leased)).to.equal(true);
      await store.jobs.giveBack(leased, "for the test");
      expect(await store.jobs.keep(leased)).to.equal(false);
    }
    await until(async () => {
      const [leased] = await leaseAll();
      if (leased === undefined) return false;
      expect(leased.id).to.equal(id);
      await store.jobs.complete(leased);
      return true;
    });
  });

  it("gives a job again when its prover is silent for too long", async () => {
    const { id } = await ask();
    await leaseAll();
    await store.database.query(
      "UPDATE pgboss.job SET heartbeat_on = heartbeat_on - interval '1 minute' WHERE state = 'active'",
    );
    await until(async () => {
      const [leased] = await leaseAll();
      if (leased === undefined) await sleep(200);
      else await store.jobs.complete(leased);
      return leased?.id === id;
    });
  });

  it("finds exactly the answers that lost their job", async () => {
    const lost = await ask();
    const queued = await ask();
    const aside = await ask();
    const over = await ask();
    const late = await ask(START + 20);
    await setAside(store.database, aside.id, "for the test");
    await step(store, { head: 10, tabs: [{ payer: PAYER }], events: [settled(over, 10)] });
    for (const { id } of [lost, aside, over, late]) {
      await store.database.query("DELETE FROM pgboss.job WHERE singleton_key = $1", [id]);
    }
    const fresh = await ask();
    await store.database.query("DELETE FROM pgboss.job WHERE singleton_key = $1", [fresh.id]);
    expect(await store.jobs.recover(START + 20)).to.equal(0);
    await age();
    expect(await store.jobs.recover(START + 20)).to.equal(2);
    expect(await store.jobs.recover(START + 20)).to.equal(0);
    const leased = await leaseAll();
    expect(leased.map(({ id }) => id).toSorted()).to.deep.equal([lost.id, queued.id, fresh.id].toSorted());
    for (const each of leased) await store.jobs.complete(each);
  });

  it("finds the answers whose settlement was reorganised away", async () => {
    const order = await ask();
    for (const leased of await leaseAll()) await store.jobs.complete(leased);
    const tabs = [{ payer: PAYER }];
    await step(store, { head: 21, tabs, events: [settled(order, 21)] });
    await age();
    expect(await store.jobs.recover(START)).to.equal(0);
    await step(store, { head: 21, dropAbove: 15, tabs });
    expect(await store.jobs.recover(START)).to.equal(1);
    expect(await jobsOf(order.id)).to.deep.equal(["completed", "created"]);
  });
});
