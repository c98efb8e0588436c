/** An answer that comes in chunks. What shows that they are the enclave's comes last. */
import { problemSchema } from "../messages.ts";
import type { Desk } from "../desk.ts";
import { acceptAnswer, type AttestedAnswer } from "./answer.ts";
import { MalformedStreamError, readEventStream } from "./event-stream.ts";
import type { Tail } from "./messages.ts";
import type { AttestedOrder, JsonObject } from "./order.ts";
import type { Opened } from "./transfer.ts";
import { UnfinishedError } from "./unfinished.ts";
import { readAnswer, readTail } from "./whole.ts";

export type StreamedAnswer = AttestedAnswer<readonly JsonObject[]>;

/**
 * Chunks of an answer, to be read once, as they come.
 *
 * **No chunk is verified before the last one**: what a reader does with it until then, it does on the gateway's word. Reading
 * ends without an error only after all of them were found to be what the enclave signed for.
 */
export type ChatStream = AsyncIterable<JsonObject> & {
  readonly order: AttestedOrder;
  /** Resolves when the last chunk was read and all of them are verified; rejects with what reading them ends in. */
  readonly answer: Promise<StreamedAnswer>;
};

const DONE = "[DONE]";
const TAIL = "assay ";
/** More than an enclave takes of its upstream. */
const MOST_LENGTH = 2_097_152;
/** Chunks that carry no token: roles, ends, counts. */
const CHUNKS_BESIDE = 1_024;

/** Takes the chunks of an answer that has begun. Whoever stops reading pays for what he was sent, and can resume it. */
export function streamChunks(desk: Desk, order: AttestedOrder, opened: Opened): ChatStream {
  const { promise: answer, resolve, reject } = Promise.withResolvers<StreamedAnswer>();
  // Whoever reads the chunks learns of it there.
  answer.catch(() => {});

  async function* read(): AsyncGenerator<JsonObject, void> {
    try {
      const texts: string[] = [];
      const chunks: JsonObject[] = [];
      const tail = yield* readChunks(order, opened, { texts, chunks });
      resolve(await acceptAnswer(desk, order, { texts, answers: chunks, response: chunks, tail }));
    } catch (error) {
      reject(error);
      throw error;
    } finally {
      opened.leave();
      // Of whoever stopped in the middle; after an end it changes nothing.
      reject(new UnfinishedError(order));
    }
  }

  const chunks = read();
  return { order, answer, [Symbol.asyncIterator]: () => chunks };
}

type Taken = { readonly texts: string[]; readonly chunks: JsonObject[] };

/** Passes chunks on; returns what came behind the last one. Anything else than a proper end is none. */
async function* readChunks(
  order: AttestedOrder,
  { parts }: Opened,
  { texts, chunks }: Taken,
): AsyncGenerator<JsonObject, Tail> {
  const most = order.question.mostOutputTokens + CHUNKS_BESIDE;
  let tail: Tail | undefined;
  try {
    for await (const { kind, text } of readEventStream(parts, MOST_LENGTH)) {
      if (kind === "comment") {
        if (!text.startsWith(TAIL)) continue;
        if (tail !== undefined) throw new MalformedStreamError("it has two ends");
        tail = readTail(text.slice(TAIL.length));
        continue;
      }
      if (text === DONE) {
        if (tail === undefined) throw new MalformedStreamError("it ends without what the enclave signed");
        return tail;
      }
      if (tail !== undefined) throw new MalformedStreamError("it goes on after its end");
      if (texts.length >= most) throw new MalformedStreamError("it has more chunks than tokens were asked for");
      const chunk = readAnswer(text);
      refuseFailure(chunk);
      texts.push(text);
      chunks.push(chunk);
      yield chunk;
    }
    throw new MalformedStreamError("it breaks off");
  } catch (cause) {
    throw new UnfinishedError(order, { cause });
  }
}

/** A gateway that fails in the middle says so in place of a chunk; an enclave passes nothing of the kind on. */
function refuseFailure({ error }: JsonObject): void {
  if (error === undefined || error === null) return;
  const code = problemSchema.safeParse(error).data?.code ?? "none";
  throw new FailedStreamError(code);
}

/** A gateway says in the middle of an answer that there is no more of it. */
export class FailedStreamError extends Error {
  override readonly name = "FailedStreamError";
  readonly code: string;

  constructor(code: string) {
    super(`The gateway broke the answer off (${code.slice(0, 100)}). Resume the request.`);
    this.code = code;
  }
}
