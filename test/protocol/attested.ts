import { expect } from "chai";
import { getAddress, hashTypedData, keccak256, stringToHex, zeroAddress, type Address } from "viem";
import * as TypedData from "ox/TypedData";

import {
  digestOfAnswer,
  encodeAttestedProof,
  inSignerOrder,
  PLATFORM_NUMBERS,
  recoverAnswer,
  signAnswer,
  typedDataOfAnswer,
  typedDataOfEnrolment,
  typedDataOfKeyRevocation,
  typedDataOfMeasurementRevocation,
  type Answer,
  type Enrolment,
} from "../../src/protocol/attested.ts";
import { sign } from "../../src/protocol/signature.ts";
import { deployProtocol, randomAccount, RUNS } from "../helpers/protocol.ts";
import { fuzz, seededRandom, times, type Random } from "../helpers/random.ts";

const MONTH = 30 * 86_400;

function randomAnswer(random: Random): Answer {
  return {
    request: random.bytes32(),
    model: random.bytes32(),
    input: random.bytes32(),
    output: random.bytes32(),
    charge: random.uint(96),
  };
}

function randomEnrolment(random: Random): Enrolment {
  return {
    key: random.address(),
    measurement: random.bytes32(),
    platform: Number(random.uint(8)),
    attestation: random.bytes32(),
    expiry: Number(random.uint(40)),
  };
}

const claimOf = (answer: Answer, random: Random) => ({ ...answer, context: random.bytes32() });

async function deployEnclaves() {
  const { viem, client } = await deployProtocol();
  const random = seededRandom(5);
  const attesters = times(3, () => randomAccount(random)).sort((one, other) =>
    BigInt(one.address) < BigInt(other.address) ? -1 : 1,
  );
  const harness = await viem.deployContract("EnclaveHarness", [attesters.map(({ address }) => address), 2n]);
  return { client, harness, attesters, enclaves: { chainId: await client.getChainId(), verifier: harness.address } };
}

describe("what is signed for the enclaves' verifier", () => {
  let world: Awaited<ReturnType<typeof deployEnclaves>>;
  before(async () => {
    world = await deployEnclaves();
  });

  it("has the contract's type hashes", async () => {
    const { harness, enclaves } = world;
    const random = seededRandom(0);
    const typed = [
      typedDataOfAnswer(randomAnswer(random), enclaves),
      typedDataOfEnrolment(randomEnrolment(random), enclaves),
      typedDataOfKeyRevocation(random.address(), enclaves),
      typedDataOfMeasurementRevocation(random.bytes32(), enclaves),
    ];
    const hashes = typed.map(({ types, primaryType }) =>
      keccak256(stringToHex(TypedData.encodeType({ types: { ...types }, primaryType }))),
    );
    expect(hashes).to.deep.equal(await harness.read.typeHashes());
  });

  it("has the contract's domain", async () => {
    const [, name, version, chainId, verifyingContract] = await world.harness.read.eip712Domain();
    const { domain } = typedDataOfKeyRevocation(zeroAddress, {
      ...world.enclaves,
      verifier: getAddress(world.enclaves.verifier),
    });
    expect(domain).to.deep.equal({
      name,
      version,
      chainId: Number(chainId),
      verifyingContract: getAddress(verifyingContract),
    });
  });

  it("has the digests of enrolments and revocations that the contract gives them", () =>
    fuzz(async (random) => {
      const { harness, enclaves } = world;
      const enrolments = times(RUNS, () => randomEnrolment(random));
      expect(enrolments.map((enrolment) => hashTypedData(typedDataOfEnrolment(enrolment, enclaves)))).to.deep.equal(
        await Promise.all(enrolments.map((enrolment) => harness.read.digestOfEnrolment([enrolment]))),
      );
      const keys = times(RUNS, () => random.address());
      expect(keys.map((key) => hashTypedData(typedDataOfKeyRevocation(key, enclaves)))).to.deep.equal(
        await Promise.all(keys.map((key) => harness.read.digestOfKeyRevocation([key]))),
      );
      const measurements = times(RUNS, () => random.bytes32());
      expect(
        measurements.map((measurement) => hashTypedData(typedDataOfMeasurementRevocation(measurement, enclaves))),
      ).to.deep.equal(await Promise.all(measurements.map((one) => harness.read.digestOfMeasurementRevocation([one]))));
    }));

  it("is recovered from an answer by the contract as by the library", () =>
    fuzz(async (random) => {
      const { harness, enclaves } = world;
      const answers = times(RUNS, () => ({ answer: randomAnswer(random), account: randomAccount(random) }));
      const recovered = await Promise.all(
        answers.map(async ({ answer, account }): Promise<[Address, Address]> => {
          const signature = await signAnswer(answer, enclaves, account);
          const proof = encodeAttestedProof([signature]);
          return [
            await harness.read.signerOf([[claimOf(answer, random)], proof]),
            await recoverAnswer(answer, enclaves, signature),
          ];
        }),
      );
      const signers = answers.map(({ account }) => account.address);
      expect(recovered).to.deep.equal(signers.map((signer) => [signer, signer]));
    }));

  it("has another digest when any field, the chain or the verifier changes", () => {
    const random = seededRandom(0);
    const { enclaves } = world;
    const answer = randomAnswer(random);
    const digests = [
      digestOfAnswer(answer, enclaves),
      digestOfAnswer(answer, { ...enclaves, chainId: enclaves.chainId + 1 }),
      digestOfAnswer(answer, { ...enclaves, verifier: random.address() }),
      ...(["request", "model", "input", "output"] as const).map((field) =>
        digestOfAnswer({ ...answer, [field]: random.bytes32() }, enclaves),
      ),
      digestOfAnswer({ ...answer, charge: answer.charge ^ 1n }, enclaves),
    ];
    expect(new Set(digests)).to.have.property("size", digests.length);
  });

  it("signs nothing of a claim but the answer", () => {
    const random = seededRandom(0);
    const answer = randomAnswer(random);
    expect(digestOfAnswer(claimOf(answer, random), world.enclaves)).to.equal(digestOfAnswer(answer, world.enclaves));
  });

  it("enrols, verifies and revokes, by a quorum in any order of signing", async () => {
    const { client, harness, attesters, enclaves } = world;
    const random = seededRandom(1);
    const account = randomAccount(random);
    const key = account.address;
    const [measurement, manifestHash] = [random.bytes32(), random.bytes32()];
    await harness.write.publish([measurement, manifestHash, "ipfs://manifest"]);
    const model = await harness.read.modelOf([measurement, manifestHash]);

    const { timestamp } = await client.getBlock();
    const expiry = Number(timestamp) + MONTH;
    const enrolment = { key, measurement, platform: PLATFORM_NUMBERS.tdx, attestation: random.bytes32(), expiry };
    const typed = typedDataOfEnrolment(enrolment, enclaves);
    const reversed = await Promise.all(attesters.toReversed().map((attester) => sign(typed, attester)));
    await harness.write.enrol([enrolment, await inSignerOrder(typed, reversed)]);
    expect(await harness.read.keyOf([key])).to.deep.equal({
      measurement,
      attestation: enrolment.attestation,
      expiry,
      platform: PLATFORM_NUMBERS.tdx,
      isRevoked: false,
    });

    const claims = times(3, () => claimOf({ ...randomAnswer(random), model }, random));
    const proof = encodeAttestedProof(await Promise.all(claims.map((claim) => signAnswer(claim, enclaves, account))));
    expect(await harness.read.verify([claims, proof])).to.equal(true);

    const revocation = typedDataOfKeyRevocation(key, enclaves);
    const signatures = await Promise.all(attesters.map((attester) => sign(revocation, attester)));
    await harness.write.revokeKey([key, await inSignerOrder(revocation, signatures)]);
    expect(await harness.read.verify([claims, proof])).to.equal(false);

    const ofMeasurement = typedDataOfMeasurementRevocation(measurement, enclaves);
    const two = await Promise.all(attesters.slice(1).map((attester) => sign(ofMeasurement, attester)));
    await harness.write.revokeMeasurement([measurement, await inSignerOrder(ofMeasurement, two)]);
    expect(await harness.read.isRevoked([measurement])).to.equal(true);
  });
});
