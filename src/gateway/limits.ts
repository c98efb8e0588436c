/** How much of a gateway one client can take. */
import type { Context, MiddlewareHandler } from "hono";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { z } from "zod";

import { Problem } from "./problem.ts";
import type { GatewayLimits } from "./settings.ts";

/** Addresses that were quiet are forgotten when there are so many. */
const MOST_ADDRESSES = 10_000;

/** Refuses what comes faster from one address than `requestsPerSecond`; a second's worth may come at once. */
export function limitRate(
  { requestsPerSecond }: GatewayLimits,
  now: () => number = () => performance.now(),
): MiddlewareHandler {
  const buckets = new Map<string, { left: number; at: number }>();
  return async (context, next) => {
    const address = addressOf(context);
    const time = now();
    const bucket = buckets.get(address) ?? { left: requestsPerSecond, at: time };
    const left = Math.min(requestsPerSecond, bucket.left + ((time - bucket.at) / 1000) * requestsPerSecond);
    if (left < 1) {
      throw new Problem("too-many-requests", `More than ${requestsPerSecond} requests a second came from one address.`);
    }
    if (buckets.size >= MOST_ADDRESSES && !buckets.has(address)) buckets.clear();
    buckets.set(address, { left: left - 1, at: time });
    await next();
  };
}

/** Refuses what comes while `concurrency` requests are being worked on. */
export function limitConcurrency({ concurrency }: GatewayLimits): MiddlewareHandler {
  let current = 0;
  return async (_context, next) => {
    if (current >= concurrency) {
      throw new Problem("overloaded", `${concurrency} requests are being answered already. Try again in a second.`);
    }
    current += 1;
    try {
      await next();
    } finally {
      current -= 1;
    }
  };
}

/** What a route knows of a request whose body was read. */
export type WithBody = { readonly Variables: { readonly body: string } };

/** Reads a body before anything else counts or checks its request: who sends slowly takes nobody's place. */
export function takeBody(mostBytes: number): MiddlewareHandler<{ Variables: { body: string } }> {
  return async (context, next) => {
    context.set("body", await readBody(context, mostBytes).catch(cutOff));
    await next();
  };
}

/** Reads a body as text, of at most so many bytes, and gives up as soon as there are more. */
async function readBody(context: Context, mostBytes: number): Promise<string> {
  const type = context.req.header("content-type") ?? "";
  if (!/^application\/json\b/i.test(type)) {
    throw new Problem("not-json", `The body must be application/json, got ${type.slice(0, 60) || "nothing"}.`);
  }
  const tooLarge = (): Problem => new Problem("body-too-large", `A body may have ${mostBytes} bytes.`);
  const length = context.req.header("content-length");
  if (length !== undefined) {
    // HTTP ends a body where its length says, so nothing longer can come.
    if (Number(length) > mostBytes) throw tooLarge();
    return context.req.text();
  }
  const body: AsyncIterable<Uint8Array> | null = context.req.raw.body;
  if (body === null) return "";
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.byteLength;
    if (bytes > mostBytes) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** A client that goes away is no fault of this gateway or of its store. */
function cutOff(error: unknown): never {
  if (error instanceof Problem) throw error;
  throw new Problem("malformed-body", "The body ended before it was whole.", { cause: error });
}

/** A body's JSON, by a schema; `otherwise` says what it is not. */
export function readJson<Schema extends z.ZodType>(text: string, schema: Schema, otherwise: string): z.output<Schema> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Problem("malformed-body", "The body is not JSON.");
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Problem("malformed-body", `${otherwise}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}.`);
}

export function addressOf(context: Context): string {
  return getConnInfo(context).remote.address ?? "unknown";
}
