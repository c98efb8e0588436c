/** The enclave's routes, for gateways alone: each reads, asks one of the parts, and writes. */
import { Hono } from "hono";
import { isHash, type Hex } from "viem";
import { z } from "zod";

import { attestedModelOf } from "../enclave/manifest.ts";
import type { ServingPolicy } from "../enclave/statement.ts";
import { readBlock, type Attestation } from "./attestation.ts";
import type { Answering, Lines } from "./answering.ts";
import { readBody } from "./body.ts";
import type { Tell } from "./events.ts";
import type { InsideLimits } from "./limits.ts";
import type { Orders } from "./order.ts";
import { Problem } from "./problem.ts";
import type { Statements } from "./statements.ts";

export type InsideOptions = {
  readonly policy: ServingPolicy;
  readonly statements: Statements;
  readonly attestation: Attestation;
  readonly orders: Orders;
  readonly answering: Answering;
  readonly limits: InsideLimits;
  /** Seconds of Unix time. */
  readonly now: () => number;
  readonly tell: Tell;
};

const SMALL_BODY = 1_024;

const endSchema = z.strictObject({ delivered: z.int().nonnegative() });

export function insideApp(options: InsideOptions): Hono {
  const { policy, statements, attestation, orders, answering, limits, now, tell } = options;
  const models = policy.models.map(attestedModelOf);
  const app = new Hono();

  app.get("/healthz", (context) => {
    const { key, epoch, expires } = statements.current();
    return context.json({ status: "ok", key, epoch, expires, models, answering: answering.count() });
  });
  app.get("/evidence", async (context) => {
    const block = readBlock({ number: context.req.query("number"), hash: context.req.query("hash") });
    return context.json(await attestation.over(block));
  });
  app.post("/answers", async (context) => {
    const order = orders.read(await readBody(context, limits.bodyBytes), statements.current(), now());
    const lines = await answering.begin(order, context.req.raw.signal);
    context.header("content-type", "application/x-ndjson");
    context.header("cache-control", "no-store");
    return context.body(streamOf(lines, tell));
  });
  app.post("/answers/:id/end", async (context) => {
    const id = context.req.param("id");
    if (!isHash(id)) throw new Problem("unknown-answer", "Answers have the ids of their requests, of 32 bytes.");
    const { delivered } = readEnd(await readBody(context, SMALL_BODY));
    return context.json(await answering.end(id.toLowerCase() as Hex, delivered));
  });

  app.notFound(() => problemResponse(new Problem("not-found", "There are /evidence, /answers and /healthz.")));
  app.onError((error) => {
    const problem = problemOf(error, tell);
    tell({ kind: "refused", code: problem.code });
    return problemResponse(problem);
  });
  return app;
}

function readEnd(text: string): z.output<typeof endSchema> {
  try {
    return endSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Problem("malformed-body", 'The body must be {"delivered": N}, with the number of chunks.', { cause });
  }
}

/** As fast as the gateway reads: nothing is asked of the upstream that nobody has room for. */
function streamOf(lines: Lines, tell: Tell): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const encoded = (line: object): Uint8Array => encoder.encode(`${JSON.stringify(line)}\n`);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const line = await lines.next();
          if (line === undefined) controller.close();
          else controller.enqueue(encoded(line));
        } catch (error) {
          const { code, message: detail } = problemOf(error, tell);
          controller.enqueue(encoded({ problem: { code, detail } }));
          controller.close();
        }
      },
      cancel: () => lines.leave(),
    },
    new CountQueuingStrategy({ highWaterMark: 0 }),
  );
}

/** Of a mistake in this program nothing gets out but where it is. */
function problemOf(error: unknown, tell: Tell): Problem {
  if (error instanceof Problem) return error;
  const { name, stack = "" } = error instanceof Error ? error : new TypeError("no error");
  const where = stack.split("\n").find((line) => line.startsWith("    at ")) ?? "";
  tell({ kind: "fault", error: name, where: where.trim() });
  return new Problem("fault", "Nothing was signed: the same request can be sent again.");
}

function problemResponse(problem: Problem): Response {
  const headers = new Headers({ "content-type": "application/problem+json" });
  if (problem.status === 503) headers.set("retry-after", "1");
  return new Response(JSON.stringify(problem.toJson()), { status: problem.status, headers });
}
