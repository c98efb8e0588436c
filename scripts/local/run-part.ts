/** The other end of `forkPart`: does one task, tells what happens, and ends with whoever started it. */
import type { ProverEvent } from "../../src/prover/prover-events.ts";

export type PartOrder<Task> = "stop" | { readonly task: Task };

export type PartMessage = { readonly ready: string } | { readonly event: ProverEvent } | { readonly failure: string };

export type RunningPart = { readonly name: string; readonly stop: () => Promise<void> };

export type StartPart<Task> = (task: Task, tell: (event: ProverEvent) => void) => Promise<RunningPart>;

/** Waits for the task. */
export function runPart<Task>(start: StartPart<Task>): void {
  let running: RunningPart | undefined;
  const begin = async (task: Task): Promise<void> => {
    running = await start(task, (event) => say({ event }));
    say({ ready: running.name });
  };
  const stop = async (): Promise<void> => {
    await running?.stop();
    process.disconnect();
  };
  process.on("message", (order: PartOrder<Task>) => {
    const work = order === "stop" ? stop() : begin(order.task);
    work.catch((error: unknown) => {
      say({ failure: (error as Error).message });
      process.exit(1);
    });
  });
  process.on("disconnect", () => {
    // What is in hand is in the journal too.
    process.exit();
  });
}

function say(message: PartMessage): void {
  if (process.connected) process.send?.(message);
}
