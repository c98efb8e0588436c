#!/usr/bin/env node
/** `assay`: the command line of agents, providers and provers. */
import { print, runCommand, UsageError } from "./usage.ts";

/** One of the commands, with what to show whoever calls it wrongly. */
type Command = {
  readonly usage: string | ((args: readonly string[]) => string);
  readonly run: (args: readonly string[]) => Promise<void>;
};

/** Loaded when they are called: most of what a command needs another does not. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  async model() {
    const [{ modelCommand }, { modelUsage }] = await Promise.all([import("./model.ts"), import("./model/usage.ts")]);
    return { run: modelCommand, usage: ([command]) => modelUsage(command) };
  },
  async ceremony() {
    const { CEREMONY_USAGE: usage } = await import("./ceremony-usage.ts");
    return { run: async (args) => (await import("./ceremony.ts")).ceremonyCommand(args), usage };
  },
  async keystore() {
    const { keystoreCommand: run, KEYSTORE_USAGE: usage } = await import("./keystore.ts");
    return { run, usage };
  },
  async deploy() {
    const [{ deployCommand }, { USAGE: usage }] = await Promise.all([
      import("./deploy.ts"),
      import("./deploy/usage.ts"),
    ]);
    return { run: async (args) => deployCommand(args), usage };
  },
  async serve() {
    const { SERVE_USAGE: usage } = await import("./serve/usage.ts");
    return { run: async (args) => (await import("./serve.ts")).serveCommand(args), usage };
  },
  async prove() {
    const { PROVE_USAGE: usage } = await import("./serve/usage.ts");
    return { run: async (args) => (await import("./prove.ts")).proveCommand(args), usage };
  },
  async ask() {
    const { ASK_USAGE: usage } = await import("./ask/usage.ts");
    return { run: async (args) => (await import("./ask.ts")).askCommand(args), usage };
  },
  async fund() {
    const { FUND_USAGE: usage } = await import("./tab/usage.ts");
    return { run: async (args) => (await import("./fund.ts")).fundCommand(args), usage };
  },
  async tab() {
    const { TAB_USAGE: usage } = await import("./tab/usage.ts");
    return { run: async (args) => (await import("./tab.ts")).tabCommand(args), usage };
  },
  async receipt() {
    const { RECEIPT_USAGE: usage } = await import("./receipt/usage.ts");
    return { run: async (args) => (await import("./receipt.ts")).receiptCommand(args), usage };
  },
  async audit() {
    const { AUDIT_USAGE: usage } = await import("./audit/usage.ts");
    return { run: async (args) => (await import("./audit.ts")).auditCommand(args), usage };
  },
  async enclave() {
    const { ENCLAVE_USAGE: usage } = await import("./enclave/usage.ts");
    return { run: async (args) => (await import("./enclave.ts")).enclaveCommand(args), usage };
  },
  async attest() {
    const [{ attestCommand }, { attestUsage }] = await Promise.all([
      import("./attest.ts"),
      import("./attest/usage.ts"),
    ]);
    return { run: attestCommand, usage: ([command]) => attestUsage(command) };
  },
  async doctor() {
    const { DOCTOR_USAGE: usage } = await import("./doctor/usage.ts");
    return { run: async (args) => (await import("./doctor.ts")).doctorCommand(args), usage };
  },
};

const USAGE = `Usage: assay model COMMAND ...      make, check, run and publish models
       assay ceremony COMMAND ...   make the keys of models together
       assay keystore COMMAND ...   keep private keys in files that a password opens
       assay deploy ...             put the contracts on a chain
       assay serve ...              sell answers
       assay prove ...              prove answers, and settle them
       assay ask MODEL ...          buy an answer
       assay fund ...               put money on a tab
       assay tab ...                show tabs, and move what is on them
       assay receipt COMMAND ...    check what an answer is worth, and take what is owed for a broken promise
       assay audit COMMAND ...      show a provider's receipts to somebody else
       assay enclave ...            answer from inside an enclave
       assay attest COMMAND ...     check enclaves, and let the chain know of their keys
       assay doctor ...             look over all that is set up here

  assay COMMAND --help tells more.`;

const [name = "--help", ...args] = process.argv.slice(2);
const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
const command = await load?.();
const usage = command?.usage ?? USAGE;

await runCommand(typeof usage === "string" ? usage : usage(args), async () => {
  if (command !== undefined) {
    await command.run(args);
    return;
  }
  if (name !== "--help") {
    throw new UsageError(`assay takes one of ${Object.keys(COMMANDS).join(", ")}, got ${JSON.stringify(name)}.`);
  }
  print(USAGE);
});
