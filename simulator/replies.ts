/** What the simulator's servers answer, whole. */
import type { IncomingMessage, RequestListener } from "node:http";

export type Reply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
};

/** Answers each request; one that goes away meanwhile is none. */
export function replying(reply: (request: IncomingMessage, url: URL) => Promise<Reply>): RequestListener {
  return (request, response) => {
    reply(request, new URL(request.url ?? "", "http://simulator")).then(
      ({ status, headers = {}, body = "" }) => response.writeHead(status, headers).end(body),
      () => response.destroy(),
    );
  };
}

export async function readBody(request: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > mostBytes) throw new TooLongError(mostBytes);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** A body is longer than what is asked for can be. */
export class TooLongError extends Error {
  override readonly name = "TooLongError";

  constructor(mostBytes: number) {
    super(`The body has more than ${mostBytes} bytes. Send less.`);
  }
}
