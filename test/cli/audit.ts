import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";

import { expect } from "chai";
import { zeroHash } from "viem";

import { auditCommand } from "../../src/cli/audit.ts";
import { BadBundleError, readBundle } from "../../src/cli/audit/read.ts";
import { isUsageError } from "../../src/cli/usage.ts";
import { errorOf as rejectionOf } from "../helpers/errors.ts";
import { until } from "../helpers/until.ts";
import { answerOf, assay, errorOf, jsonOf } from "../integration/model-command/world.ts";
import { startLoop, type Loop } from "./loop-world.ts";

type Json = Record<string, unknown>;
type Found = { ok: boolean; checks: { name: string; state: string; says: string }[] };

const ANSWERS = 3;

describe("assay audit", () => {
  let loop: Loop;
  let bundle: string;
  let files = 0;
  const salts: string[] = [];
  const period = ["--from", "2020-01-01", "--to", "2100-01-01"];
  const newFile = (): string => loop.path(`bundle-${files++}.jsonl`);
  const exporting = (file: string, ...options: string[]): string[] => {
    return ["audit", "export", ...(options.length === 0 ? period : options), "--out", file, "--config", loop.config];
  };

  before(async () => {
    loop = await startLoop();
    await loop.serve();
    for (let index = 0; index < ANSWERS; index++) {
      const file = loop.path(`receipt-${index}.json`);
      await loop.ask("--out", file, "--wait");
      salts.push((JSON.parse(await readFile(file, "utf8")) as { salt: string }).salt);
    }
    // All of them under one root.
    await loop.stopServing();
    const { gateway } = await loop.serve("unproven", { commitEverySeconds: 1 });
    await until(async () => {
      const [row] = await gateway.store.database.query<{ left: number }>(
        "SELECT count(*)::integer AS left FROM assay.requests r LEFT JOIN assay.commitments c ON c.root = r.root " +
          "WHERE c.transaction IS NULL",
      );
      return row?.left === 0;
    });
  });
  after(async () => loop.end());

  it("leaves a store alone that a gateway works on, and says how to get at it", async () => {
    const { name, message } = await errorOf(exporting(newFile()));
    expect(name).to.equal("FolderInUseError");
    expect(message).to.include("DATABASE_URL").and.include("Stop");
    await loop.stopServing();
  });

  it("exports a period with all that shows it, and nothing of what was asked", async () => {
    bundle = newFile();
    const found = await jsonOf(exporting(bundle));
    const sums = { receipts: ANSWERS, charged: "150000", settled: ANSWERS, paid: "150000", unproven: 0 };
    expect(found).to.deep.include({ ...sums, provider: loop.provider, escrow: loop.escrow });
    const text = await readFile(bundle, "utf8");
    expect(text.split("\n")).to.have.lengthOf(ANSWERS + 3);
    for (const secret of [...salts, '"fields"', '"salt"', "sepal", "setosa"]) expect(text).to.not.include(secret);
    expect(await errorOf(exporting(bundle))).to.have.property("name", "NoBundlePlaceError");
    expect(await readFile(bundle, "utf8")).to.equal(text);
  });

  it("is checked by a stranger against a chain's node alone", async () => {
    const { code, stdout } = await assay(["audit", "check", bundle, "--rpc", loop.node.rpc, "--json"]);
    const { ok, checks } = JSON.parse(stdout) as Found;
    expect([code, ok], stdout).to.deep.equal([0, true]);
    expect(checks.map(({ name, state }) => `${name} ${state}`)).to.deep.equal(
      ["deployment unchecked", "file ok", "period ok", "orders ok", "receipts ok", "commitments ok"].concat([
        "settlements ok",
        "proofs ok",
        "roots ok",
        "completeness ok",
        "sums ok",
      ]),
    );
    expect(await answerOf(["audit", "check", bundle, "--config", loop.config])).to.match(/^ok +deployment/m);
  });

  /** A bundle that somebody changed who can count, and hash. */
  const changedBundle = async (change: (entries: Json[]) => Json[]): Promise<string> => {
    const lines = (await readFile(bundle, "utf8")).trim().split("\n");
    const entries = change(lines.slice(1, -1).map((line) => JSON.parse(line) as Json));
    const settled = entries.filter(({ outcomes }) => (outcomes as Json[]).some(({ kind }) => kind === "settled"));
    const sum = (all: Json[]): string =>
      all.reduce((total, { charge }) => total + BigInt(charge as string), 0n).toString();
    const body = [lines[0] ?? "", ...entries.map((entry) => JSON.stringify(entry))].map((line) => `${line}\n`).join("");
    const sums = { receipts: entries.length, charged: sum(entries), settled: settled.length, paid: sum(settled) };
    const sha256 = createHash("sha256").update(body).digest("hex");
    const file = newFile();
    await writeFile(file, `${body}${JSON.stringify({ ...sums, sha256 })}\n`);
    return file;
  };
  const findingsOf = async (file: string): Promise<Record<string, string>> => {
    const { stdout } = await assay(["audit", "check", file, "--config", loop.config, "--json"]);
    const { checks } = JSON.parse(stdout) as Found;
    return Object.fromEntries(checks.flatMap(({ name, state }) => (state === "ok" ? [] : [[name, state]])));
  };
  const changeFirst = (changes: Json) => (entries: Json[]) =>
    entries.map((each, at) => (at === 0 ? { ...each, ...changes } : each));

  it("finds what a thief changes, though sums and hash fit", async () => {
    const [first, second] = (await readFile(bundle, "utf8"))
      .split("\n")
      .slice(1, 3)
      .map((line) => JSON.parse(line) as Json);
    const request = { ...(first?.["request"] as Json), price: "60000" };
    for (const [change, faults] of [
      [changeFirst({ charge: "50001" }), { receipts: "failed", commitments: "failed", settlements: "failed" }],
      [
        changeFirst({ request }),
        { orders: "failed", receipts: "failed", commitments: "failed", settlements: "failed" },
      ],
      [changeFirst({ receipt: second?.["receipt"] }), { receipts: "failed" }],
      [changeFirst({ proof: second?.["proof"] }), { proofs: "failed" }],
      [
        changeFirst({ commitment: { root: zeroHash, path: [], transaction: null } }),
        { commitments: "failed", roots: "failed", completeness: "warning" },
      ],
      [(entries: Json[]) => entries.slice(1), { completeness: "warning" }],
      [() => [], { completeness: "warning" }],
      [(entries: Json[]) => entries.toReversed(), { period: "failed" }],
    ] as const) {
      expect(await findingsOf(await changedBundle(change))).to.deep.include(faults);
    }
  });

  it("says where a payment is not in it", async () => {
    const file = await changedBundle(changeFirst({ outcomes: [], proof: null }));
    const said = await answerOf(["audit", "check", file, "--config", loop.config]);
    expect(said).to.match(/1 settled on chain, and not in the bundle/);
  });

  it("finds what was changed without counting, and refuses what was cut off", async () => {
    const text = await readFile(bundle, "utf8");
    const file = newFile();
    await writeFile(file, text.replace(/"receipts":3/, '"receipts":4'));
    expect(await findingsOf(file)).to.deep.include({ sums: "failed" });
    await writeFile(file, text.replace(/"answeredAt":"20/, '"answeredAt":"19'));
    expect(await findingsOf(file)).to.deep.include({ file: "failed", period: "failed" });
    const reading = { onHeader: async () => {}, onEntry: async () => {} };
    for (const cut of [
      "",
      text.slice(0, 50),
      text.split("\n").slice(0, 2).join("\n"),
      text.slice(0, -30),
      `\n${text}`,
    ]) {
      await writeFile(file, cut);
      expect(await rejectionOf(readBundle(file, reading)), cut.slice(0, 60)).to.be.instanceOf(BadBundleError);
    }
    expect(await errorOf(["audit", "check", file, "--config", loop.config])).to.have.property("name", "BadBundleError");
  });

  it("takes a period as it is given", async () => {
    const empty = newFile();
    expect(await jsonOf(exporting(empty, "--from", "2020-01-01", "--to", "2020-02-01"))).to.include({ receipts: 0 });
    expect(await findingsOf(empty)).to.deep.equal({ completeness: "unchecked" });
    const without = newFile();
    const found = await jsonOf([...exporting(without), "--without-proofs"]);
    expect(found).to.include({ receipts: ANSWERS, unproven: ANSWERS });
    expect(await findingsOf(without)).to.deep.equal({ proofs: "unchecked" });
  });

  it("says how it is used, and where there is nothing to export", async () => {
    expect(await answerOf(["audit"])).to.include("Usage: assay audit");
    for (const [args, part] of [
      [["burn"], "burn"],
      [["check"], "a bundle"],
      [["export", "--to", "2100-01-01", "--out", "x"], "--from is missing"],
      [["export", "--from", "yesterday", "--to", "2100-01-01"], "yesterday"],
      [["export", "--from", "2020-13-01", "--to", "2100-01-01"], "2020-13-01"],
      [["export", "--from", "2100-01-01", "--to", "2020-01-01"], "--to"],
      [["export", "--from", "2020-01-01", "--to", "2100-01-01"], "--out"],
    ] as const) {
      const error = await rejectionOf(auditCommand(args));
      expect(isUsageError(error), String(error)).to.equal(true);
      expect((error as Error).message).to.include(part);
    }
    const config = loop.path("empty.json");
    const { chain } = JSON.parse(await readFile(loop.config, "utf8")) as Json;
    await writeFile(config, JSON.stringify({ chain, store: { folder: "nothing" } }));
    const nothing = ["audit", "export", ...period, "--out", newFile(), "--config", config];
    expect(await errorOf(nothing)).to.have.property("name", "NothingToAuditError");
  });
});
