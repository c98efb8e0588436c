#!/usr/bin/env node
/** `assay`: models and their ceremonies, from the command line. */
import { CEREMONY_USAGE } from "./ceremony-usage.ts";
import { modelCommand } from "./model.ts";
import { modelUsage } from "./model/usage.ts";
import { print, runCommand, UsageError } from "./usage.ts";

const USAGE = `Usage: assay model COMMAND ...      make, check, run and publish models
       assay ceremony COMMAND ...   make the keys of models together

  assay model --help and assay ceremony --help tell more.`;

const [name = "--help", ...args] = process.argv.slice(2);

function usageFor(): string {
  if (name === "model") return modelUsage(args[0]);
  return name === "ceremony" ? CEREMONY_USAGE : USAGE;
}

await runCommand(usageFor(), async () => {
  switch (name) {
    case "model":
      return modelCommand(args);
    case "ceremony":
      return (await import("./ceremony.ts")).ceremonyCommand(args);
    case "--help":
      print(USAGE);
      break;
    default:
      throw new UsageError(`assay takes model or ceremony, got ${JSON.stringify(name)}.`);
  }
});
