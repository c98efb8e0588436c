/** JSON from servers that nobody vouches for: they may never answer, never end, or answer anything. */
import { describe } from "../protocol/describe.ts";

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export type Call = {
  readonly fetch: Fetch;
  /** Milliseconds for all of it, up to the last byte. */
  readonly timeout: number;
  /** The most bytes that are read. */
  readonly limit: number;
  readonly signal?: AbortSignal;
};

export type Reply = { readonly status: number; readonly headers: Headers; readonly body: unknown };

/** Asks a server, and reads its JSON; the body is undefined where it is none. */
export async function fetchJson(
  url: string,
  init: RequestInit,
  { fetch, timeout, limit, signal }: Call,
): Promise<Reply> {
  const late = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, {
      ...init,
      // What was signed for one server is not for another to see.
      redirect: "error",
      signal: signal === undefined ? late : AbortSignal.any([signal, late]),
    });
    const text = await readText(response, limit);
    return { status: response.status, headers: response.headers, body: parse(text) };
  } catch (cause) {
    if (cause instanceof TooLongError) throw cause;
    throw new NoReplyError(url, late.aborted ? `within ${timeout} milliseconds` : "", { cause });
  }
}

async function readText(response: Response, limit: number): Promise<string> {
  if (response.body === null) return "";
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let [text, read] = ["", 0];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    read += value.length;
    if (read > limit) {
      await reader.cancel();
      throw new TooLongError(response.url, limit);
    }
    text += decoder.decode(value, { stream: true });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Of UTF-8, as x402's headers have it. */
export function toBase64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}

/** A server did not answer, or not to the end. Whether it has read what it was sent, nobody knows. */
export class NoReplyError extends Error {
  override readonly name = "NoReplyError";

  constructor(url: string, when: string, options?: ErrorOptions) {
    super(
      `${originOf(url)} does not answer${when === "" ? "" : ` ${when}`}. Check the address, or try again later.`,
      options,
    );
  }
}

/** A server's answer has no end in sight. */
export class TooLongError extends Error {
  override readonly name = "TooLongError";

  constructor(url: string, limit: number) {
    super(`${originOf(url)} answers with more than ${limit} bytes, which were not read. It is no gateway.`);
  }
}

/** Without its path and query, which may hold what is nobody else's business. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : describe(url);
}
