/** Starts a part of a market in a process of its own, and talks to it: see `runPart`. */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { ProverEvent } from "../../src/prover/prover-events.ts";
import type { PartMessage, PartOrder } from "./run-part.ts";

export type ForkOptions = {
  readonly onEvent?: (event: ProverEvent) => void;
  /** Told each line of its log. */
  readonly onLog?: (line: string) => void;
  /** Options for Node itself. */
  readonly execArgv?: readonly string[];
};

export type ForkedPart = {
  /** What it says of itself once it runs: an address, or an account. */
  readonly name: string;
  readonly child: ChildProcess;
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
};

/** @param body The program, which calls `runPart`. */
export async function forkPart(
  body: URL,
  task: object,
  { onEvent = () => {}, onLog = () => {}, execArgv = [] }: ForkOptions = {},
): Promise<ForkedPart> {
  const child = fork(fileURLToPath(body), {
    // The other forms lose big numbers.
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    execArgv: [...execArgv],
  });
  let rest = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLog(line);
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  const name = await new Promise<string>((resolve, reject) => {
    child.on("message", (message: PartMessage) => {
      if ("ready" in message) resolve(message.ready);
      if ("event" in message) onEvent(message.event);
      if ("failure" in message) reject(new PartFailedError(message.failure));
    });
    child.once("close", (code) => reject(new PartFailedError(`its process ended with ${code}. ${rest}`)));
    child.send({ task } satisfies PartOrder<object>);
  });
  return {
    name,
    child,
    async stop() {
      if (child.connected) child.send("stop" satisfies PartOrder<object>);
      await ended;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** A part of a market did not start in its process. */
export class PartFailedError extends Error {
  override readonly name = "PartFailedError";

  constructor(reason: string) {
    super(`A process of the market did not start: ${reason}`);
  }
}
