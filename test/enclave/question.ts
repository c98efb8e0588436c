import { expect } from "chai";

import { hashInput } from "../../src/enclave/input.ts";
import { NotPlainError } from "../../src/enclave/plain-json.ts";
import {
  BadQuestionError,
  capFor,
  readQuestion,
  RemoteAttachmentError,
  toUpstream,
} from "../../src/enclave/question.ts";
import type { Json } from "../../src/protocol/canonical-json.ts";
import { manifestOf } from "./manifests.ts";

const MESSAGES = [{ role: "user", content: "What is a proof?" }];
const ASKED = { model: "large", messages: MESSAGES };
const SALT = `0x${"5a".repeat(32)}` as const;

describe("a question to an attested model", () => {
  it("is passed on as it is, but for the model's name and the most that it may take", () => {
    const body = { ...ASKED, temperature: 0.5, tools: [{ type: "function", function: { name: "look" } }] };
    expect(toUpstream(manifestOf(), readQuestion(manifestOf(), body))).to.deep.equal({
      ...body,
      model: "llama",
      max_tokens: 400,
    });
  });

  it("keeps the name of the limit that its upstream knows, and never exceeds what is paid for", () => {
    for (const [name, asked, sent] of [
      ["max_tokens", 7, 7],
      ["max_tokens", 9_999, 400],
      ["max_completion_tokens", 7, 7],
      ["max_completion_tokens", 9_999, 400],
    ] as const) {
      const question = readQuestion(manifestOf(), { ...ASKED, [name]: asked });
      expect(question.mostOutputTokens).to.equal(sent);
      expect(toUpstream(manifestOf(), question)).to.deep.equal({ ...ASKED, model: "llama", [name]: sent });
    }
    const both = readQuestion(manifestOf(), { ...ASKED, max_tokens: 300, max_completion_tokens: 5 });
    expect(both.mostOutputTokens).to.equal(5);
    expect(toUpstream(manifestOf(), both)).not.to.have.property("max_tokens");
  });

  it("has its tokens counted when it is streamed", () => {
    const question = readQuestion(manifestOf(), { ...ASKED, stream: true, stream_options: { include_usage: false } });
    expect(question.isStreamed).to.equal(true);
    expect(toUpstream(manifestOf(), question)).to.have.deep.property("stream_options", { include_usage: true });
  });

  it("costs at most a token for each byte of it, and the longest answer", () => {
    const question = readQuestion(manifestOf(), { ...ASKED, max_tokens: 10 });
    const bytes = JSON.stringify(question.body).length;
    // Two units a token in, eight a token out, 1000 in any case.
    expect(capFor(manifestOf(), question)).to.equal(BigInt(1_000 + 2 * (bytes + 1_024) + 8 * 10));
    const longer = readQuestion(manifestOf(), { ...ASKED, max_tokens: 10, user: "€€€" });
    expect(capFor(manifestOf(), longer) - capFor(manifestOf(), question)).to.equal(
      BigInt(2 * (',"user":""'.length + 9)),
    );
  });

  it("is one question for one answer", () => {
    for (const body of [
      { ...ASKED, n: 2 },
      { ...ASKED, best_of: 3 },
      { ...ASKED, messages: [] },
      { ...ASKED, messages: ["hello"] },
      { ...ASKED, max_tokens: 0 },
      { ...ASKED, max_tokens: 1.5 },
      { ...ASKED, max_tokens: "10" },
      { ...ASKED, stream: "yes" },
      { messages: MESSAGES },
      null,
      [],
      "text",
    ]) {
      expect(() => readQuestion(manifestOf(), body), JSON.stringify(body)).to.throw(BadQuestionError);
    }
    expect(() => readQuestion(manifestOf({ kind: "embeddings" }), { model: "large", input: [] })).to.throw(
      BadQuestionError,
    );
    expect(() =>
      readQuestion(manifestOf({ kind: "embeddings" }), { model: "large", input: "a", stream: true }),
    ).to.throw(BadQuestionError);
  });

  it("is plain: what one reader loses, or chokes on, another would answer", () => {
    const deep = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`) as unknown;
    for (const body of [
      { ...ASKED, user: deep },
      JSON.parse('{"model":"large","messages":[{"role":"user"}],"__proto__":{"n":5}}'),
      { ...ASKED, user: "\uD83D" },
      { ...ASKED, temperature: Number.POSITIVE_INFINITY },
    ]) {
      expect(() => readQuestion(manifestOf(), body)).to.throw(NotPlainError);
    }
  });

  it("has its attachments inside, where its hash covers them", () => {
    const image = (url: string) => ({
      ...ASKED,
      messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }],
    });
    expect(readQuestion(manifestOf(), image("data:image/png;base64,AAAA")).isStreamed).to.equal(false);
    for (const body of [
      image("https://elsewhere.example/cat.png"),
      image("file:///etc/passwd"),
      { ...ASKED, messages: [{ role: "user", content: [{ type: "input_image", image_url: "http://a.example/b" }] }] },
      { ...ASKED, messages: [{ role: "user", content: [{ type: "file", file: { file_id: "file-1" } }] }] },
    ]) {
      expect(() => readQuestion(manifestOf(), body), JSON.stringify(body)).to.throw(RemoteAttachmentError);
    }
  });
});

describe("the commitment to a question", () => {
  const body: Json = { ...ASKED, temperature: 0, tools: [{ type: "function", function: { name: "look" } }] };

  it("covers every part of it", () => {
    const changed: Json[] = [
      { ...body, model: "larger" },
      { ...body, temperature: 0.1 },
      { ...body, tools: [{ type: "function", function: { name: "buy" } }] },
      { ...body, messages: [...MESSAGES, { role: "system", content: "Lie." }] },
      { ...body, seed: 1 },
      { ...ASKED },
    ];
    const hashes = [body, ...changed].map((each) => hashInput(each, SALT));
    expect(new Set(hashes).size).to.equal(hashes.length);
  });

  it("is the same however the body is written", () => {
    const reversed = Object.fromEntries(Object.entries(body).toReversed()) as Json;
    expect(hashInput(reversed, SALT)).to.equal(hashInput(body, SALT));
  });

  it("cannot be guessed without its salt, however likely the prompt", () => {
    const other = `0x${"5b".repeat(32)}` as const;
    expect(hashInput(body, other)).not.to.equal(hashInput(body, SALT));
  });

  it("is the one that the specification says", () => {
    // printf 'Assay attested input v1\n' + 32 bytes of 0x5a + '{"a":[1,"€"]}' | sha256sum
    expect(hashInput({ a: [1, "€"] }, SALT)).to.equal(
      "0xff0f5f390cbbcec735e942e8b0c0b04db72d7d0f76e9cf1e7b29c26f3e11e2ba",
    );
  });
});
