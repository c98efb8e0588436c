import { readFile, writeFile } from "node:fs/promises";

import { expect } from "chai";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";

import { account } from "../../scripts/local/market.ts";
import { fundCommand } from "../../src/cli/fund.ts";
import { BadFundingError, readFunding } from "../../src/cli/tab/authorized-funding.ts";
import { findPlace } from "../../src/cli/tab/place.ts";
import { isUsageError } from "../../src/cli/usage.ts";
import { errorOf as rejectionOf } from "../helpers/errors.ts";
import { keyOf, LOCAL, SEPOLIA, startTabWorld, usd, type TabWorld } from "../helpers/tab-world.ts";
import { answerOf, assay, complaintOf, errorOf, jsonOf, refusalOf } from "../integration/model-command/world.ts";

describe("assay fund", () => {
  let world: TabWorld;
  before(async () => {
    world = await startTabWorld(LOCAL);
  });
  after(async () => world.close());

  const fund = (amount: string, ...options: string[]): string[] => {
    return ["fund", "--config", world.config, "--provider", world.provider, "--amount", amount, ...options];
  };
  const submit = (file: string): string[] => ["fund", "--config", world.config, "--submit", file, "--as", "prover"];
  const asProver = { secrets: { ASSAY_PROVER_PRIVATE_KEY: keyOf(3) } };

  it("moves the agent's money onto its tab, to the unit", async () => {
    const [tab, wallet] = [await world.tab(), await world.wallet(world.agent)];
    const found = await jsonOf(fund("20.000001"), world.asAgent);
    expect(found).to.include({ payer: world.agent, provider: world.provider, amount: "20000001", funds: "20000001" });
    expect((await world.tab()).funds).to.equal(tab.funds + 20_000_001n);
    expect(await world.wallet(world.agent)).to.equal(wallet - 20_000_001n);
    const { status } = await world.node.client.getTransactionReceipt({ hash: found["transaction"] as `0x${string}` });
    expect(status).to.equal("success");
    expect(await answerOf(fund("0.5"), world.asAgent))
      .to.include("$0.50")
      .and.include("$20.500001");
  });

  it("finds its chain and escrow by options too", async () => {
    const { rpc } = world.node;
    const args = ["fund", "--provider", world.provider, "--amount", "1", "--rpc", rpc];
    await jsonOf([...args, "--escrow", world.escrow], world.asAgent);
  });

  it("writes what it signed, which somebody else submits and pays the gas for", async () => {
    const file = world.path("signed.json");
    const ether = await world.node.client.getBalance({ address: world.agent });
    const { funds } = await world.tab();
    const written = await jsonOf(fund("3", "--gasless", file, "--valid-for", "600"), world.asAgent);
    expect(written).to.include({ file, amount: "3000000", payer: world.agent });
    expect((await world.tab()).funds).to.equal(funds);

    const found = await jsonOf(submit(file), asProver);
    expect(found).to.include({ payer: world.agent, amount: "3000000" });
    expect((await world.tab()).funds).to.equal(funds + usd(3));
    expect(await world.node.client.getBalance({ address: world.agent })).to.equal(ether);
    const { from } = await world.node.client.getTransaction({ hash: found["transaction"] as `0x${string}` });
    expect(from).to.equal(account(3).address.toLowerCase());

    // The token has seen it.
    expect(await errorOf(submit(file), asProver)).to.have.property("name", "CallRevertedError");
    expect((await world.tab()).funds).to.equal(funds + usd(3));
    expect(await errorOf(fund("3", "--gasless", file), world.asAgent)).to.have.property("name", "FundingExistsError");
  });

  it("submits nothing that was changed, is for elsewhere, or too late", async () => {
    const file = world.path("changed.json");
    await jsonOf(fund("3", "--gasless", file), world.asAgent);
    const signed = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    const before = await world.tab();
    const place = await findPlace({ config: world.config }, {});
    for (const [change, reason] of [
      [{ amount: "4000000" }, "not signed by the payer"],
      [{ provider: account(5).address }, "not signed by the payer"],
      [{ payer: world.provider }, "not signed by the payer"],
      [{ salt: `0x${"01".repeat(32)}` }, "not signed by the payer"],
      [{ validBefore: "1" }, "not signed by the payer"],
      [{ chainId: SEPOLIA }, "for the chain 11155111"],
      [{ escrow: world.token }, "for the escrow"],
      [{ token: world.escrow }, "for the token"],
      [{ amount: "-1" }, "it.amount: must be decimal digits"],
      [{ amount: undefined }, "it.amount"],
      [{ more: 1 }, "more"],
    ] as const) {
      await writeFile(file, JSON.stringify({ ...signed, ...change }));
      const error = await rejectionOf(readFunding(file, place));
      expect(error).to.be.instanceOf(BadFundingError);
      expect((error as Error).message)
        .to.include(reason)
        .and.include(file);
    }
    await writeFile(file, "{");
    expect(await refusalOf(submit(file), asProver)).to.include("cannot be read as JSON");
    await writeFile(file, JSON.stringify(signed));
    await world.wait(3_600);
    expect(await refusalOf(submit(file), asProver)).to.include("no longer valid");
    expect(await world.tab()).to.deep.equal(before);
  });

  it("says what is in the way, and sends nothing", async () => {
    const before = await world.tab();
    const poor = generatePrivateKey();
    const asPoor = { secrets: { ASSAY_AGENT_PRIVATE_KEY: poor } };
    expect(await refusalOf(fund("1"), asPoor))
      .to.include(privateKeyToAddress(poor))
      .and.include("$0.00");
    expect(await refusalOf(fund("1000"), world.asAgent)).to.include("$1000.00");
    expect(await errorOf(fund("1"))).to.have.property("name", "NoKeyError");
    const file = world.path("no-ether.json");
    await jsonOf(fund("1", "--gasless", file), world.asAgent);
    const asBroke = { secrets: { ASSAY_PROVER_PRIVATE_KEY: poor } };
    expect(await errorOf(submit(file), asBroke)).to.have.property("name", "NoEtherError");
    expect(await world.tab()).to.deep.equal(before);
  });

  it("gives up on a chain without blocks when it is told how long to wait, and says what may still happen", async () => {
    const { client } = world.node;
    await client.setAutomine(false);
    const stopped = await errorOf(fund("1", "--time-limit", "2"), world.asAgent);
    expect(stopped.name).to.equal("SenderStoppedError");
    expect(stopped.message).to.include("may still be mined");
    await client.setAutomine(true);
    await client.mine({ blocks: 1 });
  });

  it("says that the chain is none, is another, or has no escrow there", async () => {
    const [rest, rpc] = [["--provider", world.provider, "--amount", "1"], world.node.rpc];
    const nobody = ["fund", ...rest, "--rpc", "http://127.0.0.1:1/secret", "--escrow", world.escrow];
    expect(await refusalOf(nobody, world.asAgent))
      .to.include("http://127.0.0.1:1")
      .and.not.include("secret");

    const other = world.path("other.json");
    await writeFile(other, JSON.stringify({ chain: { rpc, id: SEPOLIA } }));
    expect(await errorOf(["fund", ...rest, "--config", other], world.asAgent)).to.have.property(
      "name",
      "WrongChainError",
    );
    await writeFile(other, JSON.stringify({ chain: { rpc, id: LOCAL, deployment: "none.json" } }));
    expect(await refusalOf(["fund", ...rest, "--config", other], world.asAgent)).to.include("none.json");
    for (const address of [world.token, account(7).address]) {
      const args = ["fund", ...rest, "--rpc", rpc, "--escrow", address];
      expect(await errorOf(args, world.asAgent)).to.have.property("name", "NotEscrowError");
    }
    await writeFile(other, JSON.stringify({ chain: { rpc, id: LOCAL, key: 1 } }));
    expect(await refusalOf(["fund", ...rest, "--config", other], world.asAgent)).to.include("chain.key is not known");
  });

  it("says how it is used", async () => {
    expect(await answerOf(["fund", "--help"])).to.include("Usage: assay fund --provider");
    const address = world.provider;
    for (const [args, part] of [
      [["--provider", address], "--amount is missing"],
      [["--provider", "0x12", "--amount", "1"], "0x12"],
      [["--provider", address, "--amount", "0"], "above zero"],
      [["--provider", address, "--amount", "-1"], "--amount"],
      [["--provider", address, "--amount", "1e2"], "1e2"],
      [["--provider", address, "--amount", "0.0000001"], "0.0000001"],
      [["--provider", address, "--amount", "1", "--rpc", "node.example"], "--rpc"],
      [["--provider", address, "--amount", "1", "--as", "prover"], "--as goes with --submit"],
      [["--provider", address, "--amount", "1", "--valid-for", "0"], "--valid-for"],
      [["--submit", "file.json", "--amount", "1"], "--submit"],
      [["--submit", "file.json", "--as", "thief"], "thief"],
      [["--private-key", keyOf(1)], "--private-key"],
    ] as const) {
      const error = await rejectionOf(fundCommand(args));
      expect(isUsageError(error), String(error)).to.equal(true);
      expect((error as Error).message).to.include(part);
    }
    expect(await complaintOf(["fund", "--amount", "1"])).to.include("--provider is missing");
  });
});

describe("assay fund on a chain that is not local", () => {
  let world: TabWorld;
  before(async () => {
    world = await startTabWorld(SEPOLIA);
  });
  after(async () => world.close());

  it("asks before it sends, unless it is told not to", async () => {
    const args = ["fund", "--config", world.config, "--provider", world.provider, "--amount", "2"];
    const asked = await assay(args, world.asAgent);
    expect([asked.code, asked.stdout]).to.deep.equal([2, ""]);
    expect(asked.stderr).to.include("--yes");
    expect((await world.tab()).funds).to.equal(0n);
    await jsonOf([...args, "--yes"], world.asAgent);
    expect((await world.tab()).funds).to.equal(usd(2));
  });
});
