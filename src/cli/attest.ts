/** `assay attest`: see docs/attested.md. */
import { ATTEST_USAGES, attestUsage, type AttestCommand } from "./attest/usage.ts";
import { print, UsageError } from "./usage.ts";

type Run = (args: readonly string[]) => Promise<void>;

/** Loaded when they are called: most of what a command needs another does not. */
const COMMANDS: Readonly<Record<AttestCommand, () => Promise<Run>>> = {
  check: async () => (await import("./attest/check.ts")).checkCommand,
  sign: async () => (await import("./attest/sign.ts")).signCommand,
  submit: async () => (await import("./attest/submit.ts")).submitCommand,
  run: async () => (await import("./attest/run.ts")).runCommand,
  revoke: async () => (await import("./attest/revoke.ts")).revokeCommand,
  publish: async () => (await import("./attest/publish.ts")).publishCommand,
  status: async () => (await import("./attest/status.ts")).statusCommand,
};

/**
 * Runs `assay attest` with what follows these words on the command line.
 *
 * @throws UsageError, or an error of `parseArgs`, when it is called in a way that it does not know.
 */
export async function attestCommand(args: readonly string[]): Promise<void> {
  const [name = "--help", ...rest] = args;
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name as AttestCommand] : undefined;
  if (name === "--help" || (load !== undefined && rest.includes("--help"))) {
    print(attestUsage(name));
    return;
  }
  if (load === undefined) {
    const known = Object.keys(ATTEST_USAGES).join(", ");
    throw new UsageError(`attest takes one of ${known}, got ${JSON.stringify(name)}.`);
  }
  const run = await load();
  await run(rest);
}
