import { expect } from "chai";

import { until } from "../../helpers/until.ts";
import { codeIn } from "../orders.ts";
import { startWorld, streamIn, type Asked, type World } from "./world.ts";

const QUESTION = { messages: [{ role: "user", content: "one two three four five six" }] };

/** Reads a stream until so many chunks are there, and gives what is left to be read. */
async function readSome(response: Response, chunks: number) {
  if (response.body === null) throw new TypeError("there is no body");
  const reader = response.body.getReader();
  let seen = "";
  while (streamIn(seen).chunks.length < chunks) {
    const { value } = (await reader.read()) as { value?: Uint8Array };
    seen += Buffer.from(value ?? []).toString();
  }
  return {
    async rest(): Promise<string> {
      for (;;) {
        const { value, done } = (await reader.read()) as { value?: Uint8Array; done: boolean };
        if (done) return seen;
        seen += Buffer.from(value ?? []).toString();
      }
    },
  };
}

describe("an attested answer that goes wrong", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.stop());

  const open = async ({ path, headers, body }: Asked, signal?: AbortSignal): Promise<Response> =>
    fetch(`${world.gateway.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      ...(signal !== undefined && { signal }),
    });

  it("is charged nothing when its enclave dies in the middle of it, and says so in the stream", async () => {
    const payer = await world.payer();
    world.attested.upstream.misbehave({ kind: "stalls", after: 3 });
    const asked = await world.ask(payer, { ...QUESTION, stream: true });
    const begun = await readSome(await open(asked), 3);
    expect(await world.promised(payer.address)).to.equal(asked.request.price);
    await world.attested.enclave.stop();
    const text = await begun.rest();
    expect(streamIn(text).tail).to.equal(undefined);
    expect(streamIn(text).isDone).to.equal(false);
    expect(text).to.match(/"code":"enclave-failed"/);
    await until(async () => (await world.promised(payer.address)) === 0n);
  });

  it("is charged nothing when its client goes before the first chunk", async () => {
    const payer = await world.payer();
    world.attested.upstream.misbehave({ kind: "silent" });
    const asked = await world.ask(payer, { ...QUESTION, stream: true });
    const leaving = new AbortController();
    const asking = open(asked, leaving.signal).catch(() => {});
    await until(async () => (await world.promised(payer.address)) === asked.request.price);
    leaving.abort();
    await asking;
    world.attested.upstream.release();
    await until(async () => (await world.promised(payer.address)) === 0n);
  });

  it("is finished and kept when the gateway stops in the middle of it, as far as it was delivered", async () => {
    const payer = await world.payer();
    world.attested.upstream.misbehave({ kind: "stalls", after: 4 });
    const asked = await world.ask(payer, { ...QUESTION, stream: true });
    const leaving = new AbortController();
    await readSome(await open(asked, leaving.signal), 4);
    leaving.abort();
    await until(async () => {
      const [row] = await world.gateway.store.journal.find([asked.id]);
      return row?.state === "answered";
    });
    const [row] = await world.gateway.store.journal.find([asked.id]);
    expect(row?.attested?.chunks).to.have.length(4);
    expect(row?.attested?.isSimulated).to.equal(true);
    expect(await world.promised(payer.address)).to.equal(row?.charge);
  });

  it("is not begun with a key that the gateway has not seen enrolled", async () => {
    const payer = await world.payer();
    await world.attested.enclave.stop();
    await world.gateway.enclaves.refresh();
    const asked = await world.ask(payer, QUESTION);
    expect(codeIn(await world.send(asked))).to.equal("not-attested");
    expect(await world.promised(payer.address)).to.equal(0n);
    expect(world.logged.some(({ event }) => event === "background-failed")).to.equal(true);
  });
});
