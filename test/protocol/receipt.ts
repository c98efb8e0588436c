import { expect } from "chai";
import * as TypedData from "ox/TypedData";
import { hashTypedData, keccak256, stringToHex, zeroHash } from "viem";

import { digestOf, recover, sign, typedDataOf } from "../../src/protocol/receipt.ts";
import { deployProtocol, randomAccount, randomReceipt, RUNS } from "../helpers/protocol.ts";
import { fuzz, seededRandom, times } from "../helpers/random.ts";

describe("receipt", () => {
  let protocol: Awaited<ReturnType<typeof deployProtocol>>;
  before(async () => {
    protocol = await deployProtocol();
  });

  it("has the contracts' type hash", async () => {
    const { types, primaryType } = typedDataOf(randomReceipt(seededRandom(0)), protocol.deployment);
    expect(keccak256(stringToHex(TypedData.encodeType({ types, primaryType })))).to.equal(
      await protocol.harness.read.receiptTypeHash(),
    );
  });

  it("has the digest that the escrow gives it", () =>
    fuzz(async (random) => {
      const receipts = times(RUNS, () => randomReceipt(random));
      const digests = await Promise.all(receipts.map((receipt) => protocol.escrow.read.digestOf([receipt])));
      expect(receipts.map((receipt) => digestOf(receipt, protocol.deployment))).to.deep.equal(digests);
    }));

  it("has the digest of its typed data", () =>
    fuzz((random) => {
      for (const receipt of times(RUNS, () => randomReceipt(random))) {
        const deployment = { chainId: random.below(2), escrow: random.address() };
        expect(digestOf(receipt, deployment)).to.equal(hashTypedData(typedDataOf(receipt, deployment)));
      }
    }));

  it("has no digest where a field does not fit its type", () => {
    const { deployment } = protocol;
    const receipt = randomReceipt(seededRandom(0));
    for (const wrong of [
      { request: "0x" },
      { request: `${zeroHash}00` },
      { output: "0x12" },
      { charge: -1n },
      { charge: 2n ** 96n },
    ]) {
      const bad = { ...receipt, ...wrong } as typeof receipt;
      expect(() => hashTypedData(typedDataOf(bad, deployment))).to.throw();
      expect(() => digestOf(bad, deployment)).to.throw();
    }
  });

  it("recovers its signer, and another one when any field changes", async () => {
    const random = seededRandom(0);
    const { deployment } = protocol;
    const account = randomAccount(random);
    const receipt = randomReceipt(random);
    const signature = await sign(receipt, deployment, account);
    expect(await recover(receipt, deployment, signature)).to.equal(account.address);
    for (const changed of [
      { ...receipt, request: random.bytes32() },
      { ...receipt, output: random.bytes32() },
      { ...receipt, charge: receipt.charge ^ 1n },
    ]) {
      expect(await recover(changed, deployment, signature)).not.to.equal(account.address);
    }
  });
});
