/** Enclaves that hold together, and are not those that an agent has to do with: by their own words, or by the chain's. */
import { expect } from "chai";
import { concat, hexToBytes, type Address, type Hex } from "viem";

import { attestedModelOf, hashAttestedManifest, type AttestedManifest } from "../../src/enclave/manifest.ts";
import { hashMeasurement } from "../../src/enclave/measurement.ts";
import { hashServingPolicy, hashStatement } from "../../src/enclave/statement.ts";
import { simulateTdx } from "../../simulator/tdx.ts";
import { errorOf } from "../helpers/errors.ts";
import { because, listed, refusalsIn, trusting } from "./attested-refusal.ts";
import { QUESTION, startAttestedWorld, type AttestedWorld, type Json, type Lie, type Lies } from "./attested-world.ts";

const OTHER: Address = "0x00000000000000000000000000000000000000AA";
const WORD: Hex = `0x${"5a".repeat(32)}`;

describe("an agent sends nothing to a well-made enclave", () => {
  let world: AttestedWorld;
  let refusals: ReturnType<typeof refusalsIn>;

  before(async () => {
    world = await startAttestedWorld();
    refusals = refusalsIn(world);
  });
  after(async () => {
    await world.stop();
  });

  const refused: typeof refusals.refused = async (...how) => refusals.refused(...how);
  const forged: typeof refusals.forged = async (forgery) => refusals.forged(forgery);

  describe("that holds together, and", () => {
    it("serves another chain", async () => {
      await refused(await forged({ policy: { chainId: 1 } }), because("other-chain"));
    });

    it("is paid through another escrow", async () => {
      await refused(await forged({ policy: { escrow: OTHER } }), because("other-escrow"));
    });

    it("answers under another verifier", async () => {
      await refused(await forged({ policy: { verifier: OTHER } }), because("other-verifier"));
    });

    it("answers under a verifier that is no contract", async () => {
      const lies = await forged({ policy: { verifier: OTHER } });
      await refused({ ...lies, enclaves: listed((said) => ({ ...said, verifier: OTHER })) }, because("no-verifier"));
    });

    it("answers under a verifier that is not trusted", async () => {
      const trust = { enclaves: world.enclaves, verifiers: [OTHER] };
      await refused({}, because("untrusted-verifier"), { trust });
    });

    it("answers to other providers", async () => {
      await refused(await forged({ statement: { gateways: [OTHER] } }), because("other-provider"));
    });

    it("answers for other models", async () => {
      const [, embeddings] = world.attested.manifests as [AttestedManifest, AttestedManifest];
      await refused(await forged({ policy: { models: [embeddings] } }), because("other-model"));
    });

    it("has expired", async () => {
      await refused(await forged({ statement: { expires: Math.floor(Date.now() / 1000) - 1 } }), {
        name: "EnclaveRefusedError",
        because: "expired",
      });
    });

    it("is to expire before the deadline", async () => {
      const statement = { expires: Math.floor(Date.now() / 1000) + 60 };
      await refused(await forged({ statement }), because("expires"));
    });

    it("is of a block that this chain does not have", async () => {
      const { number } = await world.client.getBlock();
      await refused(await forged({ block: { number: Number(number), hash: WORD } }), because("foreign-block"));
      await refused(await forged({ block: { number: Number(number) + 1_000, hash: WORD } }), because("foreign-block"));
    });

    it("is of a block that is too old", async () => {
      const first = await world.client.getBlock({ blockNumber: 0n });
      const lies = await forged({ block: { number: 0, hash: first.hash } });
      const { timestamp } = await world.client.getBlock();
      const age = Number(timestamp - first.timestamp);
      expect(age).to.be.greaterThan(1);
      await refused(lies, because("stale"), trusting({ ...world.enclaves, maxAgeSeconds: age - 1 }));
      const proxy = await world.proxy(lies);
      const lenient = await world.connect(trusting({ ...world.enclaves, maxAgeSeconds: age + 60 }), proxy.url);
      expect(await errorOf(lenient.embed(world.attested.chat, {}))).to.have.property("name", "OtherKindError");
    });
  });

  describe("whose key", () => {
    const withKey = async (key: Hex): Promise<Lies> => forged({ statement: { key } });

    it("nobody enrolled", async () => {
      await refused(await withKey(refusals.forger.key().address), because("unknown-key"));
    });

    it("is enrolled for other code", async () => {
      const { address } = refusals.forger.key();
      await refusals.forger.enrol(address, { measurement: WORD });
      await refused(await withKey(address), because("other-code"));
    });

    it("expires before the deadline", async () => {
      const { address } = refusals.forger.key();
      await refusals.forger.enrol(address, { expiry: Math.floor(Date.now() / 1000) + 60 });
      await refused(await withKey(address), because("expires"));
    });

    it("was revoked", async () => {
      const { address } = refusals.forger.key();
      await refusals.forger.enrol(address);
      await refusals.forger.revoke(address);
      await refused(await withKey(address), because("revoked"));
    });
  });

  describe("on Intel's platform", () => {
    /** A listing and evidence that hold, but for what the simulator is told. */
    async function onTdx(options: Parameters<typeof simulateTdx>[0]) {
      const tdx = simulateTdx(options);
      const { attested } = world;
      const [chat] = attested.manifests as [AttestedManifest];
      const manifest = { ...chat, enclave: tdx.measurement };
      const id = attestedModelOf(manifest);
      const made = await refusals.forger.evidence({ policy: { models: [manifest] } });
      const reportData = hexToBytes(concat([hashStatement(made.statement), made.block.hash]));
      const document = tdx.quote(reportData).toString("base64");
      const evidence = { ...made, platform: "tdx" as const, document, collateral: tdx.collateral() };
      const lies: Lies = {
        evidence: () => evidence,
        enclaves: listed((said) => (said["kind"] === "chat" ? { ...said, id, manifest } : said)),
      };
      return { lies, id, measurements: [hashMeasurement(tdx.measurement)] };
    }

    it("whose firmware is out of date, unless that is accepted by name", async () => {
      const { lies, id, measurements } = await onTdx({ status: "OutOfDate" });
      const trusted = { measurements, allowSimulated: true } as const;
      await refused(lies, { name: "OutdatedPlatformError" }, trusting(trusted), id);
      await refused(lies, { name: "OutdatedPlatformError" }, trusting({ ...trusted, tcb: [] }), id);
      // It is looked at further: this very key is enrolled for other code.
      await refused(lies, because("other-code"), trusting({ ...trusted, tcb: ["OutOfDate"] }), id);
    });

    it("that is up to date, when its quote comes without what verifies it", async () => {
      const { lies, id, measurements } = await onTdx({});
      const trusted = trusting({ measurements, allowSimulated: true });
      const evidence = (said: Json): Json => {
        const { collateral: _left, ...rest } = (lies.evidence as Lie)(said) as Json;
        return rest;
      };
      await refused({ ...lies, evidence }, { name: "EnclaveRefusedError", because: "no-collateral" }, trusted, id);
      await refused(lies, because("other-code"), trusted, id);
    });
  });

  // Last: a measurement is revoked for good.
  describe("for long", () => {
    it("whose model is not published under its code", async () => {
      const { attested } = world;
      const [chat] = attested.manifests as [AttestedManifest];
      const manifest = { ...chat, name: "echo-new" };
      const id = attestedModelOf(manifest);
      const policy = { ...attested.policy, models: [manifest] };
      const lies: Lies = {
        ...(await forged({ policy, statement: { policy: hashServingPolicy(policy) } })),
        enclaves: listed((said) => (said["kind"] === "chat" ? { ...said, id, name: manifest.name, manifest } : said)),
      };
      await refused(lies, because("unpublished"), {}, id);
      const { enclaveVerifier } = world;
      await enclaveVerifier.write.publish([WORD, hashAttestedManifest(manifest), ""]);
      await refused(lies, because("unpublished"), {}, id);
    });

    it("to which it was sent before: what is resumed is not sent to a key that was revoked since", async () => {
      const key = refusals.forger.key();
      await refusals.forger.enrol(key.address);
      const evidence = await refusals.forger.evidence({ statement: { key: key.address } });
      // The real enclave answers, under another key than was shown.
      const proxy = await world.proxy({ evidence: () => evidence });
      const connection = await world.connect({}, proxy.url);
      const stream = await connection.chatStream(world.attested.chat, QUESTION);
      await stream[Symbol.asyncIterator]().next();
      await refusals.forger.revoke(key.address);
      const posts = proxy.posts.length;
      expect(await errorOf(connection.resume(stream.order))).to.have.property("because", "revoked");
      expect(proxy.posts.length).to.equal(posts);
    });

    it("whose code was revoked", async () => {
      await refusals.forger.revokeCode(world.measurement);
      await refused({}, because("revoked"));
    });
  });
});
