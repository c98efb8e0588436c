import { mkdir, readFile, writeFile } from "node:fs/promises";

import { expect } from "chai";
import { zeroHash, type PublicClient } from "viem";

import { account } from "../../scripts/local/market.ts";
import { connectChain } from "../../src/chain/rpc.ts";
import { BadReceiptError, formatReceipt, readReceipt, type ReceiptFile } from "../../src/cli/receipt/file.ts";
import { keyOnChain, OtherModelKeyError, proofReader } from "../../src/cli/receipt/settled-proof.ts";
import { isProven } from "../../src/cli/receipt/snarkjs-form.ts";
import { verifyFile } from "../../src/cli/receipt/verify.ts";
import { receiptCommand } from "../../src/cli/receipt.ts";
import { isUsageError } from "../../src/cli/usage.ts";
import { readRecordFile, type DeploymentRecord } from "../../src/deploy/record.ts";
import { manifestHashOf } from "../../src/model/manifest/manifest.ts";
import { escrowAbi } from "../../src/protocol/abi/escrow.ts";
import { BadPointError } from "../../src/protocol/bn254.ts";
import { claimOf } from "../../src/protocol/fill.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import { errorOf as rejectionOf } from "../helpers/errors.ts";
import { LOCAL, usd } from "../helpers/tab-world.ts";
import { until } from "../helpers/until.ts";
import { answerOf, assay, errorOf, jsonOf } from "../integration/model-command/world.ts";
import { startLoop, type Loop } from "./loop-world.ts";

type Found = { ok: boolean; checks: { name: string; state: string; says: string }[] };

describe("assay receipt", () => {
  let loop: Loop;
  let path: string;
  let file: ReceiptFile;
  let client: PublicClient;
  let recorded: DeploymentRecord | undefined;
  before(async () => {
    loop = await startLoop({ provider: { commitEverySeconds: 1 } });
    await loop.serve();
    path = loop.path("receipt.json");
    await loop.ask("--out", path, "--wait");
    file = await readReceipt(path);
    client = await connectChain({ rpc: loop.node.rpc });
    recorded = await readRecordFile(loop.path(`${LOCAL}.json`), LOCAL);
  });
  after(async () => loop.end());

  /** What is not all right with a receipt, in one word each. */
  const faultsOf = async (changed: ReceiptFile, record = recorded): Promise<string[]> => {
    const checks = await verifyFile(changed, { client, confirmations: 1, recorded: record, model: loop.built });
    return checks.flatMap(({ name, state }) => (state === "ok" ? [] : [`${name} ${state}`]));
  };
  const withEvidence = (changes: Partial<ReceiptFile["evidence"]>): ReceiptFile => {
    return { ...file, evidence: { ...file.evidence, ...changes } };
  };
  /** The proof of the settled answer, and what it shows. */
  const settledProof = async () => {
    const { evidence, manifest } = file;
    const { request, output, charge, id } = evidence;
    const [settled] = await client.getContractEvents({
      address: file.escrow,
      abi: escrowAbi,
      eventName: "Settled",
      args: { id },
      fromBlock: 0n,
      strict: true,
    });
    if (settled === undefined) throw new TypeError("nothing was settled");
    const { prover } = settled.args;
    const deployment = { chainId: file.chainId, escrow: file.escrow };
    const paid = { id, output, charge, prover };
    const proof = await proofReader(client, deployment)(settled.transactionHash, paid);
    const key = await keyOnChain(client, request.verifier, request.model, manifestHashOf(manifest));
    return { claim: claimOf({ request, output, charge, prover }, deployment), proof, key };
  };

  it("shows what is in it, and says that nothing of it was checked", async () => {
    const said = await answerOf(["receipt", "show", path]);
    expect(said)
      .to.match(/^species: setosa$/m)
      .and.include("$0.05 of at most $0.05")
      .and.include("Nothing of this was checked");
    expect(await jsonOf(["receipt", "show", path])).to.deep.equal(JSON.parse(await readFile(path, "utf8")));
  });

  it("verifies every part of it, with its place among the gateway's commitments", async () => {
    const { gateway, id } = { gateway: loop.gateway(), id: file.evidence.id };
    await until(async () => (await fetch(`${gateway}/v1/requests/${id}/inclusion`)).status === 200);
    await until(async () => {
      const { transaction } = (await (await fetch(`${gateway}/v1/requests/${id}/inclusion`)).json()) as Record<
        string,
        unknown
      >;
      return transaction !== null;
    });
    const args = [
      "receipt",
      "verify",
      path,
      "--config",
      loop.config,
      "--model",
      loop.built,
      "--gateway",
      gateway,
      "--keep",
    ];
    const found = (await jsonOf(args)) as unknown as Found;
    expect(found.ok).to.equal(true);
    expect(found.checks.map(({ name, state }) => `${name} ${state}`)).to.deep.equal(
      ["gateway", "deployment", "order", "receipt", "model", "input", "answer", "computation"]
        .concat(["commitment", "settlement", "proof"])
        .map((name) => `${name} ok`),
    );
    // The place is in the file by now, so that no gateway is needed.
    file = await readReceipt(path);
    expect(file.inclusion).to.not.equal(null);
    expect(await faultsOf(file)).to.deep.equal([]);
  });

  it("says what could not be checked, which is no failure", async () => {
    const bare = loop.path("bare.json");
    await writeFile(bare, formatReceipt({ ...file, inclusion: null }));
    const { code, stdout } = await assay(["receipt", "verify", bare, "--config", loop.config]);
    expect(code).to.equal(0);
    expect(stdout)
      .to.match(/^unchecked +computation +Give --model/m)
      .and.match(/^unchecked +commitment +.*--gateway/m);
    const nowhere = ["receipt", "verify", path, "--rpc", loop.node.rpc, "--json"];
    const found = JSON.parse((await assay(nowhere)).stdout) as Found;
    expect(found.checks[0]).to.include({ name: "deployment", state: "unchecked" });
  });

  it("finds each lie", async () => {
    const { evidence, inclusion } = file;
    const thief = account(7);
    const deployment = { chainId: file.chainId, escrow: file.escrow };
    const { id, output, charge } = evidence;
    const forged = await Receipt.sign({ request: id, output, charge }, deployment, thief);
    const [first = zeroHash, ...rest] = inclusion?.path ?? [];
    for (const [changed, faults] of [
      [withEvidence({ signature: evidence.receipt }), ["order failed"]],
      [withEvidence({ receipt: forged }), ["receipt failed", "settlement failed", "proof unchecked"]],
      [{ ...file, manifest: { ...file.manifest, purpose: "Steals." } }, ["model failed", "proof failed"]],
      [{ ...file, fields: [52, 35, 14, 2] }, ["input failed", "computation failed"]],
      [{ ...file, salt: zeroHash }, ["input failed", "computation failed"]],
      [{ ...file, input: { "sepal length": "5.1" } }, ["input failed"]],
      [{ ...file, value: "virginica" }, ["answer failed"]],
      [{ ...file, value: null }, ["answer unchecked"]],
      [{ ...file, inclusion: { root: zeroHash, path: [] } }, ["commitment failed"]],
      [
        { ...file, inclusion: { root: inclusion?.root ?? zeroHash, path: [...rest, first, zeroHash] } },
        ["commitment failed"],
      ],
      [{ ...file, commitmentLog: file.escrow }, ["deployment failed", "commitment failed"]],
    ] as const) {
      expect(await faultsOf(changed as ReceiptFile)).to.deep.equal(faults);
    }
    const elsewhere = { ...(recorded as DeploymentRecord) };
    const { contracts } = elsewhere;
    const other = { ...elsewhere, contracts: { ...contracts, Escrow: contracts.CommitmentLog } };
    expect(await faultsOf(file, other)).to.deep.equal(["deployment failed"]);
  });

  it("ends with 1 where anything failed", async () => {
    const changed = loop.path("changed.json");
    await writeFile(changed, formatReceipt({ ...file, value: "virginica" }));
    const { code, stdout } = await assay(["receipt", "verify", changed, "--config", loop.config]);
    expect(code).to.equal(1);
    expect(stdout).to.match(/^FAILED +answer /m);
  });

  it("takes a proof for what it shows, and nothing else", async () => {
    const { claim, proof, key } = await settledProof();
    expect(await isProven(key, claim, proof)).to.equal(true);
    for (const part of ["input", "output", "context"] as const) {
      expect(await isProven(key, { ...claim, [part]: `0x${"0".repeat(63)}7` }, proof), part).to.equal(false);
    }
    expect(await isProven({ ...key, delta: key.gamma }, claim, proof)).to.equal(false);
    const broken = `${proof.slice(0, -1)}${proof.endsWith("0") ? "1" : "0"}` as const;
    expect(await rejectionOf(isProven(key, claim, broken as `0x${string}`))).to.be.instanceOf(BadPointError);
    const { verifier, model } = file.evidence.request;
    expect(await rejectionOf(keyOnChain(client, verifier, model, zeroHash))).to.be.instanceOf(OtherModelKeyError);
  });

  it("reads nothing but whole receipts of one request", async () => {
    const text = await readFile(path, "utf8");
    const json = JSON.parse(text) as Record<string, unknown>;
    const bad = loop.path("bad.json");
    for (const content of [
      "",
      "{}",
      text.slice(0, -10),
      JSON.stringify({ ...json, version: 2 }),
      JSON.stringify({ ...json, note: "" }),
      JSON.stringify({ ...json, chainId: 1 }),
      JSON.stringify({ ...json, escrow: loop.token }),
      JSON.stringify({ ...json, fields: [-1] }),
      JSON.stringify({ ...json, manifest: {} }),
    ]) {
      await writeFile(bad, content);
      expect(await rejectionOf(readReceipt(bad)), content.slice(0, 40)).to.be.instanceOf(BadReceiptError);
    }
    expect(await rejectionOf(readReceipt(loop.path("none.json")))).to.be.instanceOf(BadReceiptError);
    await writeFile(bad, "{}");
    expect(await errorOf(["receipt", "show", bad])).to.have.property("name", "BadReceiptError");
  });

  it("says how it is used", async () => {
    expect(await answerOf(["receipt"])).to.include("Usage: assay receipt");
    for (const [args, part] of [
      [["burn"], "burn"],
      [["show"], "a receipt's file"],
      [["verify", path, path], "nothing else"],
      [["verify", path, "--keep"], "--gateway"],
      [["watch"], "a folder"],
      [["watch", ".", "--interval", "0"], "--interval"],
      [["watch", ".", "--as", "thief"], "thief"],
    ] as const) {
      const error = await rejectionOf(receiptCommand(args));
      expect(isUsageError(error), String(error)).to.equal(true);
      expect((error as Error).message).to.include(part);
    }
  });

  it("watches a folder, takes what is owed for a broken promise, and puts it aside", async () => {
    await loop.stopServing();
    await loop.serve("unproven");
    const folder = loop.path("watched");
    await mkdir(folder);
    const { deadline, id } = await loop.ask("--out", `${folder}/one.json`, "--timeout", "120");
    await writeFile(`${folder}/other.json`, "{}");
    const watch = ["receipt", "watch", folder, "--once", "--config", loop.config];
    expect(await jsonOf(watch, loop.asAgent)).to.deep.equal({ acts: [] });
    await loop.pass(deadline);
    const verify = ["receipt", "verify", `${folder}/one.json`, "--config", loop.config, "--json"];
    const { code, stdout } = await assay(verify);
    const { checks } = JSON.parse(stdout) as Found;
    expect(code).to.equal(1);
    expect(checks.find(({ name }) => name === "settlement")).to.deep.include({ state: "failed" });

    const { acts } = (await jsonOf(watch, loop.asAgent)) as { acts: { kind: string; id: string }[] };
    expect(acts).to.have.lengthOf(1);
    expect(acts[0]).to.include({ kind: "slashed", id });
    expect(await loop.balance(loop.agent)).to.equal(usd(1));
    const [slashed] = await verifyFile(await readReceipt(`${folder}/done/one.json`), {
      client,
      confirmations: 1,
      recorded,
      model: undefined,
    }).then((all) => all.filter(({ name }) => name === "settlement"));
    expect(slashed?.says).to.include("has lost $1.00");
    expect(await jsonOf(watch, loop.asAgent)).to.deep.equal({ acts: [] });
  });
});
