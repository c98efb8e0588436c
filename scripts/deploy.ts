// Deploys Assay on a chain: see docs/deploying.md.
import { stopThreads } from "../src/model/groth16.ts";
import { deploy, STEPS } from "./deploy/deploy.ts";
import { jsonOf, questionOf, summaryOf } from "./deploy/report.ts";
import { privateKeyFrom } from "../src/cli/secrets.ts";
import { confirm } from "../src/cli/terminal.ts";
import { parseCommand, USAGE } from "./deploy/usage.ts";
import { buildContracts } from "./local/build-contracts.ts";
import { startProgress } from "../src/cli/progress.ts";
import { runCommand } from "../src/cli/usage.ts";

async function main(): Promise<void> {
  const command = await parseCommand(process.argv.slice(2));
  if (command.isHelp) {
    console.log(USAGE);
    return;
  }
  const privateKey = await privateKeyFrom(command.keystore, process.env);
  const progress = startProgress("deploying", 1 + STEPS);
  try {
    progress.note("building the contracts");
    await buildContracts();
    progress.advance();
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
    console.log(command.isJson ? jsonOf(deployed) : summaryOf(deployed));
  } finally {
    progress.end();
    await stopThreads();
  }
}

try {
  await runCommand(USAGE, main);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
