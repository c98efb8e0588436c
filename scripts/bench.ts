import { attestCommand, ATTEST_USAGE } from "./bench/attest-command.ts";
import { gasCommand, GAS_USAGE } from "./bench/gas-command.ts";
import { gatewayCommand, GATEWAY_USAGE } from "./bench/gateway-command.ts";
import { modelsCommand, MODELS_USAGE } from "./bench/models-command.ts";
import { runCommand, UsageError } from "../src/cli/usage.ts";

type Command = { readonly run: (args: readonly string[]) => Promise<void>; readonly usage: string };

const COMMANDS: Readonly<Record<string, Command>> = {
  attest: { run: attestCommand, usage: ATTEST_USAGE },
  gas: { run: gasCommand, usage: GAS_USAGE },
  gateway: { run: gatewayCommand, usage: GATEWAY_USAGE },
  models: { run: modelsCommand, usage: MODELS_USAGE },
};

const USAGE = Object.values(COMMANDS)
  .map(({ usage }) => usage)
  .join("\n\n");

const [name = "", ...args] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;

await runCommand(command?.usage ?? USAGE, async () => {
  if (name === "--help" || args.includes("--help")) {
    console.log(command?.usage ?? USAGE);
    return;
  }
  if (command === undefined) {
    throw new UsageError(
      `What to measure must be "attest", "gas", "gateway" or "models", got ${JSON.stringify(name)}.`,
    );
  }
  await command.run(args);
});
