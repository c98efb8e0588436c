/** `assay model`: see docs/models.md. */
import { MODEL_USAGES, modelUsage, type ModelCommand } from "./model/usage.ts";
import { print, UsageError } from "./usage.ts";

type Run = (args: readonly string[]) => Promise<void>;

/** Loaded when they are called: most of what a command needs another does not. */
const COMMANDS: Readonly<Record<ModelCommand, () => Promise<Run>>> = {
  build: async () => (await import("./model/build.ts")).buildCommand,
  report: async () => (await import("./model/report.ts")).reportCommand,
  lint: async () => (await import("./model/lint.ts")).lintCommand,
  run: async () => (await import("./model/run.ts")).runModelCommand,
  prove: async () => (await import("./model/prove.ts")).proveCommand,
  verify: async () => (await import("./model/verify.ts")).verifyCommand,
  publish: async () => (await import("./model/publish.ts")).publishCommand,
};

/**
 * Runs `assay model` with what follows these words on the command line.
 *
 * @throws UsageError, or an error of `parseArgs`, when it is called in a way that it does not know.
 */
export async function modelCommand(args: readonly string[]): Promise<void> {
  const [name = "--help", ...rest] = args;
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name as ModelCommand] : undefined;
  if (name === "--help" || (load !== undefined && rest.includes("--help"))) {
    print(modelUsage(name));
    return;
  }
  if (load === undefined) {
    const known = Object.keys(MODEL_USAGES).join(", ");
    throw new UsageError(`model takes one of ${known}, got ${JSON.stringify(name)}.`);
  }
  const run = await load();
  try {
    await run(rest);
  } finally {
    const { stopThreads } = await import("../model/groth16.ts");
    await stopThreads();
  }
}
