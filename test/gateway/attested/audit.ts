import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import type { Hex, PublicClient } from "viem";

import type { Header } from "../../../src/cli/audit/bundle.ts";
import { startChecking } from "../../../src/cli/audit/check.ts";
import { exportBundle } from "../../../src/cli/audit/export.ts";
import { readBundle } from "../../../src/cli/audit/read.ts";
import { until } from "../../helpers/until.ts";
import { startWorld, type World } from "./world.ts";

describe("an audit of attested answers", () => {
  let world: World;
  let folder: string;
  before(async () => {
    world = await startWorld();
    folder = await mkdtemp(join(tmpdir(), "attested-audit-"));
  });
  after(async () => {
    await world.stop();
    await rm(folder, { recursive: true });
  });

  const client = (): PublicClient => world.market.client;
  const stateOf = async (file: string, header: Header): Promise<string | undefined> => {
    const checking = startChecking({ client: client(), header, proofs: "checked" });
    const { footer } = await readBundle(file, {
      onHeader: async () => {},
      onEntry: async (entry) => checking.entry(entry),
    });
    const checks = await checking.end(footer);
    return checks.find(({ name }) => name === "proofs")?.state;
  };

  it("has the enclave's signatures, and checks them against the keys that the chain knows", async () => {
    const payer = await world.payer();
    const isSettled = async (id: Hex): Promise<boolean> => {
      const [row] = await world.gateway.store.journal.find([id]);
      return row?.closed === "settled";
    };
    for (const nonce of [0n, 1n]) {
      const asked = await world.ask(payer, { messages: [{ role: "user", content: "Audit this." }] }, { nonce });
      expect((await world.send(asked)).status).to.equal(200);
      await until(async () => isSettled(asked.id));
    }
    const { deployment, commitmentLog } = world.market;
    const header: Header = {
      kind: "assay-audit",
      version: 1,
      ...deployment,
      commitmentLog,
      provider: world.provider.address,
      from: new Date(0).toISOString(),
      to: new Date(Date.now() + 60_000).toISOString(),
      manifests: {},
    };
    const file = join(folder, "bundle.jsonl");
    const found = await exportBundle({
      sql: world.gateway.store.database,
      header,
      client: client(),
      file,
      onPage: () => {},
    });
    expect(found).to.include({ receipts: 2, settled: 2, unproven: 0 });
    expect(await stateOf(file, header)).to.equal("ok");

    // A signature of another answer is none of this one.
    const lines = (await readFile(file, "utf8")).split("\n");
    const proofs = lines.flatMap((line) => /"proof":"(0x[0-9a-f]{128})"/.exec(line)?.[1] ?? []);
    expect(proofs).to.have.length(2);
    const [first = "", second = ""] = proofs;
    const forged = join(folder, "forged.jsonl");
    await writeFile(forged, lines.map((line) => line.replace(first, second)).join("\n"));
    expect(await stateOf(forged, header)).to.equal("failed");
  });
});
