/** Asking an upstream, which may never answer, never end, or answer anything. */
import { NoReplyError, startPatience } from "./patience.ts";
import { eventData } from "./event-data.ts";
import type { InsideLimits } from "./limits.ts";
import { Problem } from "./problem.ts";

export type UpstreamCall = {
  readonly url: string;
  readonly apiKey: string | undefined;
  /** The question in JSON, as the upstream takes it. */
  readonly content: string;
  readonly isStreamed: boolean;
  readonly limits: InsideLimits;
  readonly signal: AbortSignal;
};

/** The texts of an answer's chunks; returns whether the upstream itself said that they are all. */
export type Answer = AsyncGenerator<string, boolean>;

/** What an upstream says once it has said all of a stream. */
const DONE = "[DONE]";
/** Of its own words on a question that it refuses. */
const MOST_WORDS = 300;
const MOST_ERROR_BYTES = 65_536;
/** Answers that are about the question. Others may tell about the account that pays for it. */
const ABOUT_QUESTION: ReadonlySet<number> = new Set([400, 413, 422]);

/** Asks, and resolves when the answer begins. Rejects with a Problem. */
export async function askUpstream({ url, apiKey, content, isStreamed, limits, signal }: UpstreamCall): Promise<Answer> {
  const patience = startPatience(limits, signal);
  const accepted = isStreamed ? "text/event-stream" : "application/json";
  const response = await patience
    .within(async () =>
      fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: accepted,
          // What is packed small may be anything large.
          "accept-encoding": "identity",
          ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        },
        body: content,
        // Neither prompt nor key goes anywhere that the manifest does not name.
        redirect: "manual",
        signal: patience.signal,
      }),
    )
    .catch((cause: unknown) => {
      throw new Problem("upstream-failed", failureOf(cause), { cause });
    });
  const { status } = response;
  const bytes = patience.read(response.body);
  if (status !== 200) throw await refusalOf(status, bytes);
  const type = response.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type !== accepted) {
    await bytes.return();
    throw new Problem(
      "upstream-failed",
      `The upstream answers in ${type.slice(0, 60) || "no type"}, not in ${accepted}.`,
    );
  }
  return isStreamed ? events(limited(bytes, limits.answerBytes), limits) : whole(limited(bytes, limits.answerBytes));
}

async function* events(bytes: AsyncGenerator<Uint8Array, void>, { chunkBytes }: InsideLimits): Answer {
  for await (const data of eventData(bytes, chunkBytes)) {
    // Whatever comes after it is no part of the answer, and leaving closes the connection.
    if (data === DONE) return true;
    yield data;
  }
  return false;
}

async function* whole(bytes: AsyncGenerator<Uint8Array, void>): Answer {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  yield new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(parts));
  return true;
}

async function* limited(bytes: AsyncGenerator<Uint8Array, void>, most: number): AsyncGenerator<Uint8Array, void> {
  let size = 0;
  for await (const part of bytes) {
    size += part.length;
    if (size <= most) {
      yield part;
      continue;
    }
    // All that still fits counts, or it would depend on how the bytes arrived.
    yield part.subarray(0, part.length - (size - most));
    throw new AnswerTooLargeError(most);
  }
}

async function refusalOf(status: number, bytes: AsyncGenerator<Uint8Array, void>): Promise<Problem> {
  const isAboutQuestion = ABOUT_QUESTION.has(status);
  const words = isAboutQuestion ? await wordsIn(bytes) : "";
  await bytes.return();
  if (isAboutQuestion) return new Problem("upstream-refused", `The upstream answers ${status}${words}`);
  if (status === 429) return new Problem("upstream-busy", "The upstream takes no more questions now. Ask again later.");
  const where = status >= 300 && status < 400 ? ", which would lead elsewhere" : "";
  return new Problem("upstream-failed", `The upstream answers ${status}${where}. The provider has to look into it.`);
}

/** The message of an error as the API has them, where there is one. */
async function wordsIn(bytes: AsyncGenerator<Uint8Array, void>): Promise<string> {
  try {
    const parts: Uint8Array[] = [];
    for await (const part of limited(bytes, MOST_ERROR_BYTES)) parts.push(part);
    const { error } = JSON.parse(Buffer.concat(parts).toString("utf8")) as { error?: { message?: unknown } };
    return typeof error?.message === "string" ? `: ${error.message.slice(0, MOST_WORDS)}` : "";
  } catch {
    return "";
  }
}

function failureOf(cause: unknown): string {
  if (cause instanceof NoReplyError) return cause.message;
  return "The upstream cannot be reached. The provider has to see that it runs, and is where the manifest says.";
}

/** An answer has no end in sight. */
export class AnswerTooLargeError extends Error {
  override readonly name = "AnswerTooLargeError";

  constructor(most: number) {
    super(`The upstream answers with more than ${most} bytes. Allow more, or ask for less.`);
  }
}
