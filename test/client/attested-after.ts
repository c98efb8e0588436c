/** Answers that are not what an enclave should have signed for: none is believed, and what was signed is kept as evidence. */
import { expect } from "chai";
import { zeroHash, type Address, type Hex } from "viem";

import type { Evidence } from "../../src/enclave/evidence.ts";
import type { AttestedManifest } from "../../src/enclave/manifest.ts";
import { chargeFor, type Transcript } from "../../src/enclave/transcript.ts";
import { errorOf } from "../helpers/errors.ts";
import { forgerIn, type Signers } from "./attested-forger.ts";
import {
  QUESTION,
  startAttestedWorld,
  type AttestedWorld,
  type Json,
  type Lie,
  type Lies,
  type Post,
} from "./attested-world.ts";

const OTHER: Address = "0x00000000000000000000000000000000000000AA";
const WORD: Hex = `0x${"5a".repeat(32)}`;

type Refusal = { readonly name: string; readonly because?: string; readonly cause?: string };

describe("an agent does not believe an attested answer", () => {
  let world: AttestedWorld;
  let forger: ReturnType<typeof forgerIn>;
  /** Of an enclave whose key is enrolled, and in these hands. */
  let evidence: Evidence;
  let enclave: ReturnType<ReturnType<typeof forgerIn>["key"]>;

  before(async () => {
    world = await startAttestedWorld();
    forger = forgerIn(world);
    enclave = forger.key();
    await forger.enrol(enclave.address);
    evidence = await forger.evidence({ statement: { key: enclave.address } });
  });
  after(async () => {
    await world.stop();
  });

  const finds = (error: unknown, { name, because, cause }: Refusal): void => {
    const described = `${(error as Error).name}: ${(error as Error).message}`;
    expect(error, described).to.have.property("name", name);
    if (because !== undefined) expect(error, described).to.have.property("because", because);
    if (cause !== undefined) expect(error, described).to.have.nested.property("cause.name", cause);
  };
  const drained = async (chunks: AsyncIterable<unknown>): Promise<number> => {
    let count = 0;
    for await (const _chunk of chunks) count += 1;
    return count;
  };

  /** Whether it comes whole or in chunks. */
  async function refused(lies: Lies, refusal: Refusal, kept = 2): Promise<void> {
    const proxy = await world.proxy(lies);
    const connection = await world.connect({}, proxy.url);
    finds(await errorOf(connection.chat(world.attested.chat, QUESTION)), refusal);
    const stream = await connection.chatStream(world.attested.chat, QUESTION);
    const error = await errorOf(drained(stream));
    finds(error, refusal);
    // Whoever only waits for the end learns the same.
    expect(await errorOf(stream.answer)).to.equal(error);
    expect(await connection.book.all()).to.have.lengthOf(kept);
  }
  const assay =
    (change: Json): Lie =>
    (said) => {
      const { assay: parts } = said["extensions"] as { assay: Json };
      return { ...said, extensions: { assay: { ...parts, ...change } } };
    };
  const transcript =
    (change: (said: Transcript) => Transcript): Lie =>
    (said) => {
      const { assay: parts } = said["extensions"] as { assay: { transcript: Transcript } };
      return { ...said, extensions: { assay: { ...parts, transcript: change(parts.transcript) } } };
    };

  describe("with a part that was changed on its way:", () => {
    it("its output, or its charge, which its provider signed", async () => {
      await refused({ tail: assay({ output: WORD }) }, { name: "ForgedReceiptError" }, 0);
      await refused({ tail: assay({ charge: "1" }) }, { name: "ForgedReceiptError" }, 0);
    });

    it("its request", async () => {
      await refused({ tail: assay({ id: WORD }) }, { name: "OtherRequestError" }, 0);
    });

    it("a signature", async () => {
      await refused({ tail: assay({ receipt: `0x${"11".repeat(64)}` }) }, { name: "ForgedReceiptError" }, 0);
      await refused({ tail: assay({ signature: `0x${"11".repeat(64)}` }) }, { name: "ForgedAnswerError" });
      const unreadable = { name: "UnfinishedError", cause: "GarbledError" };
      await refused({ tail: assay({ signature: `0x${"00".repeat(64)}` }) }, unreadable, 0);
    });

    it("its salt, and whether it is simulated", async () => {
      await refused({ tail: assay({ salt: WORD }) }, { name: "FalseAnswerError", because: "salt" });
      await refused({ tail: assay({ simulated: false }) }, { name: "FalseAnswerError", because: "simulated" });
    });

    it("who pays what, where", async () => {
      const changes: Json = { payer: OTHER, network: "eip155:1", amount: "1" };
      for (const [field, value] of Object.entries(changes)) {
        const tail: Lie = (said) => ({ ...said, [field]: value });
        await refused({ tail }, { name: "FalseAnswerError", because: "settlement" });
      }
    });

    it("anything in its transcript: usage too is signed for", async () => {
      const changes: ((said: Transcript) => Transcript)[] = [
        (said) => ({ ...said, chainId: 1 }),
        (said) => ({ ...said, escrow: OTHER }),
        (said) => ({ ...said, request: WORD }),
        (said) => ({ ...said, model: WORD }),
        (said) => ({ ...said, input: WORD }),
        (said) => ({ ...said, response: { ...said.response, head: WORD } }),
        (said) => ({ ...said, response: { ...said.response, chunks: said.response.chunks + 1 } }),
        (said) => ({ ...said, end: "cut" }),
        (said) => ({ ...said, usage: { ...said.usage, input: said.usage.input + 1 } }),
        (said) => ({ ...said, usage: { ...said.usage, output: said.usage.output + 1 } }),
        (said) => ({ ...said, usage: { ...said.usage, source: "delivered" } }),
        (said) => ({ ...said, price: { ...said.price, base: "2" } }),
        (said) => ({ ...said, charge: `${said.charge}0` }),
        (said) => ({ ...said, upstreamModel: "another" }),
      ];
      for (const change of changes) {
        await refused({ tail: transcript(change) }, { name: "FalseAnswerError", because: "output" });
      }
    });

    it("its chunks: one changed, one left out, two swapped, one twice, one added", async () => {
      const events = (text: string): string[] => text.split("\n\n");
      const streams: ((text: string) => string)[] = [
        (text) => text.replace("backwards", "forwards"),
        (text) => events(text).toSpliced(2, 1).join("\n\n"),
        (text) => {
          const [first = "", second = "", third = "", ...rest] = events(text);
          return [first, third, second, ...rest].join("\n\n");
        },
        (text) =>
          events(text)
            .toSpliced(2, 0, events(text)[2] ?? "")
            .join("\n\n"),
        (text) => events(text).toSpliced(2, 0, 'data: {"choices":[]}').join("\n\n"),
      ];
      for (const stream of streams) {
        const proxy = await world.proxy({ stream });
        const connection = await world.connect({}, proxy.url);
        const error = await errorOf(drained(await connection.chatStream(world.attested.chat, QUESTION)));
        expect(error).to.have.property("name", "FalseAnswerError");
        expect(error).to.have.property("because").that.is.oneOf(["chunks", "head"]);
        expect(await connection.book.all()).to.have.lengthOf(1);
      }
    });

    it("its body: words, attachments, usage, and white space", async () => {
      const bodies: ((text: string) => string)[] = [
        (text) => text.replace("backwards", "forwards"),
        (text) => text.replace(/"completion_tokens":\d+/, '"completion_tokens":1'),
        (text) => text.replace(/"prompt_tokens":\d+/, '"prompt_tokens":1'),
        (text) => text.replace("{", '{"attachments":["data:,more"],'),
        (text) => ` ${text}`,
      ];
      for (const body of bodies) {
        const proxy = await world.proxy({ body });
        const connection = await world.connect({}, proxy.url);
        const error = await errorOf(connection.chat(world.attested.chat, QUESTION));
        finds(error, { name: "FalseAnswerError", because: "head" });
      }
    });
  });

  describe("that an enclave and its provider signed together, though", () => {
    const [CHAT, STREAM] = ["chat.completion", "chat.completion.chunk"];

    /** A gateway with an enclave of its own, which both sign for what the test wants. */
    const conspiracy = (
      change: (honest: Transcript) => Transcript,
      {
        signers = {},
        usage = { prompt_tokens: 10, completion_tokens: 5 },
      }: { signers?: Signers; usage?: Json | null } = {},
    ): Lies => ({
      evidence: () => evidence,
      answer: async ({ payment, salt, body }: Post) => {
        const { stream, max_tokens: _most } = JSON.parse(body) as { stream?: boolean; max_tokens?: number };
        const isStreamed = stream === true;
        const chunk = JSON.stringify({
          object: isStreamed ? STREAM : CHAT,
          choices: [{ delta: { content: "x" } }],
          usage,
        });
        const counted =
          usage === null
            ? { input: Math.ceil(Buffer.byteLength(body) / 4), output: 1, source: "delivered" as const }
            : {
                input: Number(usage["prompt_tokens"]),
                output: Number(usage["completion_tokens"]),
                source: "upstream" as const,
              };
        const [manifest] = world.attested.manifests as [AttestedManifest];
        const question = { payment, salt: salt as Hex, isStreamed };
        const signing = { enclave, ...signers };
        const tail = JSON.stringify(await forger.answer(question, manifest, [chunk], counted, change, signing));
        if (!isStreamed) {
          const headers = { "payment-response": Buffer.from(tail).toString("base64") };
          return { text: chunk, headers: { "content-type": "application/json", ...headers } };
        }
        const text = `data: ${chunk}\n\n: assay ${tail}\n\ndata: [DONE]\n\n`;
        return { text, headers: { "content-type": "text/event-stream" } };
      },
    });
    const because = (reason: string): Refusal => ({ name: "FalseAnswerError", because: reason });

    it("an honest one is believed", async () => {
      for (const usage of [{ prompt_tokens: 10, completion_tokens: 5 }, null]) {
        const proxy = await world.proxy(conspiracy((honest) => honest, { usage }));
        const connection = await world.connect({}, proxy.url);
        await connection.chat(world.attested.chat, QUESTION);
        expect(await drained(await connection.chatStream(world.attested.chat, QUESTION))).to.equal(1);
      }
    });

    it("it is of another chain, escrow, request, model or question", async () => {
      await refused(
        conspiracy((honest) => ({ ...honest, chainId: 1 })),
        because("chain"),
      );
      await refused(
        conspiracy((honest) => ({ ...honest, escrow: OTHER })),
        because("escrow"),
      );
      await refused(
        conspiracy((honest) => ({ ...honest, request: WORD })),
        because("request"),
      );
      await refused(
        conspiracy((honest) => ({ ...honest, model: WORD })),
        because("model"),
      );
      await refused(
        conspiracy((honest) => ({ ...honest, input: WORD })),
        because("input"),
      );
    });

    it("it is of other chunks", async () => {
      const response = { head: zeroHash, chunks: 1 };
      await refused(
        conspiracy((honest) => ({ ...honest, response })),
        because("head"),
      );
      const more = (honest: Transcript): Transcript => ({ ...honest, response: { ...honest.response, chunks: 2 } });
      await refused(conspiracy(more), because("chunks"));
    });

    it("its prices are not the model's, or its charge is not what they make", async () => {
      const price = { base: "0", input: "1", output: "1" };
      await refused(
        conspiracy((honest) => ({ ...honest, price })),
        because("price"),
      );
      const [manifest] = world.attested.manifests as [AttestedManifest];
      const owed = chargeFor(manifest.price, { input: 10, output: 5 });
      for (const charge of [owed + 1n, owed - 1n]) {
        await refused(
          conspiracy((honest) => ({ ...honest, charge: charge.toString() })),
          because("charge"),
        );
      }
    });

    it("it charges more than the price", async () => {
      await refused(
        conspiracy((honest) => ({ ...honest, charge: "99999" })),
        { name: "WrongChargeError" },
      );
    });

    it("its usage is not the upstream's, or not that of what arrived", async () => {
      const changed =
        (usage: Partial<Transcript["usage"]>) =>
        (honest: Transcript): Transcript => {
          const counted = { ...honest.usage, ...usage };
          return { ...honest, usage: counted, charge: chargeFor(honest.price, counted).toString() };
        };
      for (const usage of [{ input: 11 }, { output: 6 }, { source: "delivered" as const }]) {
        await refused(conspiracy(changed(usage)), because("usage"));
      }
      for (const usage of [{ input: 1 }, { output: 200 }, { source: "upstream" as const }]) {
        await refused(conspiracy(changed(usage), { usage: null }), because("usage"));
      }
    });

    it("it has more tokens than were asked for", async () => {
      const usage = { prompt_tokens: 10, completion_tokens: 401 };
      await refused(
        conspiracy((honest) => honest, { usage }),
        because("usage"),
      );
    });

    it("it is cut, and was not streamed", async () => {
      const proxy = await world.proxy(conspiracy((honest) => ({ ...honest, end: "cut" })));
      const connection = await world.connect({}, proxy.url);
      finds(await errorOf(connection.chat(world.attested.chat, QUESTION)), because("end"));
      const stream = await connection.chatStream(world.attested.chat, QUESTION);
      await drained(stream);
      expect((await stream.answer).transcript.end).to.equal("cut");
    });

    it("another enclave signed it than was checked, or another provider", async () => {
      const other = forger.key();
      await forger.enrol(other.address);
      await refused(
        conspiracy((honest) => honest, { signers: { enclave: other } }),
        { name: "ForgedAnswerError" },
      );
      const signers = { provider: other };
      await refused(
        conspiracy((honest) => honest, { signers }),
        { name: "ForgedReceiptError" },
        0,
      );
    });
  });

  describe("in a stream that", () => {
    const TAIL = /: assay .*\n\n/;
    const breaks = async (stream: (text: string) => string, cause: string): Promise<unknown> => {
      const proxy = await world.proxy({ stream });
      const connection = await world.connect({}, proxy.url);
      const chunks = await connection.chatStream(world.attested.chat, QUESTION);
      const error = await errorOf(drained(chunks));
      finds(error, { name: "UnfinishedError", cause });
      expect(error).to.have.nested.property("order.id", chunks.order.id);
      // Nothing is lost by it.
      const { id } = await (await world.connect()).resume(chunks.order);
      expect(id).to.equal(chunks.order.id);
      return error;
    };

    it("ends without what the enclave signed", async () => {
      await breaks((text) => text.replace(TAIL, ""), "MalformedStreamError");
    });

    it("breaks off, at any point", async () => {
      for (const share of [0, 0.3, 0.7]) {
        await breaks((text) => text.slice(0, text.length * share), "MalformedStreamError");
      }
      await breaks((text) => text.replace("data: [DONE]\n\n", ""), "MalformedStreamError");
      await breaks((text) => text.replace("data: [DONE]\n\n", "data: [DONE]"), "MalformedStreamError");
    });

    it("ends twice, or goes on after its end", async () => {
      await breaks((text) => text.replace(TAIL, "$&$&"), "MalformedStreamError");
      await breaks((text) => text.replace(TAIL, '$&data: {"choices":[]}\n\n'), "MalformedStreamError");
    });

    it("has an error in place of a chunk", async () => {
      const error = 'data: {"error":{"message":"no","type":"assay_error","code":"enclave-failed"}}\n\n';
      const found = await breaks((text) => text.replace("\n\n", `\n\n${error}`), "FailedStreamError");
      expect(found).to.have.nested.property("cause.code", "enclave-failed");
    });

    it("has chunks that are no objects, or other fields than data", async () => {
      await breaks((text) => `data: 1\n\n${text}`, "NoObjectError");
      await breaks((text) => `event: other\n${text}`, "MalformedStreamError");
    });

    it("has more chunks than tokens were asked for", async () => {
      await breaks((text) => `${'data: {"choices":[]}\n\n'.repeat(2_000)}${text}`, "MalformedStreamError");
    });

    it("has an end that nobody can read", async () => {
      await breaks((text) => text.replace(TAIL, ": assay {}\n\n"), "GarbledError");
    });
  });
});
