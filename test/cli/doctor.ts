import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { clockOf } from "../../src/cli/doctor/chain.ts";
import { nodeOf } from "../../src/cli/doctor/machine.ts";
import { checkStore } from "../../src/cli/doctor/store.ts";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { keyOf, LOCAL } from "../helpers/tab-world.ts";
import { answerOf, assay, complaintOf } from "../integration/model-command/world.ts";
import { startLoop, type Loop } from "./loop-world.ts";

type Json = Record<string, unknown>;
type Checks = { name: string; state: string; says: string }[];

describe("assay doctor", () => {
  let loop: Loop;
  let config: Json;
  let store: { folder: string };
  before(async () => {
    loop = await startLoop();
    await loop.serve();
    await loop.ask("--wait");
    config = JSON.parse(await readFile(loop.config, "utf8")) as Json;
    store = { folder: loop.path("store") };
  });
  after(async () => loop.end());

  const look = async (changes: Json = {}, secrets: Readonly<Record<string, string>> = loop.with.secrets) => {
    const file = loop.path("changed.json");
    await writeFile(file, JSON.stringify({ ...config, ...changes }));
    const { code, stdout, stderr } = await assay(["doctor", "--quick", "--config", file, "--json"], { secrets });
    const { checks } = JSON.parse(stdout) as { checks: Checks };
    const faults = Object.fromEntries(
      checks.flatMap(({ name, state }) => (state === "ok" ? [] : [[name.trim(), state]])),
    );
    const says = Object.fromEntries(checks.map(({ name, says: words }) => [name.trim(), words]));
    return { code, faults, says, stderr };
  };

  it("finds nothing wrong with a gateway at work, whose store it leaves alone", async () => {
    const { code, faults, says } = await look();
    expect(code).to.equal(0);
    expect(faults).to.deep.equal({ store: "unchecked" });
    expect(says["store"]).to.include(`process ${process.pid}`);
    expect(says["agent's gateway"]).to.include("sells iris");
  });

  it("verifies models and store where no gateway runs", async () => {
    await loop.stopServing();
    const said = await answerOf(["doctor", "--config", loop.config], loop.with);
    expect(said)
      .to.match(/^ok +its files +circuit, certificate and key were made again/m)
      .and.match(/^ok +its books +\$0\.00 are promised/m)
      .and.match(/^ok +its answers +all are settled/m)
      // It is the one of this config, which does not run just now.
      .and.match(/^warning +agent's gateway/m);
  });

  it("says what is wrong with a chain, and goes on with what needs none", async () => {
    const { rpc } = loop.node;
    const none = await look({ chain: { rpc: "http://127.0.0.1:1", id: LOCAL } });
    expect(none.code).to.equal(1);
    expect(none.faults).to.include({ chain: "failed" });
    expect(none.says["model"]).to.include("iris");
    expect((await look({ chain: { rpc, id: 1 } })).faults).to.include({ chain: "failed" });
    expect((await look({ chain: { rpc, id: LOCAL, deployment: "no.json" } })).faults).to.include({
      deployment: "failed",
    });
  });

  it("notices another contract than was recorded", async () => {
    const file = loop.path("other.json");
    const record = JSON.parse(await readFile(loop.path(`${LOCAL}.json`), "utf8")) as {
      contracts: Record<string, Json>;
    };
    const { Escrow, CommitmentLog } = record.contracts;
    const Swapped = { ...Escrow, address: CommitmentLog?.["address"] };
    await writeFile(file, JSON.stringify({ ...record, contracts: { ...record.contracts, Escrow: Swapped } }));
    const { faults, says } = await look({ chain: { rpc: loop.node.rpc, id: LOCAL, deployment: file } });
    expect(faults).to.include({ deployment: "failed" });
    expect(says["deployment"]).to.include("other code");
  });

  it("looks at who has the keys, and what they hold", async () => {
    const poor = `0x${"12".repeat(32)}`;
    const without = await look({}, { ASSAY_PROVIDER_PRIVATE_KEY: poor, ASSAY_AGENT_PRIVATE_KEY: poor });
    expect(without.code).to.equal(1);
    expect(without.faults).to.include({ "agent's key": "warning", "its gas": "warning", "its dollars": "warning" });
    expect(without.says["agent's key"]).to.include("the provider's as well");
    const poorProvider = await look({ agent: undefined }, { ASSAY_PROVIDER_PRIVATE_KEY: poor });
    expect(poorProvider.faults).to.include({ "its gas": "failed", "its dollars": "warning", "its owner": "failed" });
    const { faults } = await look({ agent: undefined }, {});
    expect(faults).to.include({ "provider's key": "failed" });
    const file = loop.path("key.json");
    await answerOf(["keystore", "import", file], {
      secrets: { ASSAY_PRIVATE_KEY: keyOf(2), ASSAY_KEYSTORE_PASSWORD: "correct horse" },
    });
    const provider = { ...(config["provider"] as Json), keystore: file };
    // Nobody is asked for its password: the file says whose key it has.
    const locked = await look({ provider, agent: undefined }, {});
    expect(locked.says["provider's key"]).to.equal(loop.provider);
  });

  it("looks at models and their prices", async () => {
    const sale = { folder: loop.built, price: "0.05", proverFee: "0.02", penalty: "1" };
    const selling = async (changes: Json, stake?: Json) =>
      look({ provider: { models: [{ ...sale, ...changes }], ...(stake && { stake }) } });
    expect((await selling({ proverFee: "0.05" })).faults).to.include({ "its price": "warning" });
    const { faults, says } = await selling({});
    expect(faults).to.include({ "its price": "warning" });
    expect(says["its price"]).to.include("provider.stake");
    expect((await selling({ folder: loop.folder })).faults).to.include({ model: "failed" });
  });

  it("judges clocks and versions by what they do to a gateway", () => {
    expect(clockOf(20, false).state).to.equal("ok");
    expect(clockOf(60, false).state).to.equal("warning");
    expect(clockOf(121, false).state).to.equal("failed");
    expect(clockOf(-60, false).state).to.equal("failed");
    expect(clockOf(86_400, true).state).to.equal("ok");
    expect(clockOf(-86_400, true).state).to.equal("warning");
    expect(["18.20.0", "20.1.0", "24.0.0"].map((version) => nodeOf(version).state)).to.deep.equal([
      "failed",
      "warning",
      "ok",
    ]);
  });

  describe("on a store", () => {
    const owner = () => ({ chainId: LOCAL, escrow: loop.escrow, provider: loop.provider });
    const stateOf = async (name: string): Promise<string> => {
      const checks = await checkStore(store, owner());
      return checks.find((each) => each.name.trim() === name)?.state ?? "absent";
    };
    /** Does something to the store, and undoes it after a look. */
    const after = async (change: string, undo: string, name: string): Promise<string> => {
      const run = async (statement: string): Promise<void> => {
        const database: Database = await openDatabase(store);
        await database.query(statement);
        await database.close();
      };
      await run(change);
      try {
        return await stateOf(name);
      } finally {
        await run(undo);
      }
    };

    it("finds books that do not add up", async () => {
      const change = "UPDATE assay.tabs SET promised = promised + 1";
      expect(await after(change, "UPDATE assay.tabs SET promised = promised - 1", "its books")).to.equal("failed");
      expect(await stateOf("its books")).to.equal("ok");
    });

    it("finds answers that are late, and jobs that were set aside", async () => {
      const open = "UPDATE assay.requests SET closed = NULL, closed_block = NULL";
      const hide = "UPDATE assay.outcomes SET kind = 'opened' WHERE kind = 'settled'";
      const undo =
        "WITH back AS (UPDATE assay.outcomes SET kind = 'settled') UPDATE assay.requests SET closed = 'settled', aside = NULL";
      const both = `WITH hidden AS (${hide}) ${open}`;
      expect(await after(both, undo, "its answers")).to.equal("ok");
      expect(await after(`${both}, deadline = 1`, undo, "its answers")).to.equal("failed");
      expect(await after(`${both}, aside = 'no witness'`, undo, "its jobs")).to.equal("failed");
    });

    it("knows whose it is, and which version its tables have", async () => {
      const [, opening] = await checkStore(store, owner());
      expect(opening).to.deep.include({ name: "store", state: "ok" });
      const states = async (changes: Partial<ReturnType<typeof owner>>) =>
        (await checkStore(store, { ...owner(), ...changes })).find(({ name }) => name.trim() === "its owner")?.state;
      expect(await states({ chainId: 1 })).to.equal("failed");
      expect(await states({ provider: loop.agent })).to.equal("failed");
      expect(await states({ escrow: loop.token })).to.equal("failed");
      const newer = "INSERT INTO assay.schema_steps VALUES (999)";
      expect(await after(newer, "DELETE FROM assay.schema_steps WHERE step = 999", "store")).to.equal("failed");
    });

    it("makes none where there is none", async () => {
      const folder = loop.path("nowhere");
      const checks = await checkStore({ folder }, owner());
      expect(checks.map(({ name, state }) => `${name} ${state}`)).to.deep.equal(["disk ok", "store ok"]);
      expect(await checkStore({ folder: join(folder, "deeper") }, owner())).to.have.lengthOf(2);
    });

    it("says that a server does not answer, and not with which password it was asked", async () => {
      const [found] = await checkStore({ url: "postgres://assay:secret@127.0.0.1:1/assay" }, owner());
      expect(found?.state).to.equal("failed");
      expect(found?.says).to.include("127.0.0.1:1").and.not.include("secret");
    });
  });

  it("reports a config that makes no sense as the one thing that is wrong", async () => {
    const { code, faults } = await look({ provider: {} });
    expect([code, faults]).to.deep.equal([1, { config: "failed" }]);
    expect(await answerOf(["doctor", "--help"])).to.include("Usage: assay doctor");
    expect(await complaintOf(["doctor", "--all"])).to.include("--all");
  });
});
