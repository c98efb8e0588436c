/** Answers that end early, twice, at once, or after everybody has left: each is signed once at most, for what was delivered. */
import { once } from "node:events";
import { connect } from "node:net";

import { expect } from "chai";

import { requestToWire } from "../../src/protocol/wire.ts";
import { until } from "../helpers/until.ts";
import { expectProblem, linesIn, startWorld, type Order, type World } from "./world.ts";

/** A role, seven words, an end and a count. */
const CHUNKS = 10;

describe("an enclave's streams", () => {
  let world: World;
  before(async () => {
    world = await startWorld({ limits: { answers: 6 } });
  });
  after(async () => world.stop());
  beforeEach(() => {
    world.upstream.misbehave();
    world.events.length = 0;
  });
  afterEach(async () => {
    world.upstream.release();
    await until(() => world.upstream.counts().open === 0);
  });

  /** Takes so many chunks and goes away. */
  const take = async (order: Order, count: number): Promise<string[]> => {
    const leaving = new AbortController();
    const chunks: string[] = [];
    for await (const { chunk } of linesIn(await world.send(order, { signal: leaving.signal }))) {
      if (chunk !== undefined) chunks.push(chunk);
      if (chunks.length === count) break;
    }
    leaving.abort();
    return chunks;
  };
  const isLeft = (): boolean => world.kinds().includes("left");

  it("are signed as cut for what was delivered, at every chunk, and as complete for all of them", async () => {
    for (let count = 1; count <= CHUNKS; count += 1) {
      const order = world.order({ stream: true });
      const { chunks } = await world.answer(order);
      expect(chunks).to.have.lengthOf(CHUNKS);
      const transcript = await world.signedFor(order, chunks.slice(0, count));
      expect(transcript.end).to.equal(count === CHUNKS ? "complete" : "cut");
      // 86 bytes of canonical JSON, four a token; and a token for each word that was delivered.
      const words = Math.min(Math.max(count - 1, 0), 7);
      const usage = { input: 22, output: words, source: "delivered" };
      expect(transcript.usage).to.deep.equal(count === CHUNKS ? { input: 6, output: 7, source: "upstream" } : usage);
    }
  });

  it("cost nothing when nothing was delivered, and can be asked again", async () => {
    const order = world.order({ stream: true });
    await world.answer(order);
    await expectProblem(await world.post(`/answers/${order.id}/end`, { delivered: 0 }), "not-delivered");
    await expectProblem(await world.post(`/answers/${order.id}/end`, { delivered: 1 }), "unknown-answer");
    expect(world.kinds()).to.deep.equal(["asked", "forgotten", "refused", "refused"]);
    const { chunks } = await world.answer(order);
    expect((await world.signedFor(order, chunks)).end).to.equal("complete");
  });

  it("are not signed for more than was sent, or for what is no number", async () => {
    const order = world.order({ stream: true });
    const { chunks } = await world.answer(order);
    const ending = async (content: unknown) => world.post(`/answers/${order.id}/end`, content);
    await expectProblem(await ending({ delivered: CHUNKS + 1 }), "not-delivered");
    for (const delivered of [-1, 1.5, "3", null, 2 ** 60]) {
      await expectProblem(await ending({ delivered }), "malformed-body");
    }
    await expectProblem(await ending({ delivered: 3, end: "complete" }), "malformed-body");
    await expectProblem(await world.post("/answers/0x12/end", { delivered: 1 }), "unknown-answer");
    expect((await world.signedFor(order, chunks)).end).to.equal("complete");
  });

  it("have one end, whatever is said later, and however many say it at once", async () => {
    const order = world.order({ stream: true });
    await world.answer(order);
    const ends = await Promise.all([4, 9, 10, 1, 4].map(async (count) => world.end(order.id, count)));
    expect(new Set(ends.map(({ signature }) => signature)).size).to.equal(1);
    expect(ends[0]?.transcript.response.chunks).to.equal(4);
    expect(await world.end(order.id, 0)).to.deep.equal(ends[0]);
    expect(await world.end(order.id.toUpperCase().replace("0X", "0x") as typeof order.id, 9)).to.deep.equal(ends[0]);
    await expectProblem(await world.send(order), "answered");
    expect(world.kinds().filter((kind) => kind === "signed")).to.have.lengthOf(1);
  });

  it("end while the upstream still speaks, which is then stopped", async () => {
    world.upstream.misbehave({ kind: "stalls", after: 5 });
    const before = world.upstream.counts().tornDown;
    const order = world.order({ stream: true });
    const lines = linesIn(await world.send(order));
    const chunks: string[] = [];
    while (chunks.length < 5) {
      const { value } = await lines.next();
      if (value?.chunk !== undefined) chunks.push(value.chunk);
    }
    const transcript = await world.signedFor(order, chunks.slice(0, 3));
    expect(transcript).to.deep.include({ end: "cut", usage: { input: 22, output: 2, source: "delivered" } });
    expect((await lines.next()).value).to.deep.equal({ done: 5 });
    expect((await lines.next()).done).to.equal(true);
    await until(() => world.upstream.counts().tornDown === before + 1);
  });

  it("stop the upstream at once when the gateway goes away, and wait for a word on what it delivered", async () => {
    world.upstream.misbehave({ kind: "stalls", after: 4 });
    const before = world.upstream.counts().tornDown;
    const order = world.order({ stream: true });
    const chunks = await take(order, 4);
    await until(() => world.upstream.counts().tornDown === before + 1 && isLeft());
    expect(world.kinds()).not.to.include("signed");
    const transcript = await world.signedFor(order, chunks.slice(0, 2));
    expect(transcript).to.deep.include({ end: "cut", usage: { input: 22, output: 1, source: "delivered" } });
  });

  it("stop the upstream when the gateway goes away before anything came", async () => {
    world.upstream.misbehave({ kind: "silent" });
    const before = world.upstream.counts().tornDown;
    const leaving = new AbortController();
    const order = world.order({ stream: true });
    const asking = world.send(order, { signal: leaving.signal }).catch(() => "gone");
    await until(() => world.upstream.counts().open === 1);
    await expectProblem(await world.send(order), "busy");
    await expectProblem(await world.post(`/answers/${order.id}/end`, { delivered: 1 }), "not-delivered");
    leaving.abort();
    expect(await asking).to.equal("gone");
    await until(() => world.upstream.counts().tornDown === before + 1);
    world.upstream.misbehave();
    await until(async () => (await world.answering()) === 0);
    expect((await world.answer(order)).done).to.equal(CHUNKS);
    await world.end(order.id, CHUNKS);
  });

  it("that were given up before anything came take no place from the next of their name", async () => {
    world.upstream.misbehave({ kind: "silent" });
    const order = world.order({ stream: true });
    const first = world.send(order);
    await until(() => world.upstream.counts().open === 1);
    await expectProblem(await world.post(`/answers/${order.id}/end`, { delivered: 0 }), "not-delivered");
    world.upstream.misbehave();
    const { chunks } = await world.answer(order);
    await expectProblem(await first, "upstream-failed");
    expect((await world.signedFor(order, chunks)).end).to.equal("complete");
    expect(world.kinds().filter((kind) => kind === "forgotten")).to.have.lengthOf(1);
  });

  it("are answered once at a time, and anew when they were left", async () => {
    world.upstream.misbehave({ kind: "stalls", after: 3 });
    const order = world.order({ stream: true });
    const lines = linesIn(await world.send(order));
    expect((await lines.next()).value).to.have.key("chunk");
    await expectProblem(await world.send(order), "busy");
    await lines.return();
    await until(isLeft);
    world.upstream.misbehave();
    const { chunks } = await world.answer(order);
    // What was left before is nothing to sign for: the chunks are those of the new answer.
    expect((await world.signedFor(order, chunks)).end).to.equal("complete");
  });

  it("are no more at once than there is room for, in whatever state they are", async () => {
    const orders = Array.from({ length: 6 }, () => world.order({ stream: true }));
    const all = await Promise.all(orders.map(async (order) => world.answer(order)));
    await expectProblem(await world.send(world.order({ stream: true })), "overloaded");
    for (const [index, order] of orders.entries()) await world.signedFor(order, all[index]?.chunks ?? []);
    expect((await world.ask()).transcript.end).to.equal("complete");
  });

  it("go no faster than the gateway reads", async () => {
    // Ten times what sockets hold between them.
    const word = "w".repeat(400_000);
    const chunk = `data: ${JSON.stringify({ choices: [{ delta: { content: word } }] })}\n\n`;
    world.upstream.misbehave({ kind: "writes", parts: Array.from({ length: 150 }, () => chunk) });
    const order = world.order({ stream: true });
    const { hostname, port } = new URL(world.enclave.url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    const body = JSON.stringify({ request: requestToWire(order.request), body: order.body, salt: order.salt });
    const head = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
    socket.pause();
    socket.write(`POST /answers HTTP/1.1\r\nhost: enclave\r\n${head}\r\n\r\n${body}`);
    await until(() => world.kinds().includes("asked"));
    await until(() => world.upstream.counts().open === 1);
    // Until nothing moves any more: the upstream is blocked at its own socket.
    let [last, same] = [-1, 0];
    await until(() => {
      const { sent } = world.upstream.counts();
      same = sent === last ? same + 1 : 0;
      last = sent;
      return sent > 0 && same > 30;
    });
    expect(last).to.be.below(140);
    socket.destroy();
    await until(() => world.kinds().includes("left"));
    await expectProblem(await world.post(`/answers/${order.id}/end`, { delivered: last + 1 }), "not-delivered");
  });
});

describe("an enclave's memory", () => {
  it("forgets what nobody spoke of in time, and of what was signed keeps only so much", async () => {
    const world = await startWorld({ limits: { keepMs: 30, signed: 2 } });
    try {
      const left = world.order({ stream: true });
      await world.answer(left);
      await until(() => world.kinds().includes("forgotten"));
      await expectProblem(await world.post(`/answers/${left.id}/end`, { delivered: 1 }), "unknown-answer");
      const ids = [];
      for (let count = 0; count < 3; count += 1) ids.push((await world.ask()).order.id);
      const [first, second, third] = ids;
      await expectProblem(await world.post(`/answers/${first}/end`, { delivered: 1 }), "unknown-answer");
      expect((await world.post(`/answers/${second}/end`, { delivered: 1 })).status).to.equal(200);
      expect((await world.post(`/answers/${third}/end`, { delivered: 1 })).status).to.equal(200);
    } finally {
      await world.stop();
    }
  });
});
