/** Answers as the bytes that they are, since those are what an enclave signs for: read as they come, or whole. */
import { NoReplyError, TooLongError, type Call } from "../../x402/fetch-json.ts";

/** A reply that has begun. */
export type Opened = {
  readonly status: number;
  readonly headers: Headers;
  /** To be read once; whoever stops in the middle hangs up. */
  readonly parts: AsyncGenerator<Uint8Array, void>;
  /** Hangs up, also where nothing was read. */
  readonly leave: () => void;
};

/** Asks, and resolves when the reply begins. Each wait has the call's timeout: an answer takes as long as it flows. */
export async function open(url: string, init: RequestInit, call: Call): Promise<Opened> {
  const { fetch, timeout, limit, signal } = call;
  const leaving = new AbortController();
  const signals = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal]);
  let isLate = false;
  const within = async <Result>(wait: () => Promise<Result>): Promise<Result> => {
    const timer = setTimeout(() => {
      isLate = true;
      leaving.abort();
    }, timeout);
    try {
      return await wait();
    } catch (cause) {
      throw new NoReplyError(url, isLate ? `within ${timeout} milliseconds` : "", { cause });
    } finally {
      clearTimeout(timer);
    }
  };
  // What was signed for one server is not for another to see.
  const response = await within(() => fetch(url, { ...init, redirect: "error", signal: signals }));

  async function* parts(): AsyncGenerator<Uint8Array, void> {
    if (response.body === null) return;
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let read = 0;
    try {
      for (;;) {
        const { done, value } = await within(() => reader.read());
        if (done) return;
        read += value.length;
        if (read > limit) throw new TooLongError(url, limit);
        yield value;
      }
    } finally {
      leaving.abort();
    }
  }

  return { status: response.status, headers: response.headers, parts: parts(), leave: () => leaving.abort() };
}

/** All of a reply, byte for byte; undefined where that is no text. */
export async function readWhole({ parts }: Opened): Promise<string | undefined> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of all) {
    bytes.set(part, at);
    at += part.length;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
