#!/usr/bin/env node
/** `assay`: models and their ceremonies, from the command line. */
import { ceremonyCommand } from "./ceremony.ts";
import { CEREMONY_USAGE } from "./ceremony-usage.ts";
import { modelCommand } from "./model.ts";
import { MODEL_USAGE } from "./model/usage.ts";
import { print, runCommand, UsageError } from "./usage.ts";

const USAGE = `Usage: assay model COMMAND ...      make, check, run and publish models
       assay ceremony COMMAND ...   make the keys of models together

  assay model --help and assay ceremony --help tell more.`;

const COMMANDS = {
  model: { run: modelCommand, usage: MODEL_USAGE },
  ceremony: { run: ceremonyCommand, usage: CEREMONY_USAGE },
} as const;

const [name = "--help", ...args] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name as keyof typeof COMMANDS] : undefined;

await runCommand(command?.usage ?? USAGE, async () => {
  if (command !== undefined) return command.run(args);
  if (name !== "--help") {
    throw new UsageError(`assay takes one of ${Object.keys(COMMANDS).join(", ")}, got ${JSON.stringify(name)}.`);
  }
  print(USAGE);
});
