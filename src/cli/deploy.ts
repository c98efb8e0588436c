/** `assay deploy`: see docs/deploying.md. */
import { parseCommand, USAGE } from "./deploy/usage.ts";
import { jsonOf, questionOf, summaryOf } from "./deploy/report.ts";
import { startProgress } from "./progress.ts";
import { privateKeyFrom } from "./secrets.ts";
import { confirm } from "./terminal.ts";
import { print } from "./usage.ts";

/**
 * Runs `assay deploy` with what follows these words on the command line.
 *
 * @param prepare Called before anything is deployed.
 */
export async function deployCommand(args: readonly string[], prepare?: () => Promise<void>): Promise<void> {
  const command = await parseCommand(args);
  if (command.isHelp) {
    print(USAGE);
    return;
  }
  const privateKey = await privateKeyFrom(command.keystore, process.env);
  await prepare?.();
  const { deploy, STEPS } = await loadDeploy();
  const progress = startProgress("deploying", STEPS);
  try {
    const deployed = await deploy({
      ...command,
      privateKey,
      progress,
      async confirm(plan) {
        progress.end();
        return command.isConfirmed || confirm(questionOf(plan));
      },
    });
    progress.end();
    print(command.isJson ? jsonOf(deployed) : summaryOf(deployed));
  } finally {
    progress.end();
  }
}

async function loadDeploy() {
  try {
    return await import("../deploy/deploy.ts");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") throw new NoIgnitionError({ cause });
    throw cause;
  }
}

/** What deploys is not installed: most users of the package never deploy. */
export class NoIgnitionError extends Error {
  override readonly name = "NoIgnitionError";

  constructor(options?: ErrorOptions) {
    super("Deploying needs a package that is not installed. Run: npm install @nomicfoundation/ignition-core", options);
  }
}
