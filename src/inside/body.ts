/** Reading what a gateway sends, up to so many bytes. */
import type { Context } from "hono";

import { Problem } from "./problem.ts";

export async function readBody(context: Context, mostBytes: number): Promise<string> {
  const type = context.req.header("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new Problem("not-json", `The body must be application/json, got ${type.slice(0, 60) || "nothing"}.`);
  }
  const tooLarge = (): Problem => new Problem("body-too-large", `A body may have ${mostBytes} bytes.`);
  if (Number(context.req.header("content-length") ?? 0) > mostBytes) throw tooLarge();
  const { body } = context.req.raw;
  if (body === null) return "";
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of body as AsyncIterable<Uint8Array>) {
      bytes += part.byteLength;
      if (bytes > mostBytes) throw tooLarge();
      parts.push(part);
    }
    // Of bytes that are no text, two readers make two texts.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts));
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem("malformed-body", "The body ended before it was whole, or is no UTF-8.", { cause });
  }
}
