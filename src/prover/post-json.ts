/** Asking a server that is not trusted: what comes back is bounded in size and time. */

export type PostOptions = {
  readonly timeoutMs: number;
  readonly mostBytes: number;
  readonly signal?: AbortSignal;
};

export type Posted = {
  readonly status: number;
  /** What the answer's JSON is; undefined where the answer has none. */
  readonly body: unknown;
};

/** Posts JSON. Rejects with FeedUnreachableError or FeedAnswerError, which name the server by its origin alone. */
export async function postJson(url: URL, body: unknown, options: PostOptions): Promise<Posted> {
  const { timeoutMs, mostBytes, signal } = options;
  const { origin } = url;
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      // Where else it would be sent nobody chose.
      redirect: "error",
      signal: signal === undefined ? late : AbortSignal.any([late, signal]),
    });
    const text = await read(response, mostBytes);
    return { status: response.status, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
  } catch (cause) {
    if (late.aborted) throw new FeedAnswerError(origin, `it took longer than ${timeoutMs} ms`, { cause });
    if (cause instanceof TooLargeError) throw new FeedAnswerError(origin, `it is larger than ${mostBytes} bytes`);
    if (cause instanceof SyntaxError) throw new FeedAnswerError(origin, "it is no JSON", { cause });
    throw new FeedUnreachableError(origin, { cause });
  }
}

async function read({ body }: Response, most: number): Promise<string> {
  if (body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop closes the connection.
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > most) throw new TooLargeError();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

class TooLargeError extends Error {}

/** Nobody answers at a gateway's address. */
export class FeedUnreachableError extends Error {
  override readonly name = "FeedUnreachableError";
  readonly origin: string;

  constructor(origin: string, options?: ErrorOptions) {
    super(`No gateway answers at ${origin}. Check its address.`, options);
    this.origin = origin;
  }
}

/** A gateway answers something that is none of its answers. */
export class FeedAnswerError extends Error {
  override readonly name = "FeedAnswerError";
  readonly origin: string;

  constructor(origin: string, reason: string, options?: ErrorOptions) {
    super(`The gateway at ${origin} gave no answer that a job feed gives: ${reason}.`, options);
    this.origin = origin;
  }
}
