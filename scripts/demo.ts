import { parseArgs } from "node:util";

import { endAll } from "../src/cli/serve/provider.ts";
import { print, runCommand } from "../src/cli/usage.ts";
import { stopThreads } from "../src/model/groth16.ts";
import { listenForInterruption } from "./demo/interruption.ts";
import { play } from "./demo/play.ts";
import type { Closing } from "./demo/stage.ts";
import { startStory } from "./demo/story.ts";

const USAGE = `Usage: npm run demo [-- --json]

Plays a whole market on a local node, with real proofs: a provider sells answers of three models to an agent and to a
stock x402 client, and is paid once they are proven; a simulated enclave answers for a model too large to prove; then what
happens to a provider that stops proving, to one that lies, and to a stock client whose answer nobody proves. Ends all
that it starts, on Ctrl-C too.

  --json    print only the figures, as one object; money is in millionths of a dollar
  --help    print this`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: "boolean" }, help: { type: "boolean" } } });
  if (values.help === true) {
    print(USAGE);
    return;
  }
  const isJson = values.json === true;
  const closing: Closing = [stopThreads];
  const interruption = listenForInterruption();
  const playing = play(startStory(isJson ? () => {} : print, process.stdout.isTTY), closing);
  try {
    const ended = await Promise.race([playing, interruption.code]);
    if (typeof ended !== "number") {
      if (isJson) print(JSON.stringify(ended, null, 2));
      return;
    }
    await endAll(closing);
    // What was being played is waiting for things that will never happen.
    process.exit(ended);
  } finally {
    await endAll(closing);
    interruption.forget();
  }
}

await runCommand(USAGE, main);
