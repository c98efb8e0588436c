import { expect } from "chai";
import { bytesToHex, hexToBytes, zeroHash } from "viem";

import { REAL_ROOTS } from "../../src/enclave/roots.ts";
import { SIMULATED_PCRS, simulateNitro } from "../../simulator/nitro.ts";
import { simulateTdx } from "../../simulator/tdx.ts";
import { attestCommand } from "../../src/cli/attest.ts";
import { isUsageError } from "../../src/cli/usage.ts";
import type { Evidence } from "../../src/enclave/evidence.ts";
import { hashMeasurement } from "../../src/enclave/measurement.ts";
import { hashServingPolicy, hashStatement } from "../../src/enclave/statement.ts";
import { errorOf as rejectionOf } from "../helpers/errors.ts";
import { LOCAL, SEPOLIA } from "../helpers/tab-world.ts";
import { answerOf, complaintOf, jsonOf } from "../integration/model-command/world.ts";
import { startAttestWorld, type AttestWorld } from "./attest-world.ts";

describe("assay attest check", () => {
  let world: AttestWorld;
  let config: string;
  before(async () => {
    world = await startAttestWorld(LOCAL, 2);
    config = await world.config();
  });
  after(async () => world.close());

  const check = (...options: string[]): string[] => ["attest", "check", world.gateway.url, ...options];
  /** Why it refuses what the gateway shows. */
  const refusalOf = async (evidence: Evidence, file = config): Promise<Error> => {
    world.gateway.show(evidence);
    return (await rejectionOf(attestCommand(["check", world.gateway.url, "--config", file]))) as Error;
  };

  it("tells a person all that an enclave shows, and that it is simulated", async () => {
    world.gateway.show(await world.show());
    const text = await answerOf(check("--config", config));
    const { registers, root } = world.nitro.measurement;
    for (const part of [
      "SIMULATED: what this enclave says proves nothing",
      "AWS Nitro Enclaves",
      `SIMULATED  ${root}`,
      world.measurement,
      registers.pcr0,
      `${world.key}, epoch 1`,
      "it takes 2 of the attesters",
      `echo-large (chat)  ${world.model}  not published yet`,
      "asks https://upstream.example/v1 for echo-1",
      "$0.001 an answer, $2.00 and $8.00 a million tokens",
      `${world.verifier} on chain ${LOCAL}`,
    ]) {
      expect(text).to.include(part);
    }
    expect(text).to.match(/^expires .*, in 2[34] hours$/m);
  });

  it("tells programs the same", async () => {
    const evidence = await world.show();
    world.gateway.show(evidence);
    const found = await jsonOf(check("--config", config, "--model", "echo-large"));
    const { statement, block } = evidence;
    expect(found).to.deep.include({ ok: true, simulated: true, platform: "nitro", statement, enrolled: null });
    expect(found).to.include({ measurement: world.measurement, root: world.nitro.root, tcb: null });
    expect(found["block"]).to.deep.include(block);
  });

  it("refuses code that nobody named, and all code where none is named", async () => {
    const pcrs = { ...SIMULATED_PCRS, 2: new Uint8Array(48).fill(7) };
    const other = await world.show({ nitro: simulateNitro({ pcrs }) });
    expect(await refusalOf(other)).to.have.property("name", "UnknownMeasurementError");
    const none = await world.config({ measurements: [] });
    const error = await refusalOf(await world.show(), none);
    expect(error).to.have.property("name", "UnknownMeasurementError");
    expect(error.message).to.include("you accept none");
  });

  it("refuses a simulated enclave without leave, and one that borrows a real root's name", async () => {
    const strict = await world.config({ allowSimulated: false });
    expect(await refusalOf(await world.show(), strict)).to.have.property("name", "SimulatedEnclaveError");
    const real = { ...world.nitro.measurement, root: REAL_ROOTS.nitro };
    const borrowed = await world.show({ manifest: { enclave: real } });
    const fooled = await world.config({ allowSimulated: false, measurements: [hashMeasurement(real)] });
    expect(await refusalOf(borrowed, fooled)).to.have.property("name", "CertificateError");
  });

  it("refuses a block of another chain, and one of too long ago", async () => {
    const { number } = (await world.show()).block;
    const foreign = await world.show({ block: { number, hash: bytesToHex(new Uint8Array(32).fill(9)) } });
    expect(await refusalOf(foreign)).to.have.property("name", "UnknownBlockError");
    const { hash } = await world.client.getBlock();
    const later = await world.show({ block: { number: number + 1_000, hash } });
    expect(await refusalOf(later)).to.have.property("name", "UnknownBlockError");

    const hasty = await world.config({ maxAgeSeconds: 60 });
    const evidence = await world.show();
    await world.wait(61);
    expect(await refusalOf(evidence, hasty)).to.have.property("name", "StaleEvidenceError");
    world.gateway.show(await world.show());
    await jsonOf(check("--config", hasty));
  });

  it("refuses an enclave of another chain, or another verifier", async () => {
    const chain = { chainId: 1 };
    const elsewhere = await world.show({ statement: chain, policy: chain });
    expect((await refusalOf(elsewhere)).message).to.include("the chain 1, not 31337");
    const verifier = world.key;
    const other = await world.show({ statement: { verifier }, policy: { verifier } });
    expect((await refusalOf(other)).message).to.include(`the verifier ${verifier}, not ${world.verifier}`);
  });

  it("refuses what is expired, and what is not of its own statement", async () => {
    const expires = Math.floor(Date.now() / 1000) - 1;
    expect((await refusalOf(await world.show({ statement: { expires } }))).message).to.include("expired");
    const evidence = await world.show();
    const { statement } = evidence;
    const stolen = { ...evidence, statement: { ...statement, key: world.verifier } };
    expect((await refusalOf(stolen)).message).to.include("not over its statement");
    const cheaper = { ...evidence, policy: { ...evidence.policy, escrow: world.verifier } };
    expect((await refusalOf(cheaper)).message).to.include("another serving policy");
  });

  it("accepts of Intel's platforms those whose status is named", async () => {
    const tdx = simulateTdx({ status: "OutOfDate" });
    const measurements = [hashMeasurement(tdx.measurement)];
    const evidence = await world.show({ manifest: { enclave: tdx.measurement } });
    const { statement, policy, block } = evidence;
    expect(statement.policy).to.equal(hashServingPolicy(policy));
    const quote = tdx.quote(hexToBytes(`${hashStatement(statement)}${block.hash.slice(2)}`));
    const quoted: Evidence = {
      ...evidence,
      platform: "tdx",
      document: quote.toString("base64"),
      collateral: tdx.collateral(),
    };
    const strict = await world.config({ measurements });
    expect(await refusalOf(quoted, strict)).to.have.property("name", "OutdatedPlatformError");
    const lenient = await world.config({ measurements, tcb: ["UpToDate", "OutOfDate"] });
    world.gateway.show(quoted);
    expect(await answerOf(check("--config", lenient))).to.match(/TCB +OutOfDate, advisories: /);
  });

  it("shows strangers' words without what a terminal would obey", async () => {
    world.gateway.show(await world.show({ manifest: { name: "real\u001B[2J\u202Ereal" } }));
    const text = await answerOf(check("--config", config));
    expect(text).to.include("real�[2J�real").and.not.include("\u001B");
  });

  it("asks which enclave is meant, and takes no other", async () => {
    const one = await world.show();
    const other = await world.show({ manifest: { name: "other" } });
    world.gateway.show(one, other);
    const errorFor = async (...args: string[]): Promise<Error> =>
      (await rejectionOf(attestCommand(["check", ...args, "--config", config]))) as Error;
    const { url } = world.gateway;
    expect(await errorFor(url)).to.have.property("name", "SeveralEnclavesError");
    await jsonOf(check("--config", config, "--model", "other"));
    const unknown = await errorFor(url, "--model", zeroHash);
    expect(unknown.name).to.equal("GatewayRefusedError");
    expect(unknown.message).not.to.include("\u001B");
    world.gateway.show();
    expect(await errorFor(url)).to.have.property("name", "NoEnclaveError");
    expect((await errorFor("http://127.0.0.1:1/secret")).message)
      .to.include("http://127.0.0.1:1")
      .and.not.include("secret");
  });

  it("needs a policy and a verifier that is one", async () => {
    const { url } = world.gateway;
    world.gateway.show(await world.show());
    const rpc = ["--rpc", world.node.rpc];
    const bare = ["check", url, ...rpc, "--verifier", world.verifier];
    expect(await rejectionOf(attestCommand(bare))).to.have.property("name", "NoPolicyError");
    const nowhere = ["check", url, ...rpc, "--verifier", world.key];
    expect(await rejectionOf(attestCommand(nowhere))).to.have.property("name", "NotEnclaveVerifierError");
    const unnamed = ["check", url, ...rpc];
    expect(await rejectionOf(attestCommand(unnamed))).to.have.property("name", "UnnamedVerifierError");
  });

  it("says how it is used", async () => {
    expect(await answerOf(["attest", "--help"])).to.include("Usage: assay attest COMMAND");
    for (const command of ["check", "sign", "submit", "run", "revoke", "publish", "status"]) {
      expect(await answerOf(["attest", command, "--help"])).to.include(`Usage: assay attest ${command} `);
    }
    for (const [args, part] of [
      [["enrol"], "attest takes one of"],
      [["check"], "a gateway's address"],
      [["check", "gateway.example"], "gateway.example"],
      [["check", "http://localhost", "--private-key", "0x12"], "--private-key"],
      [["sign", "http://localhost"], "--out is missing"],
      [["sign", "http://localhost", "--out", "file", "--until", "soon"], "soon"],
      [["submit"], "files"],
      [["submit", "file", "--as", "thief"], "thief"],
      [["run", "http://localhost", "--interval", "0"], "--interval"],
      [["revoke"], "revoke key ADDRESS"],
      [["revoke", "key", "0x12"], "0x12"],
      [["revoke", "measurement", "0x12"], "0x12"],
      [["revoke", "key", world.key, world.key], "and not"],
      [["revoke", "key", world.key, "--out", "a", "--with", "b"], "--with"],
      [["status"], "the address of a key"],
      [["status", "0x12"], "0x12"],
    ] as const) {
      const error = await rejectionOf(attestCommand(args));
      expect(isUsageError(error), String(error)).to.equal(true);
      expect((error as Error).message).to.include(part);
    }
    expect(await complaintOf(["attest", "sign", "http://localhost"])).to.include("--out is missing");
  });
});

describe("assay attest check on a chain that is not local", () => {
  let world: AttestWorld;
  before(async () => {
    world = await startAttestWorld(SEPOLIA, 1);
  });
  after(async () => world.close());

  it("refuses whatever is simulated, allowed or not", async () => {
    world.gateway.show(await world.show());
    const args = ["check", world.gateway.url, "--config", await world.config()];
    const error = (await rejectionOf(attestCommand(args))) as Error;
    expect(error).to.have.property("name", "SimulatedEnclaveError");
    expect(error.message).to.include("not a local one");
  });
});
