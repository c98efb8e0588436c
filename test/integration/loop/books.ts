import { expect } from "chai";

import { forkProvider } from "../../../scripts/local/fork-provider.ts";
import { DOLLAR } from "../../../scripts/local/marketplace.ts";
import { answerAll, runSql, startLoop, untilAtRest, untilFunded, type Loop, type Seller } from "./world.ts";

const ONE = "(SELECT min(id) FROM assay.requests)";

/** What a fault would make of a store, and what the books say then. */
const FAULTS: readonly (readonly [what: string, statement: string, found: RegExp])[] = [
  ["money that stays promised", "UPDATE assay.tabs SET promised = promised + 1", /promised is 1 .* should be 0/],
  ["funds that are not there", "UPDATE assay.tabs SET funds = funds + 1", /funds is .* should be/],
  ["a stake that is not there", "UPDATE assay.tabs SET stake = stake + 1", /stake is .* should be/],
  ["a nonce that was not issued", "UPDATE assay.tabs SET issued = issued + 1", /issued is 4 .* should be 3/],
  ["a settlement that is forgotten", `DELETE FROM assay.outcomes WHERE request = ${ONE}`, /the store misses: 0x/],
  ["a settlement that never was", "UPDATE assay.outcomes SET block = block + 1000", /the store alone has: 0x/],
  [
    "another charge than was paid",
    `UPDATE assay.requests SET charge = charge - 1 WHERE id = ${ONE}`,
    /settled otherwise/,
  ],
  ["a wrong end", `UPDATE assay.requests SET closed = 'expired' WHERE id = ${ONE}`, /was settled, .* as expired/],
  ["no end", `UPDATE assay.requests SET closed = NULL WHERE id = ${ONE}`, /is owed a proof, and has no job/],
  ["an answer that is lost", `DELETE FROM assay.requests WHERE id = ${ONE}`, /is on chain alone/],
  [
    "a job without a request",
    `UPDATE pgboss.job SET state = 'created' WHERE singleton_key = ${ONE}`,
    /has a job, and is over/,
  ],
  ["a store that stands still", "UPDATE assay.chain SET head = final, final = blocks -> 0", /the store is at block/],
];

describe("the check of a provider's books", function () {
  this.timeout(900_000);
  let loop: Loop;
  let seller: Seller;
  before(async function () {
    loop = await startLoop(this);
    seller = await loop.seller();
    const payer = await seller.payer(DOLLAR);
    const gateway = await forkProvider(seller.settings(), seller.proving());
    try {
      await untilFunded(gateway, payer.address);
      await answerAll(loop, () => [gateway], (await seller.orders(payer))(3));
      await untilAtRest(loop, gateway);
    } finally {
      await gateway.stop();
    }
  });
  after(async () => loop?.stop());

  it("finds nothing where all is settled", async () => {
    expect(await seller.differences()).to.deep.equal([]);
  });

  const isFound = async (statement: string, found: RegExp): Promise<void> => {
    const store = await seller.copy();
    await runSql(store.url, statement);
    expect((await seller.differences(store)).join("\n")).to.match(found);
  };
  for (const [what, statement, found] of FAULTS) it(`finds ${what}`, () => isFound(statement, found));

  it("finds money in the escrow that is owed to nobody", async () => {
    const { market } = loop;
    await market.token.write.mint([market.escrow.address, 1n]);
    expect((await seller.differences()).join("\n")).to.match(/the escrow holds (\d+) and owes \d+/);
  });
});
