/** Waiting for a server that may say nothing for ever, or a byte a minute. */
import type { InsideLimits } from "./limits.ts";

export type Patience = {
  /** Ends what is under way when time is over, or nobody wants it any more. */
  readonly signal: AbortSignal;
  /** Waits for one thing. */
  readonly within: <Value>(wait: () => Promise<Value>) => Promise<Value>;
  /** What a body has, as it comes. While nobody asks for more of it, no time passes but that of the whole. */
  readonly read: (body: ReadableStream<Uint8Array> | null) => AsyncGenerator<Uint8Array, void>;
};

export function startPatience(
  { silenceMs, answerMs }: Pick<InsideLimits, "silenceMs" | "answerMs">,
  given: AbortSignal,
): Patience {
  const silence = new AbortController();
  const late = AbortSignal.timeout(answerMs);
  const signal = AbortSignal.any([given, late, silence.signal]);
  const within = async <Value>(wait: () => Promise<Value>): Promise<Value> => {
    const timer = setTimeout(() => silence.abort(), silenceMs);
    try {
      return await wait();
    } catch (cause) {
      if (silence.signal.aborted) throw new NoReplyError(`it says nothing for ${silenceMs} ms`, { cause });
      if (late.aborted) throw new NoReplyError(`it takes longer than ${answerMs} ms`, { cause });
      throw cause;
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    signal,
    within,
    async *read(body) {
      if (body === null) return;
      const reader = body.getReader();
      try {
        for (;;) {
          const { done, value } = await within(async () => reader.read());
          if (done) return;
          yield value;
        }
      } finally {
        // One that was ended already has nothing to give back.
        await reader.cancel().catch(() => {});
      }
    },
  };
}

/** A server takes longer than anybody waits. */
export class NoReplyError extends Error {
  override readonly name = "NoReplyError";

  constructor(how: string, options?: ErrorOptions) {
    super(`The upstream gives no answer in time: ${how}. Ask again later, or for less.`, options);
  }
}
