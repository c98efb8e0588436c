import { expect } from "chai";

import { openDatabase, type StoreLocation } from "../../src/store/database.ts";
import { migrate, NewerSchemaError } from "../../src/store/schema.ts";
import { OtherStoreError } from "../../src/store/store.ts";
import { errorOf } from "../helpers/errors.ts";
import { answered, DEPLOYMENT, describeOnBoth, fund, orderOf, payerOf, itWhereShared } from "./world.ts";

describeOnBoth("a store's tables", ({ fresh, open }, kind) => {
  let location: StoreLocation;
  before(async () => {
    location = await fresh();
  });

  it("are made once, however often and from however many connections at once", async () => {
    const database = await openDatabase(location);
    await Promise.all(Array.from({ length: 5 }, async () => migrate(database)));
    if (kind === "server") {
      const others = await Promise.all(Array.from({ length: 5 }, async () => openDatabase(location)));
      await Promise.all(others.map(async (other) => migrate(other)));
      for (const other of others) await other.close();
    }
    expect(await database.query("SELECT count(*)::integer AS count FROM assay.schema_steps")).to.deep.equal([
      { count: 2 },
    ]);
    await database.close();
  });

  itWhereShared(kind)("are made by gateways that start at the same time", async () => {
    const place = await fresh();
    const stores = await Promise.all(Array.from({ length: 4 }, async () => open(place)));
    const keys = new Set(stores.map(({ quoteKey }) => quoteKey));
    expect(keys.size).to.equal(1);
    for (const store of stores) await store.close();
  });

  it("keep what is in them, and the key of quotes, when the store is opened again", async () => {
    const store = await open(location);
    const payer = payerOf("again");
    await fund(store, [payer]);
    const { id } = await answered(store, orderOf(payer, 0));
    const { quoteKey } = store;
    await store.close();
    const again = await open(location);
    expect(again.quoteKey).to.equal(quoteKey);
    expect(await again.journal.find([id])).to.have.length(1);
    await again.close();
  });

  it("are refused to another provider, escrow or chain", async () => {
    for (const changes of [
      { provider: payerOf("somebody else") },
      { deployment: { ...DEPLOYMENT, escrow: payerOf("another escrow") } },
      { deployment: { ...DEPLOYMENT, chainId: 1 } },
    ]) {
      expect(await errorOf(open(location, changes))).to.be.instanceOf(OtherStoreError);
    }
    const store = await open(location);
    await store.close();
  });

  it("of a newer version are left alone", async () => {
    const database = await openDatabase(location);
    await database.query("INSERT INTO assay.schema_steps SELECT generate_series(100, 110)");
    expect(await errorOf(migrate(database))).to.be.instanceOf(NewerSchemaError);
    await database.close();
  });
});
