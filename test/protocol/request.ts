import { inspect } from "node:util";

import { expect } from "chai";
import * as TypedData from "ox/TypedData";
import { hashTypedData, keccak256, stringToHex, zeroHash, type ContractFunctionArgs } from "viem";

import type { escrowAbi } from "../../src/protocol/abi/escrow.ts";
import { domainOf } from "../../src/protocol/deployment.ts";
import { idOf, recover, sign, typedDataOf, type Request } from "../../src/protocol/request.ts";
import { deployProtocol, randomAccount, randomRequest, RUNS } from "../helpers/protocol.ts";
import { fuzz, seededRandom, times } from "../helpers/random.ts";

// The last one has a wrong checksum.
const WRONG_ADDRESSES = ["0x", "0x12", zeroHash, `0x${"zz".repeat(20)}`, "0x5FBDB2315678afecb367f032d93F642f64180aa3"];
const WRONG_WORDS = ["0x", "0x12", `${zeroHash}00`];

describe("request", () => {
  let protocol: Awaited<ReturnType<typeof deployProtocol>>;
  before(async () => {
    protocol = await deployProtocol();
  });

  it("has the escrow's EIP-712 domain", async () => {
    const [, name, version, chainId, verifyingContract] = await protocol.escrow.read.eip712Domain();
    expect({
      name,
      version,
      chainId: Number(chainId),
      verifyingContract: verifyingContract.toLowerCase(),
    }).to.deep.equal({ ...domainOf(protocol.deployment), verifyingContract: protocol.escrow.address.toLowerCase() });
  });

  it("has the contracts' type hash", async () => {
    const { types, primaryType } = typedDataOf(randomRequest(seededRandom(0)), protocol.deployment);
    expect(keccak256(stringToHex(TypedData.encodeType({ types, primaryType })))).to.equal(
      await protocol.harness.read.requestTypeHash(),
    );
  });

  it("is the type that the ABI takes", () => {
    const fromAbi = (request: ContractFunctionArgs<typeof escrowAbi, "view", "idOf">[0]): Request => request;
    const toAbi = (request: Request): ContractFunctionArgs<typeof escrowAbi, "view", "idOf">[0] => request;
    const request = randomRequest(seededRandom(0));
    expect(fromAbi(toAbi(request))).to.equal(request);
  });

  it("has the id that the escrow gives it", () =>
    fuzz(async (random) => {
      const requests = times(RUNS, () => randomRequest(random));
      const ids = await Promise.all(requests.map((request) => protocol.escrow.read.idOf([request])));
      expect(requests.map((request) => idOf(request, protocol.deployment))).to.deep.equal(ids);
    }));

  it("has the digest of its typed data as id, in every deployment", () =>
    fuzz((random) => {
      const deployments = times(3, (index) => ({ chainId: index + 1, escrow: random.address() }));
      for (const request of times(RUNS, () => randomRequest(random))) {
        const deployment = random.pick([protocol.deployment, ...deployments]);
        expect(idOf(request, deployment)).to.equal(hashTypedData(typedDataOf(request, deployment)));
      }
    }));

  it("has no id where a field does not fit its type", () => {
    const request = randomRequest(seededRandom(0));
    const { deployment } = protocol;
    const wrong: { [field in keyof Request]: unknown[] } = {
      payer: WRONG_ADDRESSES,
      provider: WRONG_ADDRESSES,
      verifier: WRONG_ADDRESSES,
      consumer: WRONG_ADDRESSES,
      model: WRONG_WORDS,
      input: WRONG_WORDS,
      price: [-1n, 2n ** 96n],
      proverFee: [-1n, 2n ** 96n],
      penalty: [-1n, 2n ** 96n],
      deadline: [-1, 1.5, Number.NaN, 2 ** 40],
      locked: [0, 1, "true"],
      nonce: [-1n, 2n ** 256n],
    };
    const bad = Object.entries(wrong).flatMap(([field, values]) =>
      values.map((value) => ({ ...request, [field]: value })),
    );
    for (const each of bad) {
      expect(() => hashTypedData(typedDataOf(each, deployment))).to.throw();
      expect(() => idOf(each, deployment), inspect(each)).to.throw();
    }
  });

  it("has no id in an escrow that is no address", () => {
    const request = randomRequest(seededRandom(0));
    expect(() => idOf(request, { chainId: 1, escrow: "0x12" })).to.throw();
    expect(() => idOf(request, { chainId: 1, escrow: "0x12" })).to.throw();
  });

  it("has another id on another chain and in another escrow", () => {
    const { chainId, escrow } = protocol.deployment;
    const request = randomRequest(seededRandom(0));
    const ids = [
      idOf(request, { chainId, escrow }),
      idOf(request, { chainId: chainId + 1, escrow }),
      idOf(request, { chainId, escrow: protocol.token.address }),
    ];
    expect(new Set(ids).size).to.equal(3);
  });

  it("recovers the signer that Solidity recovers", () =>
    fuzz(async (random) => {
      const { deployment, harness } = protocol;
      await Promise.all(
        times(RUNS, async () => {
          const account = randomAccount(random);
          const request = randomRequest(random);
          const signature = await sign(request, deployment, account);
          expect(await recover(request, deployment, signature)).to.equal(account.address);
          expect(await harness.read.recover([idOf(request, deployment), signature])).to.equal(account.address);
        }),
      );
    }));

  it("recovers another signer when any field changes", async () => {
    const random = seededRandom(0);
    const account = randomAccount(random);
    const request: Request = { ...randomRequest(random), locked: false };
    const signature = await sign(request, protocol.deployment, account);
    const changes: Request[] = [
      { ...request, payer: random.address() },
      { ...request, provider: random.address() },
      { ...request, verifier: random.address() },
      { ...request, consumer: random.address() },
      { ...request, model: random.bytes32() },
      { ...request, input: random.bytes32() },
      { ...request, price: request.price ^ 1n },
      { ...request, proverFee: request.proverFee ^ 1n },
      { ...request, penalty: request.penalty ^ 1n },
      { ...request, deadline: request.deadline - 1 },
      { ...request, locked: true },
      { ...request, nonce: request.nonce ^ 1n },
    ];
    for (const changed of changes) {
      expect(await recover(changed, protocol.deployment, signature)).not.to.equal(account.address);
    }
  });
});
