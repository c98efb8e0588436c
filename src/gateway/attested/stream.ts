/** An answer as server-sent events: each chunk as it comes, and at the end what it cost, where clients of others see nothing. */
import type { Context } from "hono";

import { Problem } from "../problem.ts";
import type { Answering, Entered } from "./answering.ts";

/** How a stream of the OpenAI API ends. */
const DONE = "data: [DONE]\n\n";

/**
 * Passes chunks on as fast as the client takes them. The settlement follows the last one as a comment, which every reader of
 * server-sent events skips.
 */
export function streamAnswer(
  context: Context,
  { next, cut }: Answering,
  tailOf: (entered: Entered) => object,
  onError: (error: Error) => void,
): Response {
  const encoder = new TextEncoder();
  let delivered = 0;
  let isOver = false;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const step = await next();
          if (isOver) return;
          if ("chunk" in step) {
            controller.enqueue(encoder.encode(eventOf(step.chunk)));
            delivered += 1;
            return;
          }
          controller.enqueue(encoder.encode(`: assay ${JSON.stringify(tailOf(step.entered))}\n\n${DONE}`));
        } catch (error) {
          if (isOver) return;
          onError(error as Error);
          controller.enqueue(encoder.encode(eventOf(JSON.stringify({ error: problemOf(error) }))));
        }
        isOver = true;
        controller.close();
      },
      async cancel() {
        if (isOver) return;
        isOver = true;
        await cut(delivered).catch(onError);
      },
    },
    // Nothing is asked for ahead: what the client does not take is not delivered.
    { highWaterMark: 0 },
  );
  context.header("content-type", "text/event-stream");
  context.header("cache-control", "no-store");
  return context.body(body);
}

/** One event; a chunk of several lines is several lines of data. */
function eventOf(chunk: string): string {
  const lines = chunk.split("\n").map((line) => `data: ${line}\n`);
  return `${lines.join("")}\n`;
}

function problemOf(error: unknown): object {
  const problem = error instanceof Problem ? error : new Problem("fault", "Nothing was charged: ask again.");
  const { code, message } = problem;
  return { message, type: "assay_error", code };
}
