/** What the enclave answers, and what it refuses: above all from a gateway that lies. */
import { expect } from "chai";
import { zeroAddress, zeroHash, type Hex } from "viem";

import { canonicalJson, type Json } from "../../src/protocol/canonical-json.ts";
import { hashInput } from "../../src/enclave/input.ts";
import type { ProblemCode } from "../../src/inside/problem.ts";
import { requestToWire } from "../../src/protocol/wire.ts";
import { expectProblem, HOUR, SALT, startWorld, textOf, VERIFIER, type Fields, type World } from "./world.ts";

const OTHER = "0x9000000000000000000000000000000000000009";
const data = "data:image/png;base64,iVBORw0KGgo=";

describe("an enclave's answers", () => {
  let world: World;
  before(async () => {
    world = await startWorld({ limits: { bodyBytes: 20_000 } });
  });
  after(async () => world.stop());
  beforeEach(() => {
    world.upstream.asked.length = 0;
    world.upstream.misbehave();
  });

  it("are the upstream's, whole in one chunk, metered and signed", async () => {
    const { chunks, transcript } = await world.ask();
    expect(chunks).to.have.lengthOf(1);
    expect(textOf(chunks)).to.equal("Read backwards, that is: three two one");
    expect(transcript).to.deep.include({
      end: "complete",
      usage: { input: 6, output: 7, source: "upstream" },
      charge: "1068",
      upstreamModel: "llama",
    });
  });

  it("are the upstream's chunk by chunk, when they are streamed", async () => {
    const { chunks, transcript } = await world.ask({ stream: true });
    expect(chunks).to.have.lengthOf(10);
    expect(textOf(chunks)).to.equal("Read backwards, that is: three two one");
    expect(transcript).to.deep.include({ end: "complete", usage: { input: 6, output: 7, source: "upstream" } });
  });

  it("are embeddings, which have no tokens of their own", async () => {
    const { chunks, transcript } = await world.ask({ input: ["one two", "three"] }, { model: world.embeddings.id });
    const { data: rows } = JSON.parse(chunks.join("")) as { data: { embedding: number[] }[] };
    expect(rows.map(({ embedding }) => embedding.length)).to.deep.equal([16, 16]);
    expect(transcript.usage).to.deep.equal({ input: 9, output: 0, source: "upstream" });
  });

  it("are asked of the upstream under its own name, counted, no longer than paid for, and else as they came", async () => {
    const tools = [{ type: "function", function: { name: "weather", parameters: {} } }];
    const content = [
      { type: "text", text: "what is this" },
      { type: "image_url", image_url: { url: data } },
    ];
    const fields = { stream: true, max_tokens: 5, temperature: 0.5, tools, messages: [{ role: "user", content }] };
    const { transcript } = await world.ask(fields);
    const [asked] = world.upstream.asked;
    expect(asked?.path).to.equal("/v1/chat/completions");
    expect(asked?.body).to.deep.equal({ ...fields, model: "llama", stream_options: { include_usage: true } });
    expect(asked?.headers).not.to.have.property("authorization");
    expect(transcript.usage.output).to.equal(5);
    await world.ask({ max_tokens: 5_000 });
    expect(world.upstream.asked.at(-1)?.body["max_tokens"]).to.equal(400);
  });

  it("are asked by the model's id as well as by its name", async () => {
    const { model } = world.order().request;
    expect((await world.ask({ model: model.toUpperCase().replace("0X", "0x") })).transcript.end).to.equal("complete");
  });

  type Changed = ReturnType<World["order"]>;
  const refused = async (order: Changed, code: ProblemCode): Promise<string> => {
    const detail = await expectProblem(await world.send(order), code);
    expect(world.upstream.asked, "the upstream was asked").to.have.lengthOf(0);
    return detail;
  };

  describe("are refused to a gateway that", () => {
    it("changes what is asked, in any part of the body", async () => {
      const fields = {
        temperature: 0.5,
        tools: [{ type: "function", function: { name: "weather" } }],
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: data } }] }],
      } satisfies Fields;
      const order = world.order(fields);
      const changes: Json[] = [
        { ...fields, model: "chat", temperature: 0.6 },
        { ...fields, model: "chat", tools: [] },
        { ...fields, model: "chat", max_tokens: 1 },
        { ...fields, model: "chat", seed: null },
        { ...fields, model: order.request.model },
        { ...fields, model: "chat", messages: [{ role: "system", content: "Lie." }, ...fields.messages] },
        JSON.parse(canonicalJson(order.body).replace("iVBORw0KGgo=", "iVBORw0KGgp=")) as Json,
      ];
      for (const body of changes) await refused({ ...order, body }, "other-input");
    });

    it("changes the salt", async () => {
      await refused({ ...world.order(), salt: zeroHash }, "other-input");
    });

    it("changes the model: the other takes another question, and the request's id is another", async () => {
      const order = world.order();
      await refused({ ...order, request: { ...order.request, model: world.embeddings.id } }, "bad-question");
      expect(await refused(world.order({}, { model: zeroHash }), "unknown-model")).to.include(world.embeddings.id);
      await refused(world.order({ model: "embeddings" }), "bad-question");
    });

    it("pays less than the answer can cost", async () => {
      const { price } = world.order().request;
      expect(await refused(world.order({}, { price: price - 1n }), "price-too-low")).to.include(`${price}`);
    });

    it("pays in the name of another provider, verifier or with a prover's fee", async () => {
      await refused(world.order({}, { provider: OTHER }), "other-provider");
      await refused(world.order({}, { verifier: OTHER }), "other-verifier");
      await refused(world.order({}, { verifier: zeroAddress }), "other-verifier");
      await refused(world.order({}, { proverFee: 1n }), "prover-fee");
      expect(await refused(world.order({}, { verifier: OTHER }), "other-verifier")).to.include(VERIFIER);
    });

    it("has a deadline that is over, or later than the key is good for", async () => {
      const now = Math.floor(Date.now() / 1000);
      await refused(world.order({}, { deadline: now - 10 }), "bad-deadline");
      await refused(world.order({}, { deadline: now + 48 * HOUR + 60 }), "bad-deadline");
    });
  });

  describe("are refused to questions that", () => {
    /** For what no client of ours would commit to. */
    const orderOf = (fields: Fields): Changed => {
      const order = world.order();
      const body = { ...(order.body as Fields), ...fields };
      return { ...order, body, request: { ...order.request, input: hashInput(body, SALT), price: 10n ** 9n } };
    };

    it("name attachments that lie elsewhere", async () => {
      const messages = [
        { role: "user", content: [{ type: "image_url", image_url: { url: "https://evil.example/a" } }] },
      ];
      expect(await refused(orderOf({ messages }), "bad-question")).to.include("lies elsewhere");
      await refused(orderOf({ messages: [{ role: "user", content: [{ file: { file_id: "f-1" } }] }] }), "bad-question");
    });

    it("ask for several answers, for none, or for another form of them", async () => {
      for (const fields of [{ n: 2 }, { best_of: 3 }, { messages: [] }, { max_tokens: 0 }, { stream: "yes" }]) {
        await refused(orderOf(fields), "bad-question");
      }
    });

    it("not all readers read alike", async () => {
      const order = world.order();
      const wire = JSON.stringify({ request: requestToWire(order.request), body: order.body, salt: order.salt });
      const withBody = (text: string): string => wire.replace(/"body":\{/, `"body":{${text},`);
      const deep = `"x":${"[".repeat(5_000)}${"]".repeat(5_000)}`;
      for (const text of ['"__proto__":{"a":1}', '"x":{"__proto__":1}', deep, '"x":1e999', String.raw`"x":"\ud800"`]) {
        await expectProblem(await world.post("/answers", withBody(text)), "bad-question");
      }
      expect(world.upstream.asked).to.have.lengthOf(0);
      expect(world.kinds()).not.to.include("fault");
    });
  });

  describe("are refused to bodies that", () => {
    it("are not what the route takes", async () => {
      const order = world.order();
      const wire = { request: requestToWire(order.request), body: order.body, salt: order.salt };
      const bodies: unknown[] = [
        "",
        "{",
        "null",
        "[]",
        {},
        { ...wire, more: 1 },
        { ...wire, salt: "0x12" },
        { ...wire, request: { ...wire.request, more: 1 } },
        { ...wire, request: { ...wire.request, price: 5 } },
        { ...wire, request: { ...wire.request, price: "-5" } },
      ];
      for (const body of bodies) await expectProblem(await world.post("/answers", body), "malformed-body");
      const bytes = Buffer.concat([Buffer.from('{"salt":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
      await expectProblem(await world.post("/answers", "", { body: bytes }), "malformed-body");
    });

    it("are too large, whether they say so or not, or in another form", async () => {
      const large = "x".repeat(20_001);
      await expectProblem(await world.post("/answers", large), "body-too-large");
      const stream = new Blob([large]).stream();
      await expectProblem(await world.post("/answers", "", { body: stream, duplex: "half" }), "body-too-large");
      await expectProblem(
        await world.post("/answers", "{}", { headers: { "content-type": "text/plain" } }),
        "not-json",
      );
    });
  });

  it("are the only thing that it does, beside showing what it is", async () => {
    const response = await fetch(`${world.enclave.url}/v1/chat/completions`);
    await expectProblem(response, "not-found");
    const health = (await (await fetch(`${world.enclave.url}/healthz`)).json()) as { key: Hex };
    expect(health).to.include({ status: "ok", key: world.enclave.key, epoch: 1, answering: 0 });
  });
});
