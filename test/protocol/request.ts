import { expect } from "chai";
import * as TypedData from "ox/TypedData";
import { keccak256, stringToHex, type ContractFunctionArgs } from "viem";

import type { escrowAbi } from "../../src/protocol/abi/escrow.ts";
import { domainOf } from "../../src/protocol/deployment.ts";
import { idOf, recover, sign, typedDataOf, type Request } from "../../src/protocol/request.ts";
import { deployProtocol, randomAccount, randomRequest, RUNS } from "../helpers/protocol.ts";
import { fuzz, seededRandom, times } from "../helpers/random.ts";

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
