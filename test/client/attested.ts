import { expect } from "chai";
import { isAddressEqual } from "viem";

import { checkReceipt } from "../../src/client/answer.ts";
import { RefusedError } from "../../src/client/gateway.ts";
import { UnfinishedError } from "../../src/client/attested/unfinished.ts";
import { ClosedError } from "../../src/client/settlements.ts";
import { chargeFor, hashTranscript } from "../../src/enclave/transcript.ts";
import { hashInput } from "../../src/enclave/input.ts";
import { errorOf } from "../helpers/errors.ts";
import { ANSWER, QUESTION, SECRET, startAttestedWorld, type AttestedWorld } from "./attested-world.ts";
import { evidenceIn } from "./world.ts";

describe("an agent and an attested model", () => {
  let world: AttestedWorld;

  before(async () => {
    world = await startAttestedWorld();
  });
  after(async () => {
    await world.stop();
  });

  /** What a streamed answer says. */
  const wordsIn = (chunks: readonly object[]): string =>
    chunks
      .map((chunk) => (chunk as { choices: { delta?: { content?: string } }[] }).choices[0]?.delta?.content ?? "")
      .join("");

  it("lists what is for sale", async () => {
    const connection = await world.connect();
    const listed = await connection.enclaves();
    expect(listed.map(({ id, kind, simulated }) => ({ id, kind, simulated }))).to.deep.equal([
      { id: world.attested.chat, kind: "chat", simulated: true },
      { id: world.attested.embeddings, kind: "embeddings", simulated: true },
    ]);
  });

  it("chat, in one round trip, and know who answered what for how much", async () => {
    const connection = await world.connect();
    const { measurement, attested } = world;
    const { chat, enclave, policy } = attested;
    const answer = await connection.chat(chat, { ...QUESTION, temperature: 0.5 });
    const { choices } = answer.response as { choices: { message: { content: string } }[] };
    expect(choices[0]?.message.content).to.equal(ANSWER);
    expect(answer.enclave.measurement).to.equal(measurement);
    expect(isAddressEqual(answer.enclave.statement.key, enclave.key)).to.equal(true);
    expect(answer.isSimulated).to.equal(true);
    expect(answer.receipt.output).to.equal(hashTranscript(answer.transcript));
    const body = { ...QUESTION, temperature: 0.5, model: chat };
    expect(answer.request.input).to.equal(hashInput(body, answer.salt));
    expect(answer.request.proverFee).to.equal(0n);
    const [manifest] = policy.models;
    expect(answer.receipt.charge).to.equal(manifest && chargeFor(manifest.price, answer.transcript.usage));
    expect(answer.receipt.charge < answer.request.price).to.equal(true);
    expect(answer.transcript.end).to.equal("complete");
    await checkReceipt(await evidenceIn(connection, answer.id), world.deployment);
  });

  it("stream, chunk by chunk, verified at the end", async () => {
    const connection = await world.connect();
    const stream = await connection.chatStream(world.attested.chat, QUESTION);
    const chunks: object[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(wordsIn(chunks)).to.equal(ANSWER);
    const answer = await stream.answer;
    expect(answer.response).to.deep.equal(chunks);
    expect(answer.transcript).to.deep.include({ request: stream.order.id, end: "complete" });
    expect(answer.transcript.response.chunks).to.equal(chunks.length);
    expect(answer.receipt.charge).to.equal(BigInt(answer.transcript.charge));
  });

  it("embed", async () => {
    const connection = await world.connect();
    const answer = await connection.embed(world.attested.embeddings, { input: ["one", "two"] });
    expect((answer.response as { data: unknown[] }).data).to.have.lengthOf(2);
    expect(answer.transcript.usage.output).to.equal(0);
  });

  it("meet by a name that the agent gave", async () => {
    const trust = { enclaves: world.enclaves, models: { mine: world.attested.chat } };
    const connection = await world.connect({ trust });
    const answer = await connection.chat("mine", QUESTION);
    expect(answer.request.model).to.equal(world.attested.chat);
  });

  it("are asked by the model's id, whatever the body says, and as a whole where chat is called", async () => {
    const connection = await world.connect();
    const answer = await connection.chat(world.attested.chat, { ...QUESTION, model: "gpt", stream: true });
    expect(answer.response["object"]).to.equal("chat.completion");
  });

  it("leave out of a body what JSON leaves out", async () => {
    const connection = await world.connect();
    const answer = await connection.chat(world.attested.chat, { ...QUESTION, tools: undefined });
    expect(answer.request.input).to.equal(hashInput({ ...QUESTION, model: world.attested.chat }, answer.salt));
  });

  it("use a salt that the agent chose, and another one each time otherwise", async () => {
    const connection = await world.connect();
    const salt = `0x${"AB".repeat(32)}` as const;
    expect((await connection.chat(world.attested.chat, QUESTION, { salt })).salt).to.equal(salt.toLowerCase());
    const [one, two] = [
      await connection.chat(world.attested.chat, QUESTION),
      await connection.chat(world.attested.chat, QUESTION),
    ];
    expect(one.request.input).not.to.equal(two.request.input);
    const error = await errorOf(connection.chat(world.attested.chat, QUESTION, { salt: "0x12" }));
    expect(error).to.have.property("name", "BadSaltError");
  });

  it("sign for the most that it can cost, and the agent's limit is on that", async () => {
    const connection = await world.connect({ limits: { price: 5_000n } });
    const upstream = world.attested.upstream.asked.length;
    const error = await errorOf(connection.chat(world.attested.chat, QUESTION));
    expect(error).to.have.property("name", "OverLimitError");
    const cheap = await connection.chat(world.attested.chat, { ...QUESTION, max_tokens: 10 });
    expect(cheap.request.price <= 5_000n).to.equal(true);
    expect(cheap.transcript.usage.output).to.be.at.most(10);
    expect(world.attested.upstream.asked.length).to.equal(upstream + 1);
  });

  it("need no chain for a second question within a minute", async () => {
    let calls = 0;
    const client = new Proxy(world.client, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (name !== "getCode" && name !== "readContract" && name !== "getBlock") return value;
        return async (...args: unknown[]): Promise<unknown> => {
          const [{ includeTransactions } = {}] = args as { includeTransactions?: boolean }[];
          // The chain's clock, which every signature needs, is looked at every few seconds.
          if (includeTransactions !== false) calls += 1;
          return (value as (...given: unknown[]) => Promise<unknown>).apply(target, args);
        };
      },
    });
    const connection = await world.connect({ client });
    await connection.chat(world.attested.chat, QUESTION);
    const before = calls;
    expect(before).to.be.greaterThan(0);
    await connection.chat(world.attested.chat, QUESTION);
    await (await connection.chatStream(world.attested.chat, QUESTION))[Symbol.asyncIterator]().next();
    expect(calls).to.equal(before);
  });

  it("are not brought together for what the model does not do", async () => {
    const connection = await world.connect();
    const { chat, embeddings, upstream } = world.attested;
    const before = upstream.asked.length;
    expect(await errorOf(connection.embed(chat, { input: SECRET }))).to.have.property("name", "OtherKindError");
    expect(await errorOf(connection.chat(embeddings, QUESTION))).to.have.property("name", "OtherKindError");
    expect(await errorOf(connection.chat(chat, { ...QUESTION, n: 2 }))).to.have.property("name", "BadQuestionError");
    const picture = { role: "user", content: [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }] };
    expect(await errorOf(connection.chat(chat, { messages: [picture] }))).to.have.property(
      "name",
      "RemoteAttachmentError",
    );
    expect(await errorOf(connection.chat(chat, { messages: [{ role: "user", content: "\uD800" }] }))).to.have.property(
      "name",
      "NotPlainError",
    );
    expect(await errorOf(connection.chat("nothing", QUESTION))).to.have.property("name", "UnknownModelError");
    expect(upstream.asked.length).to.equal(before);
  });

  it("part where the gateway refuses, and the nonce is used again", async () => {
    const connection = await world.connect({ limits: { price: 1_000_000n, topUp: { amount: 0n } } });
    const first = await connection.chat(world.attested.chat, QUESTION);
    const long = { messages: [{ role: "user", content: "word ".repeat(60_000) }] };
    const error = await errorOf(connection.chat(world.attested.chat, long));
    expect(error).to.be.instanceOf(RefusedError).with.property("code", "body-too-large");
    const next = await connection.chat(world.attested.chat, QUESTION);
    expect(next.request.nonce).to.equal(first.request.nonce + 1n);
  });

  it("go on after a stream that the reader left: the rest is neither sent nor charged", async () => {
    const { upstream, chat } = world.attested;
    const connection = await world.connect({ pause: 50 });
    upstream.misbehave({ kind: "stalls", after: 6 });
    const stream = await connection.chatStream(chat, QUESTION);
    const read: object[] = [];
    for await (const chunk of stream) {
      read.push(chunk);
      if (read.length === 4) break;
    }
    upstream.misbehave();
    const error = await errorOf(stream.answer);
    expect(error).to.be.instanceOf(UnfinishedError);
    const { order } = error as UnfinishedError;
    const again = await connection.resume(order);
    upstream.release();
    expect(again.transcript).to.deep.include({ request: order.id, end: "cut" });
    const response = again.response as readonly object[];
    expect(response.slice(0, 4)).to.deep.equal(read);
    expect(response).to.have.lengthOf.at.most(6);
    // Another time it is the same answer, at the same cost.
    expect((await connection.resume(order)).receipt).to.deep.equal(again.receipt);
  });

  it("get an answer again that was lost on its way, and it is charged once", async () => {
    const broken = await world.proxy({ body: (text) => text.slice(0, -5) });
    const connection = await world.connect({}, broken.url);
    const error = await errorOf(connection.chat(world.attested.chat, QUESTION));
    expect(error).to.be.instanceOf(UnfinishedError);
    const { order } = error as UnfinishedError;
    const { available } = await connection.tab();
    const asked = world.attested.upstream.asked.length;
    const answer = await (await world.connect()).resume(order);
    expect(answer.id).to.equal(order.id);
    expect((await connection.tab()).available).to.equal(available);
    expect(world.attested.upstream.asked.length).to.equal(asked);
  });

  it("get a stream again that broke off", async () => {
    const broken = await world.proxy({ stream: (text) => text.slice(0, text.indexOf(": assay")) });
    const connection = await world.connect({}, broken.url);
    const stream = await connection.chatStream(world.attested.chat, QUESTION);
    const chunks: object[] = [];
    const error = await errorOf(
      (async () => {
        for await (const chunk of stream) chunks.push(chunk);
      })(),
    );
    expect(error).to.be.instanceOf(UnfinishedError).with.nested.property("cause.name", "MalformedStreamError");
    expect(await errorOf(stream.answer)).to.equal(error);
    const answer = await (await world.connect()).resume((error as UnfinishedError).order);
    expect(answer.response).to.deep.equal(chunks);
  });

  it("do not keep an answer whose evidence the book does not take, and get it again", async () => {
    let isFull = true;
    const { book } = await world.connect();
    const keep: typeof book.keep = async (evidence) => {
      if (isFull) throw new RangeError("the disk is full");
      await book.keep(evidence);
    };
    const connection = await world.connect({ book: { ...book, keep } });
    const error = await errorOf(connection.chat(world.attested.chat, QUESTION));
    expect(error).to.be.instanceOf(UnfinishedError).with.nested.property("cause.name", "RangeError");
    isFull = false;
    const answer = await connection.resume((error as UnfinishedError).order);
    expect(answer.id).to.equal((error as UnfinishedError).order.id);
  });

  it("are parted by a connection that was closed", async () => {
    const connection = await world.connect();
    connection.close();
    expect(await errorOf(connection.chat(world.attested.chat, QUESTION))).to.be.instanceOf(ClosedError);
    expect(await errorOf(connection.chatStream(world.attested.chat, QUESTION))).to.be.instanceOf(ClosedError);
  });
});
