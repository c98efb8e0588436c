import { readFile, writeFile } from "node:fs/promises";

import { expect } from "chai";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { sha256, zeroHash, type Address, type Hex } from "viem";

import { account } from "../../scripts/local/market.ts";
import { signAct } from "../../src/cli/attest/act.ts";
import { findAttestPlace, type AttestPlace } from "../../src/cli/attest/place.ts";
import { gatherQuorum } from "../../src/cli/attest/quorum.ts";
import { readSigned, type SignedAct } from "../../src/cli/attest/signed-file.ts";
import type { Enrolment } from "../../src/protocol/attested.ts";
import { errorOf } from "../helpers/errors.ts";
import { LOCAL, SEPOLIA } from "../helpers/tab-world.ts";
import { answerOf, assay, jsonOf } from "../integration/model-command/world.ts";
import { placeVerifier, refusalFor, startAttestWorld, type AttestWorld } from "./attest-world.ts";

const HOUR = 3_600;

/** Whatever is signed, it is not of this key. */
const newKey = (): Address => privateKeyToAddress(generatePrivateKey());

describe("assay attest sign and submit", () => {
  let world: AttestWorld;
  let config: string;
  let place: AttestPlace;
  before(async () => {
    world = await startAttestWorld(LOCAL, 2);
    config = await world.config();
    place = await findAttestPlace({ config }, {});
  });
  after(async () => world.close());

  const sign = (source: string, file: string, ...options: string[]): string[] => {
    return ["attest", "sign", source, "--out", world.path(file), "--config", config, ...options];
  };
  const submit = (...files: string[]): string[] => {
    return ["attest", "submit", ...files.map((file) => world.path(file)), "--config", config];
  };
  const refusalOf = async (...files: string[]): Promise<string> => {
    const { name } = await refusalFor(submit(...files));
    return name;
  };

  it("enrols a key that two attesters checked, whoever submits it and in whatever order", async () => {
    const key = newKey();
    const expires = (await now()) + 24 * HOUR;
    const evidence = await world.show({ statement: { key, expires } });
    world.gateway.show(evidence);
    const { url } = world.gateway;
    const written = await jsonOf(sign(url, "one.json"), world.as(0));
    expect(written).to.deep.include({ kind: "enrolment", attester: world.attesters[0]?.address, simulated: true });
    // The gateway shows another document by now: the second attester checks what the first one did.
    world.gateway.show(await world.show({ statement: { key, expires } }));
    expect(await answerOf(sign(world.path("one.json"), "two.json"), world.as(1))).to.include("SIMULATED. Wrote");
    expect(await world.isLive(key)).to.equal(false);

    expect(await refusalOf("one.json")).to.equal("TooFewAttestersError");
    expect(await refusalOf("one.json", "one.json")).to.equal("SignedTwiceError");
    const [forth, back] = [await gather("one.json", "two.json"), await gather("two.json", "one.json")];
    expect(forth.signatures).to.deep.equal(back.signatures);
    const sent = await jsonOf(submit("two.json", "one.json"), world.stranger);
    expect(sent["signers"]).to.have.members(world.attesters.slice(0, 2).map(({ address }) => address));

    const { measurement, attestation, expiry } = await world.keyOf(key);
    expect([measurement, expiry]).to.deep.equal([world.measurement, evidence.statement.expires]);
    expect(attestation).to.equal(sha256(Buffer.from(evidence.document, "base64")));
    expect(await world.isLive(key)).to.equal(true);
    const known = await jsonOf(["attest", "status", key, "--config", config]);
    expect(known).to.deep.include({ live: true, revoked: false, codeRevoked: false });
    expect(await answerOf(["attest", "status", key, "--config", config])).to.include("its answers count");
    expect(await refusalOf("one.json", "two.json")).to.equal("NoKeyError");
    expect(await refusalFor(submit("one.json", "two.json"), world.stranger)).to.have.property(
      "name",
      "CallRevertedError",
    );
    expect((await refusalFor(sign(url, "again.json"), world.as(0))).name).to.equal("EnrolledAlreadyError");
  });

  const gather = async (first: string, ...others: string[]) =>
    gatherQuorum(place, [
      await readSigned(world.path(first), place),
      ...(await Promise.all(others.map(async (file) => readSigned(world.path(file), place)))),
    ]);

  it("signs nothing that its checks refuse, and never without being an attester", async () => {
    const key = newKey();
    const { url } = world.gateway;
    world.gateway.show(await world.show({ statement: { key } }));
    expect((await refusalFor(sign(url, "stranger.json"), world.stranger)).name).to.equal("NoAttesterKeyError");
    expect((await refusalFor(sign(url, "nobody.json"))).name).to.equal("NoKeyError");
    const strict = await world.config({ measurements: [zeroHash] });
    const args = ["attest", "sign", url, "--out", world.path("none.json"), "--config", strict];
    expect((await refusalFor(args, world.as(0))).name).to.equal("UnknownMeasurementError");
    for (const file of ["stranger.json", "nobody.json", "none.json"]) {
      expect(await errorOf(readFile(world.path(file)))).to.have.property("code", "ENOENT");
    }
  });

  it("signs until a time that is asked for, and with another no longer than alone", async () => {
    const key = newKey();
    world.gateway.show(await world.show({ statement: { key } }));
    const soon = (await now()) + HOUR;
    const until = new Date(soon * 1_000).toISOString();
    const first = await jsonOf(sign(world.gateway.url, "until.json", "--until", until), world.as(0));
    expect((first["enrolment"] as Enrolment).expiry).to.equal(soon);
    const shorter = sign(world.path("until.json"), "shorter.json", "--until", `${soon - 1}`);
    expect((await refusalFor(shorter, world.as(1))).message).to.include("refused: it is until");
    const past = sign(world.gateway.url, "past.json", "--until", "2020-01-01");
    expect((await refusalFor(past, world.as(0))).name).to.equal("PastExpiryError");
    expect((await refusalFor(sign(world.gateway.url, "until.json"), world.as(0))).name).to.equal(
      "SignedFileExistsError",
    );
  });

  it("bounds an expiry by what the contract takes", async () => {
    const key = newKey();
    world.gateway.show(await world.show({ statement: { key, expires: (await now()) + 400 * 24 * HOUR } }));
    const { enrolment } = await jsonOf(sign(world.gateway.url, "long.json"), world.as(0));
    expect((enrolment as Enrolment).expiry).to.be.closeTo((await now()) + 90 * 24 * HOUR, 600);
  });

  it("signs with another only what that one's evidence shows", async () => {
    world.gateway.show(await world.show({ statement: { key: newKey() } }));
    await jsonOf(sign(world.gateway.url, "honest.json"), world.as(0));
    const file = JSON.parse(await readFile(world.path("honest.json"), "utf8")) as { enrolment: Enrolment };
    for (const change of [
      { key: newKey() },
      { measurement: zeroHash },
      { attestation: zeroHash },
      { platform: 2 },
      { expiry: file.enrolment.expiry + 1 },
    ]) {
      const changed = { ...file, enrolment: { ...file.enrolment, ...change } };
      await writeFile(world.path("changed.json"), JSON.stringify(changed));
      const error = await refusalFor(sign(world.path("changed.json"), "fooled.json"), world.as(1));
      expect(error.name, JSON.stringify(change)).to.equal("FalseEnrolmentError");
    }
  });

  it("takes no signatures of different things, of strangers, or for elsewhere", async () => {
    const enrolmentOf = (key: Address): Enrolment => ({
      key,
      measurement: world.measurement,
      platform: 1,
      attestation: zeroHash,
      expiry: 2_000_000_000,
    });
    const signed = async (enrolment: Enrolment, index: number, where = place): Promise<SignedAct> => {
      const act = { kind: "enrolment", enrolment } as const;
      const file = `of ${index}`;
      return { file, act, signature: await signAct(act, where, account(index)), evidence: undefined };
    };
    const [key, other] = [newKey(), newKey()];
    const one = await signed(enrolmentOf(key), 5);
    const nameOf = async (...others: SignedAct[]): Promise<string> =>
      ((await errorOf(gatherQuorum(place, [one, ...others]))) as Error).name;
    expect(await nameOf(await signed(enrolmentOf(other), 6))).to.equal("DifferentActsError");
    expect(await nameOf(await signed({ ...enrolmentOf(key), expiry: 2_000_000_001 }, 6))).to.equal(
      "DifferentActsError",
    );
    expect(await nameOf(await signed(enrolmentOf(key), 3))).to.equal("NotAttesterError");
    expect(await nameOf(await signed(enrolmentOf(key), 6), await signed(enrolmentOf(key), 6))).to.equal(
      "SignedTwiceError",
    );
    // What was signed for another chain or verifier is by some stranger here.
    expect(await nameOf(await signed(enrolmentOf(key), 6, { ...place, chainId: 1 }))).to.equal("NotAttesterError");
    const elsewhere = await placeVerifier(world.node, 2);
    expect(await nameOf(await signed(enrolmentOf(key), 6, { ...place, verifier: elsewhere }))).to.equal(
      "NotAttesterError",
    );
  });

  it("reads no file that is for elsewhere, or is none", async () => {
    world.gateway.show(await world.show({ statement: { key: newKey() } }));
    await jsonOf(sign(world.gateway.url, "here.json"), world.as(0));
    const file = JSON.parse(await readFile(world.path("here.json"), "utf8")) as object;
    const path = world.path("bad.json");
    for (const [change, reason] of [
      [{ chainId: 1 }, "for the chain 1"],
      [{ verifier: world.key }, `for the verifier ${world.key}`],
      [{ more: 1 }, "more"],
      [{ kind: "key-revocation" }, "is no attester's signature"],
      [{ signature: "0x12" }, "64 bytes"],
    ] as const) {
      await writeFile(path, JSON.stringify({ ...file, ...change }));
      expect(((await errorOf(readSigned(path, place))) as Error).message).to.include(reason);
    }
    await writeFile(path, "{");
    expect(await refusalOf("bad.json")).to.equal("BadSignedFileError");
    expect(await refusalOf("nowhere.json")).to.equal("BadSignedFileError");
  });

  it("publishes the models of an enclave, once", async () => {
    world.gateway.show(await world.show());
    const args = ["attest", "publish", world.gateway.url, "--config", config, "--as", "attester"];
    const status = ["attest", "status", world.model, "--config", config];
    expect(await jsonOf(status)).to.include({ published: false, model: null });
    const found = await jsonOf(args, world.stranger);
    expect(found).to.deep.include({ models: [world.model], published: 1 });
    expect(await jsonOf(status)).to.include({ published: true, measurement: world.measurement, revoked: false });
    expect(await jsonOf(args)).to.deep.include({ published: 0 });
    const verifier = newKey();
    world.gateway.show(await world.show({ statement: { verifier }, policy: { verifier } }));
    expect((await refusalFor(args, world.stranger)).name).to.equal("ElsewhereError");
  });

  it("revokes a key, for good", async () => {
    const key = newKey();
    const evidence = await world.show({ statement: { key } });
    const revoke = ["attest", "revoke", "key", key, "--config", config];
    expect((await refusalFor(revoke, world.as(0))).name).to.equal("TooFewAttestersError");
    expect((await refusalFor(revoke, world.stranger)).name).to.equal("NoAttesterKeyError");
    await jsonOf([...revoke, "--out", world.path("revoke.json")], world.as(0));
    expect((await refusalFor([...revoke, "--with", world.path("revoke.json")], world.as(0))).name).to.equal(
      "SignedTwiceError",
    );
    await jsonOf([...revoke, "--with", world.path("revoke.json")], world.as(1));
    expect(await answerOf(["attest", "status", key, "--config", config])).to.include("REVOKED");
    expect((await refusalFor(revoke, world.as(0))).name).to.equal("RevokedAlreadyError");
    world.gateway.show(evidence);
    const check = await refusalFor(["attest", "check", world.gateway.url, "--config", config]);
    expect(check).to.have.property("name", "RevokedError");
    const another = sign(world.path("revoke.json"), "another.json");
    expect((await refusalFor(another, world.as(1))).name).to.equal("NoEnrolmentError");
  });

  it("revokes a measurement, but not a model that was taken for one", async () => {
    const revoke = (what: Hex): string[] => ["attest", "revoke", "measurement", what, "--config", config];
    expect((await refusalFor(revoke(world.model), world.as(0))).message).to.include(world.measurement);
    for (const index of [0, 1]) {
      const out = world.path(`measurement-${index}.json`);
      await jsonOf([...revoke(world.measurement), "--out", out], world.as(index));
    }
    await jsonOf(submit("measurement-0.json", "measurement-1.json"), world.stranger);
    const status = await jsonOf(["attest", "status", world.model, "--config", config]);
    expect(status).to.include({ revoked: true, measurement: world.measurement });
    world.gateway.show(await world.show({ statement: { key: newKey() } }));
    const error = await refusalFor(["attest", "check", world.gateway.url, "--config", config]);
    expect(error.message).to.include(`measurement ${world.measurement} was revoked`);
  });

  const now = async (): Promise<number> => Number((await world.client.getBlock()).timestamp);
});

describe("assay attest on a chain that is not local", () => {
  let world: AttestWorld;
  before(async () => {
    world = await startAttestWorld(SEPOLIA, 1);
  });
  after(async () => world.close());

  it("asks before it revokes, or signs for that, unless it is told not to", async () => {
    const key = newKey();
    const args = ["attest", "revoke", "key", key, "--config", await world.config()];
    for (const options of [[], ["--out", world.path("asked.json")]]) {
      const asked = await assay([...args, ...options], world.as(0));
      expect([asked.code, asked.stdout]).to.deep.equal([2, ""]);
      expect(asked.stderr).to.include("--yes");
    }
    expect((await world.keyOf(key)).isRevoked).to.equal(false);
    await jsonOf([...args, "--yes"], world.as(0));
    expect((await world.keyOf(key)).isRevoked).to.equal(true);
  });
});
