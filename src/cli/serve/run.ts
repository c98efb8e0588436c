/** Commands that run until they are told to end. */
import { logTo, type Log } from "../../gateway/log.ts";
import { print } from "../usage.ts";

/** Logs go to the error stream, a line of JSON each. */
export const processLog: Log = logTo((line) => void process.stderr.write(`${line}\n`));

function atOnce(): void {
  process.exit(130);
}

/**
 * Says that all runs, and waits for a signal; then ends all in order. A second signal ends the process at once: nothing is
 * lost by that, only done again.
 */
export async function runUntilSignal(started: object, stop: () => Promise<void>): Promise<void> {
  print(JSON.stringify(started));
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once("SIGINT", resolve).once("SIGTERM", resolve);
  });
  processLog("info", "stopping", { signal });
  process.once("SIGINT", atOnce).once("SIGTERM", atOnce);
  await stop();
  process.off("SIGINT", atOnce).off("SIGTERM", atOnce);
}
