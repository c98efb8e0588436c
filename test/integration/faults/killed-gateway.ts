import { expect } from "chai";
import type { HDAccount } from "viem/accounts";

import { DOLLAR } from "../../../scripts/local/marketplace.ts";
import type { Mortality } from "../../helpers/gateway-process.ts";
import { until } from "../../helpers/until.ts";
import { checkBooks, codeOf, lapse, startWorld, tabOf, withDatabase, type Question, type World } from "./world.ts";

describe("a gateway on a folder that is killed", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(async () => world?.stop());

  const FUNDS = 10n * DOLLAR;

  /** A question that its gateway did not outlive, and the folder that is left. */
  async function killAt(mortality: Mortality) {
    const payer: HDAccount = await world.payer(FUNDS);
    const store = { folder: world.newFolder() };
    const gateway = await world.gateway({ store }, mortality);
    await world.untilFunded(gateway, payer.address, FUNDS);
    const [question] = (await world.questions(payer, 1)) as [Question];
    const reply = await world.ask(gateway, question);
    if (mortality === "answer") await gateway.kill();
    expect(await gateway.ended()).to.equal("SIGKILL");
    return { payer, store, question, reply, restart: async () => world.gateway({ store }) };
  }

  it("after it reserved has given no answer, and gives one when the reservation has lapsed", async () => {
    const { payer, store, question, reply, restart } = await killAt("reserve");
    expect(codeOf(reply)).to.equal("broken");
    const first = await restart();
    expect(codeOf(await world.ask(first, question))).to.equal("busy");
    await first.kill();
    await withDatabase(store, lapse);
    const second = await restart();
    const again = await world.ask(second, question);
    expect(codeOf(again)).to.equal("answered");
    expect(await tabOf(second.url, payer.address)).to.include({ promised: "100000", nextNonce: "1" });
    await second.stop();
    await withDatabase(store, async (database) => checkBooks(database, [again]));
  });

  it("after it computed gives the money back by itself when the reservation has lapsed", async () => {
    const { payer, store, reply, restart } = await killAt("compute");
    expect(codeOf(reply)).to.equal("broken");
    await withDatabase(store, async (database) => {
      await checkBooks(database, []);
      await lapse(database);
    });
    const gateway = await restart();
    await until(async () => (await tabOf(gateway.url, payer.address)).promised === "0");
    expect(await tabOf(gateway.url, payer.address)).to.include({ nextNonce: "0" });
    const [other] = (await world.questions(payer, 1)) as [Question];
    expect(codeOf(await world.ask(gateway, other))).to.equal("answered");
    await gateway.stop();
  });

  /** The answer is in the journal, its signature is not, and whoever asks again gets what was or would have been given. */
  async function repeats(mortality: "journal" | "answer"): Promise<void> {
    const { store, question, reply, restart } = await killAt(mortality);
    expect(codeOf(reply)).to.equal(mortality === "journal" ? "broken" : "answered");
    await withDatabase(store, async (database) => {
      await checkBooks(database, [reply]);
      expect(await database.query("SELECT state, receipt FROM assay.requests")).to.deep.equal([
        { state: "answered", receipt: null },
      ]);
    });
    const gateway = await restart();
    const again = [await world.ask(gateway, question), await world.ask(gateway, question)];
    expect(again.map(codeOf)).to.deep.equal(["answered", "answered"]);
    const unsealed = "SELECT FROM assay.requests WHERE receipt IS NULL";
    await until(async () => (await gateway.query(unsealed)).length === 0);
    await gateway.stop();
    await withDatabase(store, async (database) => {
      await checkBooks(database, [reply, ...again]);
      const [row] = await database.query<{ receipt: string | null }>("SELECT receipt FROM assay.requests");
      expect(again[0]).to.have.nested.property("answer.receipt", row?.receipt);
    });
  }

  it("after it journalled gives the answer to whoever asks again", async () => repeats("journal"));

  it("after it answered gives the very same answer again", async () => repeats("answer"));
});
