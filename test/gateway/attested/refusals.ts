import { format, inspect } from "node:util";

import { expect } from "chai";
import type { Address, Hex } from "viem";

import type { Check } from "../../../src/cli/checks.ts";
import { checkEnclaves } from "../../../src/cli/doctor/enclaves.ts";
import { checkEvidence } from "../../../src/enclave/check.ts";
import { evidenceSchema } from "../../../src/enclave/evidence.ts";
import { typedDataOfKeyRevocation } from "../../../src/protocol/attested.ts";
import * as Signature from "../../../src/protocol/signature.ts";
import { ATTESTER } from "../../../scripts/local/node.ts";
import { DOLLAR } from "../../../scripts/local/marketplace.ts";
import { codeIn, post } from "../orders.ts";
import { startWorld, streamIn, type Asked, type AskChanges, type World } from "./world.ts";

const QUESTION = { messages: [{ role: "user", content: "The secret is 4711." }], temperature: 0 };

describe("a gateway with an enclave", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  const asksOfUpstream = (): number => world.attested.upstream.asked.length;
  /** Refused, with nothing charged, nothing promised, and nothing asked of anybody. */
  const refused = async (asked: Asked, code: string): Promise<void> => {
    const [before, { payer }] = [asksOfUpstream(), asked.request];
    expect(codeIn(await world.send(asked))).to.equal(code);
    expect(await world.promised(payer)).to.equal(0n);
    expect(asksOfUpstream()).to.equal(before);
  };

  it("quotes what a question can cost at most, under a salt, and never without one", async () => {
    const reply = await world.send({ path: "/v1/chat/completions", body: { ...QUESTION, model: world.attested.chat } });
    expect(codeIn(reply)).to.equal("payment-required");
    const { accepts } = JSON.parse(reply.text) as {
      accepts: { amount: string; extra: { input: Hex; salt: Hex; proverFee: string } }[];
    };
    const [first] = accepts;
    const bytes = JSON.stringify({ ...QUESTION, model: world.attested.chat }).length;
    expect(BigInt(first?.amount ?? 0)).to.equal(BigInt(1_000 + 2 * (bytes + 1_024) + 8 * 400));
    expect(first?.extra.proverFee).to.equal("0");
    const again = await world.send({ path: "/v1/chat/completions", body: { ...QUESTION, model: world.attested.chat } });
    const { accepts: others } = JSON.parse(again.text) as { accepts: typeof accepts };
    // A prompt that is easily guessed has another commitment each time.
    expect(others[0]?.extra.salt).not.to.equal(first?.extra.salt);
    expect(others[0]?.extra.input).not.to.equal(first?.extra.input);
  });

  it("refuses a payment for anything but this question at this price", async () => {
    const payer = await world.payer();
    const attempts: [changes: AskChanges, code: string][] = [
      [{ request: { price: 6_000n } }, "wrong-terms"],
      [{ request: { proverFee: 1n } }, "wrong-terms"],
      [{ request: { penalty: 2n * DOLLAR } }, "wrong-terms"],
      [{ request: { verifier: world.market.verifier.address } }, "wrong-terms"],
      [{ request: { model: world.attested.embeddings } }, "wrong-terms"],
      [{ request: { provider: payer.address } }, "wrong-terms"],
      [{ request: { locked: true } }, "wrong-terms"],
      [{ request: { input: `0x${"12".repeat(32)}` } }, "wrong-terms"],
      [{ request: { deadline: 1_000 } }, "bad-deadline"],
      // What was paid for is what is asked: each part of it.
      [{ sent: { ...QUESTION, model: world.attested.chat, temperature: 1 } }, "wrong-terms"],
      [{ sent: { ...QUESTION, model: world.attested.chat, tools: [] } }, "wrong-terms"],
      [{ sent: { ...QUESTION, model: "echo-large" } }, "wrong-terms"],
    ];
    for (const [changes, code] of attempts) {
      const asked = await world.ask(payer, QUESTION, changes);
      await refused(asked, code);
    }
    const asked = await world.ask(payer, QUESTION);
    await refused({ ...asked, headers: { ...asked.headers, "assay-salt": `0x${"00".repeat(32)}` } }, "wrong-terms");
    await refused({ ...asked, headers: { ...asked.headers, "assay-salt": "0x12" } }, "malformed-body");
  });

  it("takes no deadline beyond what its key can be verified for", async () => {
    const payer = await world.payer();
    const { models } = (await (await fetch(`${world.gateway.url}/v1/enclaves`)).json()) as {
      models: { answersUntil: number }[];
    };
    const last = models[0]?.answersUntil ?? 0;
    // The key lives for two days, an exit takes one: the nearer of the two decides.
    await refused(await world.ask(payer, QUESTION, { request: { deadline: last + 1 } }), "bad-deadline");
  });

  it("refuses what is no question to its models", async () => {
    const { chat } = world.attested;
    const at = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<string> =>
      codeIn(
        await post(`${world.gateway.url}${path}`, typeof body === "string" ? body : JSON.stringify(body), headers),
      );
    expect(await at("/v1/chat/completions", "{")).to.equal("malformed-body");
    expect(await at("/v1/chat/completions", "[]")).to.equal("malformed-body");
    expect(await at("/v1/chat/completions", { ...QUESTION })).to.equal("malformed-body");
    expect(await at("/v1/chat/completions", { ...QUESTION, model: "gpt-4" })).to.equal("unknown-model");
    expect(await at("/v1/chat/completions", { ...QUESTION, model: "__proto__" })).to.equal("unknown-model");
    expect(await at("/v1/embeddings", { model: chat, input: "text" })).to.equal("bad-input");
    expect(await at("/v1/chat/completions", { model: chat, messages: [] })).to.equal("bad-input");
    expect(await at("/v1/chat/completions", { ...QUESTION, model: chat, n: 5 })).to.equal("bad-input");
    const remote = [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://a.example/b.png" } }] }];
    expect(await at("/v1/chat/completions", { model: chat, messages: remote })).to.equal("bad-input");
    const deep = `{"model":"${chat}","messages":[{"role":"user","content":${"[".repeat(50_000)}${"]".repeat(50_000)}}]}`;
    expect(await at("/v1/chat/completions", deep)).to.equal("bad-input");
    const payer = { "assay-payer": "0x12" };
    expect(await at("/v1/chat/completions", { ...QUESTION, model: chat }, payer)).to.equal("malformed-body");
    const found = await fetch(`${world.gateway.url}/v1/attestations/0x12`);
    expect(found.status).to.equal(404);
  });

  it("charges nothing when the upstream fails, before or within a stream's first chunk", async () => {
    for (const stream of [false, true]) {
      const payer = await world.payer();
      world.attested.upstream.misbehave({ kind: "fails", status: 500 });
      const asked = await world.ask(payer, { ...QUESTION, stream });
      expect(codeIn(await world.send(asked))).to.equal("enclave-failed");
      expect(await world.promised(payer.address)).to.equal(0n);
      world.attested.upstream.misbehave();
      // The same request is answered once the upstream is back.
      const reply = await world.send(asked);
      expect(reply.status, reply.text).to.equal(200);
    }
  });

  it("charges for what came when the upstream breaks off", async () => {
    const payer = await world.payer();
    world.attested.upstream.misbehave({ kind: "breaks-off", after: 4 });
    const asked = await world.ask(payer, { ...QUESTION, stream: true });
    const { chunks, tail } = streamIn((await world.send(asked)).text);
    world.attested.upstream.misbehave();
    expect(chunks).to.have.length(4);
    const { end, response } = (tail as NonNullable<typeof tail>).extensions.assay.transcript;
    expect(end).to.equal("cut");
    expect(response.chunks).to.equal(4);
  });

  it("keeps what its enclave showed, for whoever checks the attesters", async () => {
    const shown = await (await fetch(`${world.gateway.url}/v1/enclaves/${world.attested.chat}`)).json();
    const { attestation } = await checkEvidence(
      evidenceSchema.parse(shown),
      world.attested.accepted,
      Date.now() / 1000,
    );
    const kept = await fetch(`${world.gateway.url}/v1/attestations/${attestation}`);
    expect(kept.status).to.equal(200);
    expect(await kept.json()).to.deep.equal(shown);
    const unknown = await fetch(`${world.gateway.url}/v1/attestations/0x${"12".repeat(32)}`);
    expect(unknown.status).to.equal(404);
  });

  it("is looked over by the doctor", async () => {
    const { client, deployment, escrow, enclaveVerifier } = world.market;
    const record = { contracts: { Escrow: escrow, EnclaveVerifier: enclaveVerifier } };
    const chain = { id: deployment.chainId, deployment: "record.json", confirmations: 0 };
    const at = async (url: string, provider: Address = world.provider.address): Promise<Check> => {
      const config = { provider: { enclaves: [{ url }] }, chain };
      const [check] = await checkEnclaves(config as never, { client, record } as never, provider);
      return check as Check;
    };
    const found = await at(world.attested.sale.url);
    expect(found.state, found.says).to.equal("ok");
    expect(found.says)
      .to.match(/^SIMULATED nitro, 0x/)
      .and.to.include(world.attested.chat);
    const elsewhere = await at(world.attested.sale.url, world.market.account("stranger").address);
    expect(elsewhere.state).to.equal("failed");
    expect(elsewhere.says).to.include("does not serve this provider");
    expect((await at(world.gateway.url)).state).to.equal("failed");
    expect((await at("http://127.0.0.1:9")).says).to.include("does not answer");
  });

  it("sells nothing of a key that was revoked", async () => {
    const { enclaveVerifier, deployment } = world.market;
    const { key } = world.attested.enclave;
    const verifier = { chainId: deployment.chainId, verifier: enclaveVerifier.address };
    const signature = await Signature.sign(typedDataOfKeyRevocation(key, verifier), ATTESTER);
    await enclaveVerifier.write.revokeKey([key, [signature]]);
    await world.gateway.enclaves.refresh();
    const payer = await world.payer();
    await refused(await world.ask(payer, QUESTION), "not-attested");
    const { models } = (await (await fetch(`${world.gateway.url}/v1/enclaves`)).json()) as {
      models: { answersUntil: number | null; reason: string }[];
    };
    expect(models[0]?.answersUntil).to.equal(null);
    expect(models[0]?.reason).to.match(/revoked/);
  });

  it("writes no prompt, answer or salt into its log", () => {
    const text = format(
      "%j",
      world.logged.map(({ event, details }) => [event, inspect(details)]),
    );
    expect(text).not.to.match(/4711|assay-salt/);
  });
});

describe("a gateway with an enclave that nobody has enrolled", () => {
  let world: World;
  before(async () => {
    world = await startWorld({ isEnrolled: false });
  });
  after(() => world.stop());

  it("shows it, and sells nothing until it is published and enrolled", async () => {
    const ask = async (): Promise<string> =>
      codeIn(await world.send({ path: "/v1/chat/completions", body: { ...QUESTION, model: world.attested.chat } }));
    expect(await ask()).to.equal("not-attested");
    expect((await fetch(`${world.gateway.url}/v1/enclaves/${world.attested.chat}`)).status).to.equal(200);
    await world.attested.publish();
    await world.gateway.enclaves.refresh();
    expect(await ask()).to.equal("not-attested");
    await world.attested.enrol();
    await world.gateway.enclaves.refresh();
    expect(await ask()).to.equal("payment-required");
  });
});
