import { expect } from "chai";

import { account } from "../../scripts/local/market.ts";
import { tabCommand } from "../../src/cli/tab.ts";
import { isUsageError } from "../../src/cli/usage.ts";
import { EXIT_DELAY } from "../../src/protocol/limits.ts";
import { errorOf as rejectionOf } from "../helpers/errors.ts";
import { keyOf, LOCAL, startTabWorld, usd, type TabWorld } from "../helpers/tab-world.ts";
import { answerOf, complaintOf, errorOf, jsonOf, refusalOf } from "../integration/model-command/world.ts";

describe("assay tab", () => {
  let world: TabWorld;
  beforeEach(async () => {
    world = await startTabWorld(LOCAL);
    const args = ["fund", "--config", world.config, "--provider", world.provider, "--amount", "20"];
    await jsonOf(args, world.asAgent);
  });
  afterEach(async () => world.close());

  const tab = (...args: string[]): string[] => ["tab", ...args, "--config", world.config];
  const withProvider = () => ["--provider", world.provider];
  const withPayer = () => ["--payer", world.agent];

  it("shows a tab to anybody who names both, and to either party who names the other", async () => {
    const one = {
      payer: world.agent,
      provider: world.provider,
      funds: "20000000",
      stake: "0",
      payerBalance: "0",
      providerBalance: "0",
      exitAt: null,
    };
    expect(await jsonOf(tab(...withProvider(), ...withPayer()))).to.deep.equal({ tabs: [one] });
    expect(await jsonOf(tab(...withProvider()), world.asAgent)).to.deep.equal({ tabs: [one] });
    expect(await jsonOf(tab(...withPayer()), world.asProvider)).to.deep.equal({ tabs: [one] });
    expect(await answerOf(tab(...withProvider(), ...withPayer())))
      .to.include("funds     $20.00")
      .and.include("not started");
  });

  it("finds all tabs of an account, on either side", async () => {
    const other = account(4).address;
    await jsonOf(["fund", "--config", world.config, "--provider", other, "--amount", "1"], world.asAgent);
    const mine = (await jsonOf(tab(), world.asAgent)) as { tabs: { provider: string; funds: string }[] };
    expect(mine.tabs.map(({ provider, funds }) => [provider, funds])).to.have.deep.members([
      [world.provider, "20000000"],
      [other, "1000000"],
    ]);
    const theirs = (await jsonOf(tab("--as", "provider"), world.asProvider)) as { tabs: unknown[] };
    expect(theirs.tabs).to.have.lengthOf(1);
    expect(await answerOf(tab("--as", "provider"), { secrets: { ASSAY_PRIVATE_KEY: keyOf(6) } })).to.include("no tabs");
  });

  it("stakes for the provider, allowing the escrow no more than that", async () => {
    const stake = tab("stake", ...withPayer(), "--amount", "5");
    expect(await jsonOf(stake, world.asProvider)).to.include({ amount: "5000000", stake: "5000000" });
    expect(await answerOf(stake, world.asProvider)).to.include("which makes $10.00");
    expect((await world.tab()).stake).to.equal(usd(10));
    expect(await world.wallet(world.provider)).to.equal(usd(90));
    expect(await refusalOf(tab("stake", ...withPayer(), "--amount", "91"), world.asProvider)).to.include("$90.00");
  });

  it("lets the agent leave after a day, and be paid out wherever it likes", async () => {
    const exit = tab("exit", ...withProvider());
    const exitAt = Number((await jsonOf(exit, world.asAgent))["after"]);
    expect((await world.tab()).exitAt).to.equal(exitAt);
    const early = await errorOf(exit, world.asAgent);
    expect(early.name).to.equal("TooEarlyError");
    expect(early.message).to.include(new Date(exitAt * 1_000).toISOString().slice(0, 19));
    expect(await errorOf(tab("withdraw"), world.asAgent)).to.have.property("name", "BalanceTooSmallError");

    await world.wait(EXIT_DELAY);
    expect(await answerOf(exit, world.asAgent)).to.include("$20.00");
    expect(await errorOf(exit, world.asAgent)).to.have.property("name", "NothingToTakeError");

    const cold = account(9).address;
    expect(await refusalOf(tab("withdraw", "--amount", "21"), world.asAgent)).to.include("$20.00");
    await jsonOf(tab("withdraw", "--amount", "15", "--to", cold), world.asAgent);
    expect(await world.wallet(cold)).to.equal(usd(15));
    expect(await jsonOf(tab("withdraw"), world.asAgent)).to.include({ amount: "5000000", balance: "0" });
    expect(await world.wallet(world.agent)).to.equal(usd(85));
  });

  it("lets the provider leave after two days, which stops the clock", async () => {
    await jsonOf(tab("stake", ...withPayer(), "--amount", "5"), world.asProvider);
    const exit = tab("exit", ...withPayer());
    await jsonOf(exit, world.asProvider);
    await world.wait(EXIT_DELAY);
    expect(await errorOf(exit, world.asProvider)).to.have.property("name", "TooEarlyError");
    await world.wait(EXIT_DELAY);
    expect(await jsonOf(exit, world.asProvider)).to.include({ step: "exit", balance: "5000000" });
    expect(await world.tab()).to.deep.equal({ funds: usd(20), stake: 0n, exitAt: 0 });
    await jsonOf(tab("withdraw", "--as", "provider"), world.asProvider);
    expect(await world.wallet(world.provider)).to.equal(usd(100));
  });

  it("does not start the clock of a tab with nothing to take", async () => {
    expect(await errorOf(tab("exit", ...withPayer()), world.asProvider)).to.have.property("name", "NothingToTakeError");
    expect((await world.tab()).exitAt).to.equal(0);
  });

  it("says how it is used", async () => {
    expect(await answerOf(["tab", "--help"])).to.include("Usage: assay tab");
    expect(await answerOf(["tab", "exit", "--help"])).to.include("Usage: assay tab");
    for (const [args, part] of [
      [["exit"], "the other party"],
      [["exit", ...withProvider(), ...withPayer()], "the other party"],
      [["exit", ...withProvider(), "--amount", "1"], "--amount is for another command"],
      [["stake", ...withPayer()], "--amount is missing"],
      [["stake", "--amount", "1"], "--payer is missing"],
      [["withdraw", "--to", "0x0000000000000000000000000000000000000000"], "--to"],
      [["withdraw", "--amount", "all"], "all"],
      [["--as", "thief"], "thief"],
      [["--all"], "--all"],
    ] as const) {
      const error = await rejectionOf(tabCommand([...args, "--config", world.config]));
      expect(isUsageError(error), String(error)).to.equal(true);
      expect((error as Error).message).to.include(part);
    }
    expect(await complaintOf(tab("burn"))).to.include('got "burn"');
  });
});
