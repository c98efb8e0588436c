/** Starts a provider's process, and talks to it. */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { ProvingSettings } from "../../src/cli/serve/provider.ts";
import type { GatewaySettings } from "../../src/gateway/settings.ts";
import type { ProverEvent } from "../../src/prover/prover-events.ts";

export type ProviderOrder =
  "stop" | { readonly settings: GatewaySettings; readonly proving: ProvingSettings | undefined };

export type ProviderMessage = { readonly url: string } | { readonly event: ProverEvent } | { readonly failure: string };

export type ForkedProvider = {
  readonly url: string;
  readonly child: ChildProcess;
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
};

const BODY = fileURLToPath(new URL("./provider-process.ts", import.meta.url));

export type ForkOptions = {
  readonly onEvent?: (event: ProverEvent) => void;
  /** Told each line of its log. */
  readonly onLog?: (line: string) => void;
  /** Options for Node itself. */
  readonly execArgv?: readonly string[];
};

export async function forkProvider(
  settings: GatewaySettings,
  proving: ProvingSettings | undefined,
  { onEvent = () => {}, onLog = () => {}, execArgv = [] }: ForkOptions = {},
): Promise<ForkedProvider> {
  const child = fork(BODY, {
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
    child.once("close", () => resolve());
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.on("message", (message: ProviderMessage) => {
      if ("url" in message) resolve(message.url);
      if ("event" in message) onEvent(message.event);
      if ("failure" in message) reject(new ProviderFailedError(message.failure));
    });
    child.once("close", (code) => reject(new ProviderFailedError(`its process ended with ${code}. ${rest}`)));
    child.send({ settings, proving } satisfies ProviderOrder);
  });
  return {
    url,
    child,
    async stop() {
      if (child.connected) child.send("stop" satisfies ProviderOrder);
      await ended;
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** A provider's process did not start. */
export class ProviderFailedError extends Error {
  override readonly name = "ProviderFailedError";

  constructor(reason: string) {
    super(`The provider did not start: ${reason}`);
  }
}
