/** `assay tab`: shows tabs, and moves what is on them. */
import { exitTab } from "./tab/exit.ts";
import { showTabs } from "./tab/show.ts";
import { stake } from "./tab/stake.ts";
import { TAB_USAGE } from "./tab/usage.ts";
import { parseTab, type TabValues } from "./tab/values.ts";
import { withdraw } from "./tab/withdraw.ts";
import { print, UsageError } from "./usage.ts";

type Command = {
  readonly options: Parameters<typeof parseTab>[1];
  readonly run: (values: TabValues) => Promise<void>;
};

const SHOW: Command = { options: ["payer", "provider", "as"], run: showTabs };

const COMMANDS: Readonly<Record<string, Command>> = {
  exit: { options: ["payer", "provider"], run: exitTab },
  withdraw: { options: ["amount", "to", "as"], run: withdraw },
  stake: { options: ["payer", "amount"], run: stake },
};

/**
 * Runs `assay tab` with what follows these words on the command line.
 *
 * @throws UsageError, or an error of `parseArgs`, when it is called in a way that it does not know.
 */
export async function tabCommand(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) {
    print(TAB_USAGE);
    return;
  }
  const [name = ""] = args;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined && name !== "" && !name.startsWith("-")) {
    throw new UsageError(
      `tab takes one of ${Object.keys(COMMANDS).join(", ")}, or nothing, got ${JSON.stringify(name)}.`,
    );
  }
  const { options, run } = command ?? SHOW;
  await run(parseTab(command === undefined ? args : args.slice(1), options));
}
