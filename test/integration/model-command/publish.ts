import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";
import { zeroHash, type Address, type Hex } from "viem";

import { deploy } from "../../../src/deploy/deploy.ts";
import { FILES } from "../../../src/model/bundle/files.ts";
import { groth16VerifierAbi } from "../../../src/protocol/abi/groth16-verifier.ts";
import { G2_GENERATOR } from "../../../src/protocol/bn254.ts";
import { startNode, type Node } from "../../helpers/node.ts";
import { answerOf, errorOf, fieldOptions, jsonOf, newWorld, refusalOf, SETOSA, type World } from "./world.ts";

const LOCAL = 31_337;
const SEPOLIA = 11_155_111;
/** Owns nothing on any chain. */
const POOR = `0x${"12".repeat(32)}`;

describe("assay model verify", () => {
  let world: World;
  let id: string;
  before(async () => {
    world = await newWorld();
    id = String((await jsonOf(["model", "build", world.source]))["id"]);
  });
  after(() => world.close());

  it("re-checks a model up to the id that it must have", async () => {
    const upper = id.toUpperCase().replace("0X", "0x");
    const verified = await jsonOf(["model", "verify", world.built, "--id", upper]);
    expect(verified).to.include({ id, name: "iris", isDevelopment: true, hasPrivateWeights: false });
    expect(verified).to.have.nested.property("contributions[0].kind", "contribution");

    const { name, message } = await errorOf(["model", "verify", world.built, "--id", zeroHash]);
    expect(name).to.equal("OtherModelError");
    expect(message).to.include(id).and.include(zeroHash);
  });

  it("refuses a folder that lacks a file, or has another", async () => {
    expect(await refusalOf(["model", "verify", world.source])).to.include(FILES.manifest);
    const path = join(world.built, FILES.program);
    const program = await readFile(path);
    await writeFile(path, `${program.toString()} `);
    expect(await refusalOf(["model", "verify", world.built])).to.include(FILES.program);
    await writeFile(path, program);
  });
});

describe("assay model publish", () => {
  let world: World;
  let node: Node;
  let verifier: Address;
  before(async () => {
    world = await newWorld();
    await answerOf(["model", "build", world.source]);
    node = await startNode(LOCAL);
    verifier = await deployVerifier("for development");
  });
  after(async () => {
    await node.close();
    await world.close();
  });

  async function deployVerifier(name: string, phase1?: Parameters<typeof deploy>[0]["phase1"]): Promise<Address> {
    const { record } = await deploy({ rpc: node.rpc, folder: world.path(name), phase1 });
    return (record.contracts.Groth16Verifier as { address: Address }).address;
  }

  const publish = (at: Address, ...options: string[]): string[] => {
    return ["model", "publish", world.built, "--verifier", at, "--rpc", node.rpc, ...options];
  };

  it("stores the key under the model's id, and proofs hold there from then on", async () => {
    const published = await jsonOf(publish(verifier, "--uri", "https://models.example/iris"));
    expect(published).to.include({ verifier, chainId: LOCAL, isNew: true, isDevelopment: true });
    const model = published["model"] as Hex;
    const { status } = await node.client.getTransactionReceipt({ hash: published["transaction"] as Hex });
    expect(status).to.equal("success");

    const context = `0x${"07".repeat(31)}`;
    const proven = await jsonOf(["model", "prove", world.built, ...fieldOptions(SETOSA), "--context", context]);
    const { input, output, proof } = proven as Record<"input" | "output" | "proof", Hex>;
    const claim = { request: zeroHash, model, input, output, charge: 1n, context: proven["context"] as Hex };
    const holds = async (changed: Partial<typeof claim>): Promise<boolean> => {
      const args = [[{ ...claim, ...changed }], proof] as const;
      return node.client.readContract({ address: verifier, abi: groth16VerifierAbi, functionName: "verify", args });
    };
    expect(await holds({})).to.equal(true);
    expect(await holds({ context: zeroHash })).to.equal(false);
    expect(await holds({ output: `0x${"00".repeat(31)}01` })).to.equal(false);

    const again = await answerOf(publish(verifier));
    expect(again)
      .to.match(/^Published again iris on chain 31337\.$/m)
      .and.include(model);
    expect(again).to.include("DEVELOPMENT SETUP");
  });

  it("refuses an address without a verifier, and the verifier of another phase 1", async () => {
    const nobody: Address = "0x00000000000000000000000000000000000000a1";
    expect(await refusalOf(publish(nobody))).to.include(nobody);
    const alpha = { x: 1n, y: 2n };
    const other = await deployVerifier("other", { alpha, beta: G2_GENERATOR, gamma: G2_GENERATOR });
    expect(await errorOf(publish(other))).to.have.property("name", "OtherPhase1Error");
  });

  it("says so in a line when the account cannot pay", async () => {
    const poor = await refusalOf(publish(verifier), { secrets: { ASSAY_PRIVATE_KEY: POOR } });
    expect(poor)
      .to.match(/fund|pay|balance/i)
      .and.not.include(node.rpc);
  });

  it("keeps a development key off chains that are not local", async () => {
    const sepolia = await startNode(SEPOLIA);
    try {
      const args = ["model", "publish", world.built, "--verifier", verifier, "--rpc", sepolia.rpc];
      const { name, message } = await errorOf(args);
      expect(name).to.equal("DevelopmentKeyError");
      expect(message).to.include(String(SEPOLIA));
    } finally {
      await sepolia.close();
    }
  });

  it("says that no chain answers, without what may be secret in its address", async () => {
    const args = ["model", "publish", world.built, "--verifier", verifier, "--rpc", "http://127.0.0.1:1/secret"];
    expect(await refusalOf(args))
      .to.include("http://127.0.0.1:1")
      .and.not.include("secret");
  });
});
