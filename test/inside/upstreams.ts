/** Upstreams that fail, lie or never end: the agent pays for what came, and never more than the question could cost. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";

import { canonicalJson } from "../../src/protocol/canonical-json.ts";
import { BadApiKeyError, BadUpstreamError, SharedApiKeyError } from "../../src/inside/upstream-key.ts";
import type { Misconduct } from "../../scripts/local/upstream-misconduct.ts";
import { errorOf } from "../helpers/errors.ts";
import { times } from "../helpers/random.ts";
import { expectProblem, startWorld, textOf, type Fields, type World } from "./world.ts";

const encoder = new TextEncoder();
const STREAMED = { stream: true } as const;

function eventOf(content: object): string {
  return `data: ${JSON.stringify(content)}\n\n`;
}

function wordOf(content: string): string {
  return eventOf({ choices: [{ index: 0, delta: { content } }] });
}

const END = eventOf({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
const DONE = "data: [DONE]\n\n";

function countOf(prompt: unknown, completion: unknown): string {
  return eventOf({ choices: [], usage: { prompt_tokens: prompt, completion_tokens: completion } });
}

describe("an enclave's upstream that", () => {
  let world: World;
  before(async () => {
    world = await startWorld({ limits: { silenceMs: 300, answerMs: 3_000, chunkBytes: 5_000, answerBytes: 50_000 } });
  });
  after(async () => {
    world.upstream.release();
    await world.stop();
  });
  beforeEach(() => {
    world.events.length = 0;
  });

  const asks = async (misconduct: Misconduct, fields: Fields = STREAMED) => {
    world.upstream.misbehave(misconduct);
    return world.ask(fields);
  };
  const writes = async (...parts: (string | Uint8Array)[]) => asks({ kind: "writes", parts });
  const refused = async (misconduct: Misconduct, code: Parameters<typeof expectProblem>[1], fields: Fields = {}) => {
    world.upstream.misbehave(misconduct);
    const order = world.order(fields);
    const detail = await expectProblem(await world.send(order), code);
    await expectProblem(await world.post(`/answers/${order.id}/end`, { delivered: 1 }), "unknown-answer");
    return detail;
  };

  describe("refuses", () => {
    it("is quoted on the question, and on nothing else", async () => {
      const fails = (status: number): Misconduct => ({ kind: "fails", status, message: "Key sk-1 may not." });
      for (const status of [400, 413, 422]) {
        expect(await refused(fails(status), "upstream-refused")).to.include("sk-1");
      }
      expect(await refused(fails(429), "upstream-busy")).not.to.include("sk-1");
      for (const status of [401, 403, 404, 500, 503]) {
        expect(await refused(fails(status), "upstream-failed", STREAMED)).not.to.include("sk-1");
      }
    });

    it("is not followed to other hosts, which see neither prompt nor key", async () => {
      let visits = 0;
      const other = createServer((_, response) => {
        visits += 1;
        response.end("{}");
      }).listen(0, "127.0.0.1");
      await once(other, "listening");
      const to = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
      for (const fields of [{}, STREAMED]) await refused({ kind: "redirects", to }, "upstream-failed", fields);
      other.close();
      expect(visits).to.equal(0);
    });
  });

  describe("answers something else", () => {
    it("gives no answer", async () => {
      const wholes = ["", "{", "null", "[]", "{}", '{"choices":[]}', '{"error":{"message":"no"}}', "<html>"];
      for (const text of wholes) {
        await refused({ kind: "writes", parts: [text], type: "application/json" }, "upstream-failed");
      }
      const bytes = Uint8Array.from([0x22, 0xc3, 0x28, 0x22]);
      await refused({ kind: "writes", parts: [bytes], type: "application/json" }, "upstream-failed");
      const streams = [
        "",
        DONE,
        "data: {\n\n",
        "data: null\n\n",
        eventOf({ error: { message: "no" } }),
        "{}",
        ": only\n\n",
      ];
      for (const text of streams) await refused({ kind: "writes", parts: [text] }, "upstream-failed", STREAMED);
    });

    it("gives no answer in another type", async () => {
      await refused({ kind: "writes", parts: [wordOf("a")], type: "application/json" }, "upstream-failed", STREAMED);
      for (const type of ["text/html", "text/event-stream", "application/jsonp"]) {
        await refused({ kind: "writes", parts: ['{"choices":[{}]}'], type }, "upstream-failed");
      }
    });

    it("in the middle is cut there", async () => {
      const odds = [
        "data: {\n\n",
        "data: 5\n\n",
        eventOf({ error: { message: "no" } }),
        Uint8Array.from([0xc3, 0x28, 0x0a, 0x0a]),
      ];
      for (const odd of odds) {
        const { chunks, transcript } = await writes(wordOf("a"), wordOf("b"), odd, wordOf("c"), DONE);
        expect(textOf(chunks)).to.equal("ab");
        expect(transcript).to.deep.include({ end: "cut", usage: { input: 22, output: 2, source: "delivered" } });
      }
      expect(world.kinds().filter((kind) => kind === "broken")).to.have.lengthOf(odds.length);
    });
  });

  describe("breaks off", () => {
    it("is charged for what was delivered", async () => {
      for (const after of [1, 5, 9]) {
        const { chunks, transcript } = await asks({ kind: "breaks-off", after });
        expect(chunks).to.have.lengthOf(after);
        expect(transcript.end).to.equal("cut");
        expect(transcript.usage).to.deep.equal({ input: 22, output: Math.min(after - 1, 7), source: "delivered" });
      }
    });

    it("before its first word is charged for nothing", async () => {
      await refused({ kind: "breaks-off", after: 0 }, "upstream-failed", STREAMED);
      const part = JSON.stringify({ choices: [{ message: { content: "half" } }] }).slice(0, 20);
      await refused({ kind: "writes", parts: [part], type: "application/json", isBrokenOff: true }, "upstream-failed");
    });

    it("is complete only when it has said so", async () => {
      expect((await writes(wordOf("a"), END, DONE)).transcript.end).to.equal("complete");
      expect((await writes(wordOf("a"), DONE)).transcript.end).to.equal("complete");
      expect((await writes(wordOf("a"), END)).transcript.end).to.equal("complete");
      expect((await writes(wordOf("a"))).transcript.end).to.equal("cut");
      const broken = await asks({ kind: "writes", parts: [wordOf("a"), END], isBrokenOff: true });
      expect(broken.transcript.end).to.equal("cut");
    });

    it("says nothing more after its end", async () => {
      const { chunks } = await writes(wordOf("a"), END, DONE, wordOf("more"));
      expect(chunks).to.have.lengthOf(2);
    });
  });

  describe("is slow", () => {
    it("is given up when it says nothing", async () => {
      expect(await refused({ kind: "silent" }, "upstream-failed", STREAMED)).to.include("says nothing");
      expect(await refused({ kind: "silent" }, "upstream-failed")).to.include("says nothing");
    });

    it("is cut when it stalls in the middle", async () => {
      const { chunks, transcript } = await asks({ kind: "stalls", after: 4 });
      expect(chunks).to.have.lengthOf(4);
      expect(transcript.end).to.equal("cut");
    });

    it("is given up when it never comes to its end", async () => {
      const drips = times(20_000, () => ": still here\n\n");
      world.upstream.misbehave({ kind: "writes", parts: drips });
      await expectProblem(await world.send(world.order(STREAMED)), "upstream-failed");
    });
  });

  describe("says too much", () => {
    it("is cut at a chunk that is too large", async () => {
      const { chunks, transcript } = await writes(wordOf("a"), wordOf("x".repeat(5_000)), DONE);
      expect(chunks).to.have.lengthOf(1);
      expect(transcript.end).to.equal("cut");
    });

    it("is cut at an answer that is too large", async () => {
      const { chunks, transcript } = await writes(...times(20, () => wordOf("x".repeat(4_000))), DONE);
      expect(chunks).to.have.lengthOf(12);
      expect(transcript.end).to.equal("cut");
      const whole = JSON.stringify({ choices: [{ message: { content: "x".repeat(50_000) } }] });
      await refused({ kind: "writes", parts: [whole], type: "application/json" }, "upstream-failed");
    });

    it("is cut where it goes on and on, and charged no more tokens than were asked for", async () => {
      world.upstream.misbehave({ kind: "writes", parts: [...times(200, (index) => wordOf(`${index}`)), DONE] });
      const { chunks, transcript } = await world.ask({ ...STREAMED, max_tokens: 20 });
      expect(chunks).to.have.lengthOf(84);
      expect(transcript).to.deep.include({ end: "cut", usage: { input: 26, output: 20, source: "delivered" } });
    });
  });

  describe("counts", () => {
    it("not at all is counted by what it delivered", async () => {
      const streamed = await asks({ kind: "uncounted" });
      expect(streamed.transcript).to.deep.include({
        end: "complete",
        usage: { input: 22, output: 7, source: "delivered" },
      });
      const { chunks, order, transcript } = await asks({ kind: "uncounted" }, {});
      expect(transcript.usage).to.deep.equal({
        input: Math.ceil(canonicalJson(order.body).length / 4),
        output: Math.ceil((chunks[0]?.length ?? 0) / 4),
        source: "delivered",
      });
    });

    it("what cannot be is not believed", async () => {
      const lies: [unknown, unknown][] = [
        [-1, 5],
        [5, -1],
        [1.5, 1],
        [1, 1.5],
        ["3", 3],
        [2 ** 60, 1],
        [1, 1e300],
        [1, null],
        // More than was asked for.
        [1, 401],
      ];
      for (const [prompt, completion] of lies) {
        const usage = { prompt_tokens: prompt, completion_tokens: completion };
        const { transcript } = await asks({ kind: "counts", usage });
        expect(transcript.usage, JSON.stringify(usage)).to.deep.equal({ input: 22, output: 7, source: "delivered" });
        expect((await asks({ kind: "counts", usage }, {})).transcript.usage.source).to.equal("delivered");
      }
      for (const usage of [null, [], "many", 7]) {
        expect((await asks({ kind: "counts", usage }, {})).transcript.usage.source).to.equal("delivered");
      }
    });

    it("what can be is believed, up to all that was paid for", async () => {
      const bytes = canonicalJson(world.order(STREAMED).body).length;
      const most = { prompt_tokens: 1_024 + bytes, completion_tokens: 400 };
      const { order, transcript } = await asks({ kind: "counts", usage: most });
      expect(transcript.usage).to.deep.equal({ input: 1_024 + bytes, output: 400, source: "upstream" });
      expect(BigInt(transcript.charge)).to.equal(order.request.price);
      const more = await asks({
        kind: "counts",
        usage: { prompt_tokens: Number.MAX_SAFE_INTEGER, completion_tokens: 1 },
      });
      expect(BigInt(more.transcript.charge)).to.equal(more.order.request.price);
      const none = { prompt_tokens: 0, completion_tokens: 0 };
      expect((await asks({ kind: "counts", usage: none })).transcript.charge).to.equal("1000");
    });

    it("as it goes is counted by its last count before the cut", async () => {
      world.upstream.misbehave({
        kind: "writes",
        parts: [wordOf("a"), countOf(5, 1), wordOf("b"), countOf(5, 2), countOf(5, -7), DONE],
      });
      const usages = [];
      for (const delivered of [1, 2, 3, 4, 5]) {
        const order = world.order(STREAMED);
        const { chunks } = await world.answer(order);
        const { usage } = await world.signedFor(order, chunks.slice(0, delivered));
        usages.push([usage.input, usage.output, usage.source]);
      }
      expect(usages).to.deep.equal([
        [22, 1, "delivered"],
        [5, 1, "upstream"],
        [5, 1, "upstream"],
        [5, 2, "upstream"],
        [5, 2, "upstream"],
      ]);
    });
  });

  describe("has another name", () => {
    it("is called by it, as far as that can be written down", async () => {
      const names: [unknown, string][] = [
        ["llama-3.3-70b", "llama-3.3-70b"],
        [5, ""],
        [null, ""],
        ["n".repeat(300), "n".repeat(200)],
        [`${"n".repeat(199)}😀`, `${"n".repeat(199)}\uFFFD`],
        ["\uD800", "\uFFFD"],
      ];
      for (const [model, expected] of names) {
        expect((await asks({ kind: "named", model })).transcript.upstreamModel).to.equal(expected);
        expect((await asks({ kind: "named", model }, {})).transcript.upstreamModel).to.equal(expected);
      }
    });
  });

  describe("writes oddly", () => {
    it("is read alike, wherever its writes end", async () => {
      const text = `\uFEFF: hello\r\n\r\nevent: x\r\n${wordOf("ä€😀").replaceAll("\n", "\r\n")}data: {"choices":\rdata: [{"delta":{"content":"b"}}]}\r\r${END}${DONE}`;
      const bytes = encoder.encode(text);
      for (const size of [1, 3, 7, bytes.length]) {
        const parts = times(Math.ceil(bytes.length / size), (index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        const { chunks, transcript } = await writes(...parts);
        expect(chunks[1]).to.equal('{"choices":\n[{"delta":{"content":"b"}}]}');
        expect(textOf(chunks)).to.equal("ä€😀b");
        expect(transcript).to.deep.include({ end: "complete", usage: { input: 22, output: 2, source: "delivered" } });
      }
    });

    it("may think, call tools and say nothing: what has no content is no token", async () => {
      const deltas = [
        { role: "assistant", content: "" },
        { content: null },
        { tool_calls: [] },
        { reasoning_content: "hm" },
        { tool_calls: [{ index: 0, function: { arguments: "{" } }] },
      ];
      const { transcript } = await writes(...deltas.map((delta) => eventOf({ choices: [{ delta }] })), END, DONE);
      expect(transcript.usage.output).to.equal(2);
    });
  });
});

describe("an enclave's key to its upstream", () => {
  it("goes to the upstream, and into nothing that it says", async () => {
    const apiKey = "sk-very-secret";
    const world = await startWorld({ apiKey });
    try {
      const { chunks, transcript } = await world.ask(STREAMED);
      expect(world.upstream.asked[0]?.headers.authorization).to.equal(`Bearer ${apiKey}`);
      world.upstream.misbehave({ kind: "fails", status: 401, message: apiKey });
      await expectProblem(await world.send(world.order()), "upstream-failed");
      expect(JSON.stringify([chunks, transcript, world.events])).not.to.include(apiKey);
      expect(JSON.stringify(world.events)).not.to.include("two").and.not.to.include("backwards");
    } finally {
      await world.stop();
    }
  });

  it("is no header of another kind, and no other upstream's", async () => {
    for (const apiKey of ["a\r\nx-evil: 1", "a b", "", "ä"]) {
      expect(await errorOf(startWorld({ apiKey }))).to.be.instanceOf(BadApiKeyError);
    }
    const elsewhere = "http://127.0.0.1:9";
    const change: NonNullable<Parameters<typeof startWorld>[0]>["change"] = (manifest) =>
      manifest.kind === "chat" ? manifest : { ...manifest, upstream: { url: elsewhere, model: "m" } };
    expect(await errorOf(startWorld({ apiKey: "sk", change }))).to.be.instanceOf(SharedApiKeyError);
  });

  it("is asked for at an address that has no secret, and nothing beside a path", async () => {
    for (const url of ["http://a:b@127.0.0.1", "ftp://127.0.0.1", "http://127.0.0.1/?key=1", "http://127.0.0.1/#a"]) {
      const failed = errorOf(startWorld({ change: (manifest) => ({ ...manifest, upstream: { url, model: "m" } }) }));
      expect(await failed).to.be.instanceOf(BadUpstreamError);
    }
  });

  it("is of no use where nobody answers", async () => {
    const upstream = { url: "http://127.0.0.1:9/", model: "m" };
    const world = await startWorld({ change: (manifest) => ({ ...manifest, upstream }) });
    await expectProblem(await world.send(world.order()), "upstream-failed");
    await world.stop();
  });
});
