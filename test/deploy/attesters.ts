import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { zeroAddress, type Address } from "viem";

import { account } from "../../scripts/local/market.ts";
import { parseCommand } from "../../src/cli/deploy/usage.ts";
import { UsageError } from "../../src/cli/usage.ts";
import { BadAttestersError, chooseAttesters } from "../../src/deploy/attesters.ts";
import { deploy, type DeployOptions } from "../../src/deploy/deploy.ts";
import { ReadBackError } from "../../src/deploy/read-back.ts";
import { DifferentDeploymentError } from "../../src/deploy/recorded.ts";
import { enclaveVerifierAbi } from "../../src/protocol/abi/enclave-verifier.ts";
import { errorOf } from "../helpers/errors.ts";
import { startNode, type Node } from "../helpers/node.ts";

const LOCAL = 31_337;

const [one, two, three] = [5, 6, 7]
  .map((index) => account(index).address)
  .sort((some, other) => (BigInt(some) < BigInt(other) ? -1 : 1)) as [Address, Address, Address];
const ATTESTERS = { accounts: [three, one, two], threshold: 2 };

describe("deploying a verifier of enclaves", () => {
  let folder: string;
  let node: Node;
  let options: DeployOptions;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay-attesters-"));
    node = await startNode(LOCAL);
    options = { rpc: node.rpc, folder, attesters: ATTESTERS };
  });
  afterEach(async () => {
    await node.close();
    await rm(folder, { recursive: true });
  });

  it("records it with its attesters, and finds it from then on", async () => {
    const { record, costs } = await deploy(options);
    const { EnclaveVerifier } = record.contracts;
    expect(EnclaveVerifier?.arguments).to.deep.equal({ attesters: [one, two, three], threshold: "2" });
    expect([...costs.keys()]).to.include("EnclaveVerifier");
    const verifier = { address: EnclaveVerifier?.address as Address, abi: enclaveVerifierAbi };
    expect(await node.client.readContract({ ...verifier, functionName: "THRESHOLD" })).to.equal(2n);
    expect(await node.client.readContract({ ...verifier, functionName: "attesterCount" })).to.equal(3n);
    const again = await deploy(options);
    expect(again.costs.size).to.equal(0);
    expect(again.record).to.deep.equal(record);
  });

  it("adds it to a deployment that has none, and keeps it where none is asked for", async () => {
    const first = await deploy({ ...options, attesters: undefined });
    expect(first.record.contracts).not.to.have.property("EnclaveVerifier");
    const second = await deploy(options);
    expect([...second.costs.keys()]).to.deep.equal(["EnclaveVerifier"]);
    expect(second.record.contracts.Escrow).to.deep.equal(first.record.contracts.Escrow);
    const third = await deploy({ ...options, attesters: undefined });
    expect(third.record).to.deep.equal(second.record);
  });

  it("refuses other attesters than are recorded", async () => {
    await deploy(options);
    const others = { accounts: [one, two], threshold: 1 };
    expect(await errorOf(deploy({ ...options, attesters: others })))
      .to.be.instanceOf(DifferentDeploymentError)
      .with.deep.property("differences", ["EnclaveVerifier's attesters", "EnclaveVerifier's threshold"]);
  });

  /** What is noticed when the record says something else than the chain. */
  const edited = async (from: string, to: string): Promise<unknown> => {
    const { file } = await deploy(options);
    await writeFile(file, (await readFile(file, "utf8")).replace(from, to));
    return errorOf(deploy({ ...options, attesters: undefined }));
  };

  it("notices another threshold than the record says", async () => {
    const error = await edited(`"threshold": "2"`, `"threshold": "1"`);
    expect(error).to.be.instanceOf(ReadBackError).with.property("argument", "threshold");
  });

  it("notices another attester than the record says", async () => {
    const error = await edited(three, account(8).address);
    expect(error).to.be.instanceOf(ReadBackError).with.property("argument", "attesters");
  });

  it("notices an attester that the record leaves out", async () => {
    const error = await edited(`"${one}",`, "");
    expect(error).to.be.instanceOf(ReadBackError).with.property("argument", "attesters");
  });
});

describe("attesters", () => {
  it("are put in the order of their addresses", () => {
    expect(chooseAttesters(ATTESTERS)).to.deep.equal({ accounts: [one, two, three], threshold: 2 });
  });

  it("are refused before anything is sent when no verifier can have them", async () => {
    const many = Array.from({ length: 17 }, (_, index) => account(index).address);
    for (const [reason, attesters] of [
      ["there are 17", { accounts: many, threshold: 1 }],
      ["zero is among them", { accounts: [one, zeroAddress], threshold: 1 }],
      [`${two} is there twice`, { accounts: [two, one, two], threshold: 1 }],
      ["it would take 0 of 2", { accounts: [one, two], threshold: 0 }],
      ["it would take 3 of 2", { accounts: [one, two], threshold: 3 }],
      ["it would take 1.5 of 2", { accounts: [one, two], threshold: 1.5 }],
      ["it would take 1 of 0", { accounts: [], threshold: 1 }],
    ] as const) {
      const failed = errorOf(deploy({ rpc: "http://127.0.0.1:1", folder: "unused", attesters }));
      expect(await failed)
        .to.be.instanceOf(BadAttestersError)
        .with.property("reason", reason);
    }
  });

  it("come from the command line with their threshold", async () => {
    const { attesters } = await parseCommand(["--attesters", `${three},${one}`, "--threshold", "2"]);
    expect(attesters).to.deep.equal({ accounts: [three, one], threshold: 2 });
    for (const args of [
      ["--attesters", one],
      ["--threshold", "1"],
      ["--attesters", "0x12", "--threshold", "1"],
      ["--attesters", `${one},`, "--threshold", "1"],
      ["--attesters", one, "--threshold", "one"],
    ]) {
      expect(await errorOf(parseCommand(args))).to.be.instanceOf(UsageError);
    }
  });
});
