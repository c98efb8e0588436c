import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { keccak256, zeroAddress } from "viem";
import type { Address, Hex } from "viem";
import { generatePrivateKey } from "viem/accounts";

import { ChainUnreachableError } from "../../src/chain/rpc.ts";
import { EmptyAccountError, NoAccountError } from "../../src/deploy/chain.ts";
import { deploy, NotConfirmedError } from "../../src/deploy/deploy.ts";
import type { DeployOptions, Plan } from "../../src/deploy/deploy.ts";
import { DeploymentFailedError } from "../../src/deploy/ignite.ts";
import { DevelopmentPhase1Error } from "../../src/deploy/phase1.ts";
import { ReadBackError } from "../../src/deploy/read-back.ts";
import { DamagedRecordError } from "../../src/deploy/record.ts";
import { DifferentDeploymentError, RecordMismatchError } from "../../src/deploy/recorded.ts";
import {
  NoAuthorizationsError,
  NoKnownTokenError,
  TokenWithoutCodeError,
  WrongDecimalsError,
} from "../../src/deploy/token.ts";
import { account } from "../../scripts/local/market.ts";
import { sampleModel } from "../../scripts/local/models.ts";
import { escrowAbi } from "../../src/protocol/abi/escrow.ts";
import { groth16VerifierAbi } from "../../src/protocol/abi/groth16-verifier.ts";
import { stopThreads } from "../../src/model/groth16.ts";
import { keyFromSnarkjs } from "../../src/protocol/snarkjs.ts";
import { known } from "../../src/protocol/tokens.ts";
import { errorOf } from "../helpers/errors.ts";
import { randomKey, randomPhase1 } from "../helpers/groth16.ts";
import { DEVELOPMENT_KEY, startNode } from "../helpers/node.ts";
import type { Node } from "../helpers/node.ts";
import { seededRandom } from "../helpers/random.ts";

const LOCAL = 31_337;
const SEPOLIA = 11_155_111;
const NO_USDC = 424_242;

const FEE = { bps: 25n, recipient: account(5).address };
const ALL = ["TestUSDC", "Groth16Verifier", "CommitmentLog", "Escrow"];

/** Tokens that answer decimals() with six, and anything else with a revert, with nothing, or with six again. */
const REVERTING: Hex = "0x5f3560e01c63313ce567146011575f5ffd5b60065f5260205ff3";
const SILENT: Hex = "0x5f3560e01c63313ce56714600f57005b60065f5260205ff3";
const ALWAYS_SIX: Hex = "0x60065f5260205ff3";

const random = seededRandom(2);
const PHASE1 = keyFromSnarkjs(randomKey(randomPhase1(random), random).verificationKey);

describe("deploying", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "assay-deploy-"));
  });

  afterEach(async () => rm(folder, { recursive: true }));

  after(async () => stopThreads());

  describe("on a local chain", () => {
    let node: Node;
    let options: DeployOptions;
    const recordText = async (): Promise<string> => readFile(join(folder, `${LOCAL}.json`), "utf8");

    beforeEach(async () => {
      node = await startNode(LOCAL);
      options = { rpc: node.rpc, folder };
    });

    afterEach(async () => node.close());

    it("deploys a test token, the escrow, the log and a verifier for the development phase 1", async () => {
      const { record, costs } = await deploy({ ...options, fee: FEE });
      const { Escrow, Groth16Verifier, TestUSDC } = record.contracts;
      const escrow = { address: Escrow.address, abi: escrowAbi };
      expect([...costs.keys()]).to.have.members(ALL);
      expect(record.token).to.equal(TestUSDC?.address);
      expect(await node.client.readContract({ ...escrow, functionName: "TOKEN" })).to.equal(record.token);
      expect(await node.client.readContract({ ...escrow, functionName: "FEE_BPS" })).to.equal(FEE.bps);
      expect(await node.client.readContract({ ...escrow, functionName: "FEE_RECIPIENT" })).to.equal(FEE.recipient);
      const [alpha, beta, gamma] = await node.client.readContract({
        address: Groth16Verifier?.address as Address,
        abi: groth16VerifierAbi,
        functionName: "phase1",
      });
      const { key } = await sampleModel("credit-score");
      expect({ alpha, beta, gamma }).to.deep.equal({ alpha: key.alpha, beta: key.beta, gamma: key.gamma });
    });

    it("records for each contract what the chain says of it", async () => {
      const { file, record, costs } = await deploy(options);
      expect(file).to.equal(join(folder, `${LOCAL}.json`));
      expect(JSON.parse(await recordText())).to.deep.equal(record);
      for (const [name, contract] of Object.entries(record.contracts)) {
        const { address, block, codeHash, deployer, transaction } = contract;
        const receipt = await node.client.getTransactionReceipt({ hash: transaction });
        const code = await node.client.getCode({ address });
        expect(receipt.contractAddress, name).to.equal(address.toLowerCase());
        expect(Number(receipt.blockNumber)).to.equal(block);
        expect(receipt.from).to.equal(deployer.toLowerCase());
        expect(keccak256(code as Hex)).to.equal(codeHash);
        const price = receipt.gasUsed * receipt.effectiveGasPrice;
        expect([...costs].find(([one]) => one === name)?.[1]).to.deep.equal({ gas: receipt.gasUsed, price });
      }
    });

    it("leaves nothing but the record", async () => {
      await deploy(options);
      expect(await readdir(folder)).to.have.members([`${LOCAL}.json`]);
    });

    it("deploys nothing the second time", async () => {
      const first = await deploy(options);
      const [text, block] = [await recordText(), await node.client.getBlockNumber()];
      const second = await deploy(options);
      expect(second.costs.size).to.equal(0);
      expect(second.record).to.deep.equal(first.record);
      expect(await recordText()).to.equal(text);
      expect(await node.client.getBlockNumber({ cacheTime: 0 })).to.equal(block);
    });

    it("deploys anew after the chain was restarted", async () => {
      await deploy(options);
      await node.close();
      node = await startNode(LOCAL);
      const { record, costs } = await deploy({ rpc: node.rpc, folder, fee: FEE });
      expect([...costs.keys()]).to.have.members(ALL);
      expect(record.contracts.Escrow.arguments["feeBps"]).to.equal("25");
    });

    it("refuses what differs from what is recorded, and says in what", async () => {
      await deploy(options);
      const block = await node.client.getBlockNumber();
      const token = await node.place("TestUSDC");
      for (const [changed, differences] of [
        [{ fee: FEE }, ["Escrow's feeBps", "Escrow's feeRecipient"]],
        [{ token }, ["Escrow's token"]],
        [{ phase1: PHASE1 }, ["Groth16Verifier's alpha", "Groth16Verifier's beta"]],
      ] as const) {
        const error = await errorOf(deploy({ ...options, ...changed }));
        expect(error).to.be.instanceOf(DifferentDeploymentError).with.deep.property("differences", differences);
      }
      expect(await node.client.getBlockNumber({ cacheTime: 0 })).to.equal(block + 1n);
    });

    it("refuses when the source has changed since", async () => {
      const { record, file } = await deploy(options);
      const { CommitmentLog } = record.contracts;
      const changed = { ...CommitmentLog, creationCodeHash: `0x${"00".repeat(32)}` };
      await writeFile(file, JSON.stringify({ ...record, contracts: { ...record.contracts, CommitmentLog: changed } }));
      const error = await errorOf(deploy(options));
      expect(error)
        .to.be.instanceOf(DifferentDeploymentError)
        .with.deep.property("differences", ["CommitmentLog's source"]);
    });

    it("deploys a second time beside the first when told so, and keeps the first's record", async () => {
      const first = await deploy(options);
      const text = await recordText();
      const second = await deploy({ ...options, fee: FEE, recorded: "replace" });
      const third = await deploy({ ...options, fee: FEE, recorded: "replace" });
      const addresses = [first, second, third].map(({ record }) => record.contracts.Escrow.address);
      expect(new Set(addresses).size).to.equal(3);
      const archive = `${LOCAL}.${first.record.contracts.Escrow.block}.json`;
      expect(await readFile(join(folder, archive), "utf8")).to.equal(text);
      expect(JSON.parse(await recordText())).to.deep.equal(third.record);
    });

    it("notices a contract that answers something else than the record says", async () => {
      const { file } = await deploy(options);
      await writeFile(file, (await recordText()).replace(`"feeBps": "0"`, `"feeBps": "25"`));
      const error = await errorOf(deploy({ ...options, fee: { ...FEE, recipient: zeroAddress } }));
      expect(error).to.be.instanceOf(ReadBackError).with.property("argument", "feeBps");
    });

    it("refuses a record that is damaged", async () => {
      const { record, file } = await deploy(options);
      const { Escrow, ...rest } = record.contracts;
      for (const text of [
        "",
        "null",
        JSON.stringify({ ...record, chainId: SEPOLIA }),
        JSON.stringify({ ...record, token: "0x12" }),
        JSON.stringify({ ...record, contracts: rest }),
        JSON.stringify({ ...record, contracts: { ...rest, Escrow: { ...Escrow, codeHash: "0x12" } } }),
      ]) {
        await writeFile(file, text);
        expect(await errorOf(deploy(options)), text).to.be.instanceOf(DamagedRecordError);
      }
    });

    it("says that nobody answers, without the path that may hold a key", async () => {
      await node.close();
      const error = (await errorOf(deploy({ ...options, rpc: `${node.rpc}/secret` }))) as Error;
      expect(error).to.be.instanceOf(ChainUnreachableError);
      expect(error.message).to.contain(node.rpc).and.not.contain("secret");
      node = await startNode(LOCAL);
    });
  });

  describe("on a chain that is not local", () => {
    let node: Node;
    let token: Address;
    let options: DeployOptions;

    beforeEach(async () => {
      node = await startNode(SEPOLIA);
      token = await node.place("TestUSDC");
      options = { rpc: node.rpc, folder, privateKey: DEVELOPMENT_KEY, token };
    });

    afterEach(async () => {
      await node.close();
    });

    const transactions = async (): Promise<number> => node.client.getTransactionCount({ address: account(0).address });
    const failure = async (change: Partial<DeployOptions>): Promise<unknown> => {
      const before = await transactions();
      const error = await errorOf(deploy({ ...options, ...change }));
      expect(await transactions(), "transactions of a refused deployment").to.equal(before);
      return error;
    };

    it("needs an account, and money on it", async () => {
      expect(await failure({ privateKey: undefined })).to.be.instanceOf(NoAccountError);
      expect(await failure({ privateKey: generatePrivateKey() })).to.be.instanceOf(EmptyAccountError);
    });

    it("refuses a token without code, the chain's own USDC too", async () => {
      const usdc = known(SEPOLIA)?.address as Address;
      expect(await failure({ token: undefined }))
        .to.be.instanceOf(TokenWithoutCodeError)
        .with.property("token", usdc);
      expect(await failure({ token: account(7).address })).to.be.instanceOf(TokenWithoutCodeError);
    });

    it("takes the chain's USDC when no token is given", async () => {
      const usdc = known(SEPOLIA)?.address as Address;
      await node.client.setCode({ address: usdc, bytecode: (await node.client.getCode({ address: token })) as Hex });
      const { record } = await deploy({ ...options, token: undefined });
      expect(record.token).to.equal(usdc);
      expect(record.contracts.Escrow.arguments["token"]).to.equal(usdc);
      expect(record.contracts.TestUSDC).to.equal(undefined);
    });

    it("refuses a token with other than six decimals, or that does not say", async () => {
      const eighteen = await node.place("FalseToken");
      expect(await failure({ token: eighteen }))
        .to.be.instanceOf(WrongDecimalsError)
        .with.property("decimals", 18);
      const silent = await node.place("CommitmentLog");
      expect(await failure({ token: silent }))
        .to.be.instanceOf(WrongDecimalsError)
        .with.property("decimals", undefined);
    });

    it("refuses a token without EIP-3009", async () => {
      const plain = account(8).address;
      for (const bytecode of [REVERTING, SILENT, ALWAYS_SIX]) {
        await node.client.setCode({ address: plain, bytecode });
        expect(await failure({ token: plain }), bytecode).to.be.instanceOf(NoAuthorizationsError);
      }
    });

    it("refuses the development phase 1, in whatever key it is", async () => {
      const { key } = await sampleModel("credit-score");
      expect(await failure({ phase1: key })).to.be.instanceOf(DevelopmentPhase1Error);
      // Its secrets are two, and one of them is enough.
      expect(await failure({ phase1: { ...key, alpha: PHASE1.alpha } })).to.be.instanceOf(DevelopmentPhase1Error);
      expect(await failure({ phase1: { ...key, beta: PHASE1.beta } })).to.be.instanceOf(DevelopmentPhase1Error);
    });

    it("deploys no verifier without a phase 1, and adds one later to the same escrow", async () => {
      const first = await deploy(options);
      expect([...first.costs.keys()]).to.have.members(["Escrow", "CommitmentLog"]);
      const second = await deploy({ ...options, phase1: PHASE1 });
      expect([...second.costs.keys()]).to.have.members(["Groth16Verifier"]);
      const { Groth16Verifier, ...others } = second.record.contracts;
      expect(Groth16Verifier?.arguments["alpha"]).to.deep.equal({
        x: PHASE1.alpha.x.toString(),
        y: PHASE1.alpha.y.toString(),
      });
      expect(others).to.deep.equal(first.record.contracts);
      expect((await deploy(options)).costs.size, "not to ask for it is not to ask it away").to.equal(0);
    });

    it("asks before the first transaction, and takes a no", async () => {
      const plans: Plan[] = [];
      const answering = (answer: boolean) => async (plan: Plan) => {
        plans.push(plan);
        return answer;
      };
      expect(await failure({ confirm: answering(false) })).to.be.instanceOf(NotConfirmedError);
      await deploy({ ...options, confirm: answering(true) });
      await deploy({ ...options, confirm: answering(false) });
      // The third time there was nothing to ask about.
      expect(plans).to.have.lengthOf(2);
      expect(plans[0]).to.deep.include({ chainId: SEPOLIA, contracts: ["Escrow", "CommitmentLog"] });
    });

    it("takes a recorded contract that is gone or another for a mistake", async () => {
      const { Escrow } = (await deploy(options)).record.contracts;
      for (const [bytecode, found] of [
        ["0x", "no code"],
        [ALWAYS_SIX, "other code"],
      ] as const) {
        await node.client.setCode({ address: Escrow.address, bytecode });
        expect(await failure({}))
          .to.be.instanceOf(RecordMismatchError)
          .with.property("found", found);
      }
      expect((await deploy({ ...options, recorded: "replace" })).costs.size).to.equal(2);
    });

    it("finds out that a phase 1 is no good before it has paid for anything, each time", async () => {
      const bad = { ...PHASE1, gamma: PHASE1.beta };
      for (const attempt of [1, 2]) {
        const error = await failure({ phase1: bad });
        expect(error, `attempt ${attempt}`).to.be.instanceOf(DeploymentFailedError);
        expect((error as Error).message).to.contain("GammaNotGenerator");
      }
    });

    it("needs to be told the token where no USDC is known", async () => {
      const other = await startNode(NO_USDC);
      try {
        const error = await errorOf(deploy({ rpc: other.rpc, folder, privateKey: DEVELOPMENT_KEY }));
        expect(error).to.be.instanceOf(NoKnownTokenError).with.property("chainId", NO_USDC);
      } finally {
        await other.close();
      }
    });
  });
});
