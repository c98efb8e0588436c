// Builds the contracts, then does what `assay deploy` does: see docs/deploying.md.
import { deployCommand } from "../src/cli/deploy.ts";
import { USAGE } from "../src/cli/deploy/usage.ts";
import { runCommand } from "../src/cli/usage.ts";
import { buildContracts } from "./local/build-contracts.ts";

try {
  await runCommand(USAGE, async () => deployCommand(process.argv.slice(2), buildContracts));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
