/** A small server of the OpenAI API that answers from the prompt alone: what tests, the demo and figures ask. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

import { changesBy, type Misconduct } from "./upstream-misconduct.ts";
import { embeddingOf, textsIn, usageOf, wordsFor, type Fields } from "./upstream-words.ts";

export type Asked = { readonly path: string; readonly headers: IncomingMessage["headers"]; readonly body: Fields };

export type UpstreamOptions = {
  readonly port?: number;
  /** Whoever has another key is refused. */
  readonly apiKey?: string;
};

export async function startUpstream({ port = 0, apiKey }: UpstreamOptions = {}) {
  const asked: Asked[] = [];
  const held = new Set<() => void>();
  let misconduct: Misconduct | undefined;
  let [open, tornDown, sent] = [0, 0, 0];

  const hold = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    held.add(resolve);
    return promise;
  };
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const path = incoming.url ?? "";
    const read = await text(incoming);
    if (apiKey !== undefined && incoming.headers.authorization !== `Bearer ${apiKey}`) {
      return refuse(outgoing, 401, `Incorrect API key provided: ${incoming.headers.authorization ?? "none"}.`);
    }
    const body = fieldsOf(read);
    if (body === undefined) return refuse(outgoing, 400, "The body is not JSON.");
    asked.push({ path, headers: incoming.headers, body });
    sent = 0;
    const write = async (part: string | Uint8Array): Promise<void> => {
      await writeTo(outgoing, part);
      sent += 1;
    };
    const turn = { body, outgoing, misconduct, hold, write };
    if (misconduct?.kind === "fails") return refuse(outgoing, misconduct.status, misconduct.message ?? "It failed.");
    if (misconduct?.kind === "silent") return turn.hold();
    if (misconduct?.kind === "redirects") {
      outgoing.writeHead(307, { location: misconduct.to }).end();
      return undefined;
    }
    if (misconduct?.kind === "writes") return writeRaw(turn, misconduct);
    if (path === "/v1/embeddings") return embed(turn);
    if (path !== "/v1/chat/completions") return refuse(outgoing, 404, `There is no ${path}.`);
    return body["stream"] === true ? stream(turn) : complete(turn);
  };

  const server = createServer((incoming, outgoing) => {
    open += 1;
    outgoing.once("close", () => {
      open -= 1;
      if (!outgoing.writableEnded) tornDown += 1;
    });
    // Whoever asks may go away at any time.
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** All that it was asked, in order. */
    asked,
    misbehave(as?: Misconduct): void {
      misconduct = as;
    },
    /** Lets those go on that stall. */
    release(): void {
      for (const resume of held) resume();
      held.clear();
    },
    /** Answers in hand, those that whoever asked left before their end, and writes of the last one so far. */
    counts: () => ({ open, tornDown, sent }),
    async stop(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export type Upstream = Awaited<ReturnType<typeof startUpstream>>;

type Turn = {
  readonly body: Fields;
  readonly outgoing: ServerResponse;
  readonly misconduct: Misconduct | undefined;
  readonly hold: () => Promise<void>;
  readonly write: (part: string | Uint8Array) => Promise<void>;
};

async function complete({ body, outgoing, misconduct }: Turn): Promise<void> {
  const { words, isShortened } = wordsFor(body);
  const message = { role: "assistant", content: words.join(""), refusal: null };
  const choice = { index: 0, message, logprobs: null, finish_reason: isShortened ? "length" : "stop" };
  sendJson(outgoing, 200, {
    ...headOf(body, "chat.completion"),
    choices: [choice],
    usage: usageOf(body, words.length),
    ...changesBy(misconduct),
  });
}

async function stream({ body, outgoing, misconduct, hold, write }: Turn): Promise<void> {
  const { words, isShortened } = wordsFor(body);
  const options = body["stream_options"] as { readonly include_usage?: unknown } | undefined;
  const isCounted = options?.include_usage === true && misconduct?.kind !== "uncounted";
  const { usage = usageOf(body, words.length), ...changes } = changesBy(misconduct);
  const chunk = (delta: object, finish: string | null): object => ({
    ...headOf(body, "chat.completion.chunk"),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...(isCounted && { usage: null }),
    ...changes,
  });
  const chunks = [
    chunk({ role: "assistant", content: "", refusal: null }, null),
    ...words.map((content) => chunk({ content }, null)),
    chunk({}, isShortened ? "length" : "stop"),
    ...(isCounted ? [{ ...headOf(body, "chat.completion.chunk"), choices: [], ...changes, usage }] : []),
  ];
  outgoing.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  for (const [index, each] of chunks.entries()) {
    if (misconduct?.kind === "stalls" && misconduct.after === index) await hold();
    if (misconduct?.kind === "breaks-off" && misconduct.after === index) {
      outgoing.destroy();
      return;
    }
    await write(`data: ${JSON.stringify(each)}\n\n`);
  }
  outgoing.end("data: [DONE]\n\n");
}

async function embed({ body, outgoing, misconduct }: Turn): Promise<void> {
  const isPacked = body["encoding_format"] === "base64";
  const data = textsIn(body["input"]).map((each, index) => {
    const embedding = embeddingOf(each);
    const packed = Buffer.from(Float32Array.from(embedding).buffer).toString("base64");
    return { object: "embedding", index, embedding: isPacked ? packed : embedding };
  });
  const { prompt_tokens: prompt } = usageOf(body, 0);
  const usage = { prompt_tokens: prompt, total_tokens: prompt };
  sendJson(outgoing, 200, { object: "list", data, model: body["model"], usage, ...changesBy(misconduct) });
}

/** The same for the same question, but for its time, which is none. */
function headOf(body: Fields, object: string): object {
  const id = createHash("sha256").update(JSON.stringify(body)).digest("hex").slice(0, 24);
  return { id: `chatcmpl-${id}`, object, created: 1_700_000_000, model: body["model"], system_fingerprint: null };
}

async function writeRaw(
  { outgoing, write }: Turn,
  { parts, type, isBrokenOff = false }: Misconduct & { readonly kind: "writes" },
): Promise<void> {
  outgoing.writeHead(200, { "content-type": type ?? "text/event-stream" });
  for (const part of parts) await write(part);
  if (isBrokenOff) outgoing.destroy();
  else outgoing.end();
}

/** Each write is one of its own on the wire, and none is faster than whoever reads it. */
async function writeTo(outgoing: ServerResponse, part: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    outgoing.once("close", resolve);
    outgoing.write(part, (error) => {
      outgoing.off("close", resolve);
      if (error instanceof Error) reject(error);
      else resolve();
    });
  });
}

function sendJson(outgoing: ServerResponse, status: number, content: object): void {
  outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));
}

async function refuse(outgoing: ServerResponse, status: number, message: string): Promise<void> {
  sendJson(outgoing, status, { error: { message, type: "invalid_request_error", param: null, code: null } });
}

function fieldsOf(read: string): Fields | undefined {
  try {
    return JSON.parse(read) as Fields;
  } catch {
    return undefined;
  }
}
