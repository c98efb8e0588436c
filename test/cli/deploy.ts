import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";

import { startNode, type Node } from "../helpers/node.ts";
import { answerOf, complaintOf, errorOf, jsonOf, refusalOf } from "../integration/model-command/world.ts";

const LOCAL = 31_337;

describe("assay deploy", () => {
  let folder: string;
  let node: Node;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay-deploy-"));
    node = await startNode(LOCAL);
  });
  after(async () => {
    await node.close();
    await rm(folder, { recursive: true });
  });

  it("deploys once, and finds it deployed from then on", async () => {
    const args = ["deploy", "--rpc", node.rpc, "--out", folder];
    const { deployed, contracts } = await jsonOf(args);
    expect(deployed).to.deep.equal(["TestUSDC", "Groth16Verifier", "Escrow", "CommitmentLog"]);
    const again = await jsonOf(args);
    expect(again).to.deep.include({ deployed: [], contracts });
    expect(await answerOf(args)).to.include("Nothing to deploy");
  });

  it("says that nobody answers, without what may be secret in the address", async () => {
    const args = ["deploy", "--rpc", "http://127.0.0.1:1/secret", "--out", folder];
    expect(await refusalOf(args))
      .to.include("http://127.0.0.1:1")
      .and.not.include("secret");
    expect(await errorOf(args)).to.have.property("name", "ChainUnreachableError");
  });

  it("says how it is used", async () => {
    expect(await answerOf(["deploy", "--help"])).to.include("Usage: assay deploy");
    expect(await complaintOf(["deploy", "--token", "0x12"])).to.include("0x12");
    expect(await complaintOf(["deploy", "--private-key", "0x12"])).to.include("--private-key");
  });
});

describe("assay", () => {
  it("lists its commands, and refuses others", async () => {
    expect(await answerOf([])).to.equal(await answerOf(["--help"]));
    for (const name of ["model", "ceremony", "keystore", "deploy", "fund", "tab"]) {
      expect(await answerOf(["--help"])).to.include(`assay ${name} `);
    }
    expect(await complaintOf(["sell"])).to.include('got "sell"');
    expect(await complaintOf(["constructor"])).to.include('got "constructor"');
  });
});
