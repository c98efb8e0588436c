/** `GET /v1/requests/:id/events`: each thing that happens to a request, once, as a server-sent event. */
import type { Context } from "hono";
import { streamSSE, type SSEStreamingApi } from "hono/streaming";

import type { RequestStatus, StatusWatcher } from "./status.ts";
import type { Hex } from "viem";

/** So that whatever stands between does not take the stream for dead. */
const ALIVE_MS = 15_000;

export function streamEvents(context: Context, id: Hex, watcher: StatusWatcher): Response {
  return streamSSE(context, async (stream) => {
    const inbox = openInbox();
    const stop = watcher.watch(id, (status) => inbox.put(status));
    stream.onAbort(() => {
      stop();
      inbox.close();
    });
    try {
      let told: readonly string[] = [];
      while (!stream.aborted) {
        const status = await inbox.take(ALIVE_MS);
        if (status === undefined) {
          await stream.write(": alive\n\n");
          continue;
        }
        told = await tell(stream, status, told);
        if (status.isFinal) return;
      }
    } finally {
      stop();
    }
  });
}

/** Tells what is new in a status, and answers what is told by now. */
async function tell(
  stream: SSEStreamingApi,
  status: RequestStatus,
  told: readonly string[],
): Promise<readonly string[]> {
  const keys = status.events.map(({ event, transaction }) => `${event} ${transaction ?? ""}`);
  // What was told and is no longer so was reorganised away: all that is left is told again.
  const isRolledBack = told.some((key) => !keys.includes(key));
  if (isRolledBack) await stream.writeSSE({ event: "rolled-back", data: JSON.stringify(status) });
  for (const [index, event] of status.events.entries()) {
    if (!isRolledBack && told.includes(keys[index] ?? "")) continue;
    await stream.writeSSE({ event: event.event, data: JSON.stringify(event) });
  }
  return keys;
}

/** Statuses that came and were not told yet; only the last one counts. */
function openInbox() {
  let last: RequestStatus | undefined;
  let wake: (() => void) | undefined;
  return {
    put(status: RequestStatus): void {
      last = status;
      wake?.();
    },
    /** The last status that came, or undefined when none comes in time. */
    async take(ms: number): Promise<RequestStatus | undefined> {
      if (last === undefined) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      const status = last;
      last = undefined;
      return status;
    },
    close: () => wake?.(),
  };
}
