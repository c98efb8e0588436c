import { readFile, stat, writeFile } from "node:fs/promises";

import { expect } from "chai";

import { account } from "../../scripts/local/market.ts";
import { askCommand } from "../../src/cli/ask.ts";
import { limitsFor, LimitRaisedError } from "../../src/cli/ask/limits.ts";
import { readReceipt } from "../../src/cli/receipt/file.ts";
import { isUsageError } from "../../src/cli/usage.ts";
import { errorOf as rejectionOf } from "../helpers/errors.ts";
import { usd } from "../helpers/tab-world.ts";
import { until } from "../helpers/until.ts";
import { answerOf, assay, errorOf } from "../integration/model-command/world.ts";
import { FLOWER, startLoop, type Loop } from "./loop-world.ts";

const FIELDS = FLOWER.flatMap((field) => ["--field", field]);

describe("assay ask", () => {
  let loop: Loop;
  before(async () => {
    loop = await startLoop();
    await loop.serve();
  });
  after(async () => loop.end());

  const ask = (...options: string[]): string[] => ["ask", "iris", ...FIELDS, "--config", loop.config, ...options];

  it("buys an answer, keeps its receipt for its owner alone, and waits until it is settled", async () => {
    const file = loop.path("receipt.json");
    const found = await loop.ask("--out", file, "--wait");
    expect(found).to.include({ value: "setosa", charge: "50000", state: "settled", receipt: file });
    expect(found).to.include({ model: loop.model.id, provider: loop.provider });
    const { status } = await loop.node.client.getTransactionReceipt({ hash: found["transaction"] as `0x${string}` });
    expect(status).to.equal("success");
    expect((await loop.tab()).funds).to.equal(usd(20) - 50_000n);

    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    const receipt = await readReceipt(file);
    expect(receipt.evidence.id).to.equal(found["id"]);
    expect(receipt).to.deep.include({ value: "setosa", fields: [51, 35, 14, 2], escrow: loop.escrow });
    expect(receipt.input).to.have.property("petal width", "0.2");
  });

  it("takes its input from a file, and its model by its id", async () => {
    const file = loop.path("flower.json");
    await writeFile(file, '{"sepal length":7.0,"sepal width":3.2,"petal length":4.7,"petal width":1.4}');
    const said = await answerOf(["ask", loop.model.id, "--input", file, "--config", loop.config], loop.asAgent);
    expect(said)
      .to.match(/^species: versicolor$/m)
      .and.include("$0.05, once it is proven");
  });

  it("asks nothing where the receipt has no place", async () => {
    const file = loop.path("taken.json");
    await writeFile(file, "mine");
    const before = await loop.requests();
    expect(await errorOf(ask("--out", file), loop.asAgent)).to.have.property("name", "NoPlaceError");
    expect(await errorOf(ask("--out", loop.path("no/such")), loop.asAgent)).to.have.property("name", "NoPlaceError");
    expect(await readFile(file, "utf8")).to.equal("mine");
    expect(await loop.requests()).to.equal(before);
  });

  it("signs nothing beyond its limits, nor for whom it does not trust, and leaves no file behind", async () => {
    const before = await loop.requests();
    const out = loop.path("none.json");
    const stranger = account(7).address;
    for (const [options, name] of [
      [["--price", "0.04"], "OverLimitError"],
      [["--price", "0.11"], "LimitRaisedError"],
      [["--provider", stranger], "UntrustedTermsError"],
      [["--verifier", stranger], "UntrustedTermsError"],
      [["--timeout", "5"], "BadTimeoutError"],
      [["--gateway", "http://127.0.0.1:1"], "NoReplyError"],
    ] as const) {
      const error = await errorOf(ask(...options, "--out", out), loop.asAgent);
      expect(error.name, error.message).to.equal(name);
    }
    expect(await rejectionOf(stat(out))).to.have.property("code", "ENOENT");
    expect(await loop.requests()).to.equal(before);
  });

  it("lowers limits, and never raises them", () => {
    const { price, topUp } = limitsFor(undefined, { price: "0.02", "top-up": "0" });
    expect([price, topUp.amount]).to.deep.equal([20_000n, 0n]);
    for (const options of [{ price: "0.2" }, { "top-up": "1.01" }]) {
      expect(() => limitsFor(undefined, options)).to.throw(LimitRaisedError);
    }
  });

  it("says how it is used", async () => {
    for (const [args, part] of [
      [FIELDS, "a model"],
      [["iris"], "--input"],
      [["iris", "rose", ...FIELDS], "nothing else"],
      [["iris", "--field", "width"], "NAME=VALUE"],
      [["iris", ...FIELDS, "--top-up", "much"], "--top-up"],
      [["iris", ...FIELDS, "--provider", "0x12"], "--provider"],
      [["iris", ...FIELDS, "--all"], "--all"],
    ] as const) {
      const error = await rejectionOf(askCommand([...args, "--config", loop.config]));
      expect(isUsageError(error), String(error)).to.equal(true);
      expect((error as Error).message).to.include(part);
    }
  });

  it("takes what is owed for an answer that nobody proves, and ends with 1", async () => {
    await loop.stopServing();
    const { gateway } = await loop.serve("unproven");
    const asking = assay([...ask("--watch", "--timeout", "120"), "--json"], loop.asAgent);
    const { database } = gateway.store;
    let deadline: string | undefined;
    await until(async () => {
      [{ deadline } = { deadline: undefined }] = await database.query<{ deadline: string | undefined }>(
        "SELECT deadline::text AS deadline FROM assay.requests WHERE state = 'answered' AND closed IS NULL " +
          "AND receipt IS NOT NULL ORDER BY answered_at DESC LIMIT 1",
      );
      return deadline !== undefined;
    });
    const before = await loop.balance(loop.agent);
    await loop.pass(deadline);
    const { code, stdout, stderr } = await asking;
    expect(code, stderr).to.equal(1);
    const found = JSON.parse(stdout) as { state: string; acts: { kind: string }[] };
    expect(found.state).to.equal("broken");
    expect(found.acts.map(({ kind }) => kind)).to.deep.equal(["slashed"]);
    expect(await loop.balance(loop.agent)).to.equal(before + usd(1));
  });
});
