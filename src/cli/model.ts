/** `assay model`: see docs/models.md. */
import { stopThreads } from "../model/groth16.ts";
import { buildCommand } from "./model/build.ts";
import { lintCommand } from "./model/lint.ts";
import { proveCommand } from "./model/prove.ts";
import { publishCommand } from "./model/publish.ts";
import { reportCommand } from "./model/report.ts";
import { runModelCommand } from "./model/run.ts";
import { MODEL_USAGE } from "./model/usage.ts";
import { verifyCommand } from "./model/verify.ts";
import { print, UsageError } from "./usage.ts";

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  build: buildCommand,
  report: reportCommand,
  lint: lintCommand,
  run: runModelCommand,
  prove: proveCommand,
  verify: verifyCommand,
  publish: publishCommand,
};

/**
 * Runs `assay model` with what follows these words on the command line.
 *
 * @throws UsageError, or an error of `parseArgs`, when it is called in a way that it does not know.
 */
export async function modelCommand(args: readonly string[]): Promise<void> {
  const [name = "--help", ...rest] = args;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (name === "--help" || (command !== undefined && rest.includes("--help"))) {
    print(MODEL_USAGE);
    return;
  }
  if (command === undefined) {
    const known = Object.keys(COMMANDS).join(", ");
    throw new UsageError(`model takes one of ${known}, got ${JSON.stringify(name)}.`);
  }
  try {
    await command(rest);
  } finally {
    await stopThreads();
  }
}
