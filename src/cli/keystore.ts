/** `assay keystore`: private keys in files that a password opens, in web3 secret storage. */
import { access, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import type { Hex } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";

import { create } from "../protocol/keystore.ts";
import { checkKey, openKeystore } from "./secrets.ts";
import { askHidden } from "./terminal.ts";
import { only, print, UsageError } from "./usage.ts";

export const KEYSTORE_USAGE = `Usage: assay keystore new FILE
       assay keystore import FILE
       assay keystore address FILE

Keeps private keys in files that a password opens: web3 secret storage, which other wallets read too.

  new       makes a key, and puts it into a file that is not there yet
  import    puts a key that there is already into such a file: the one in ASSAY_PRIVATE_KEY, or one that is typed
  address   opens a file, and tells whose key it has

The password is in ASSAY_KEYSTORE_PASSWORD, or asked for. Nobody can open a file whose password is lost.

  --json    print only JSON
  --help    print this`;

const LEAST_PASSWORD = 8;

/** Only whoever owns the file reads it. */
const OWNER_ONLY = 0o600;

type Command = (file: string) => Promise<Hex>;

const COMMANDS: Readonly<Record<string, Command>> = {
  new: async (file) => keep(file, async () => generatePrivateKey()),
  import: async (file) => keep(file, givenKey),
  address: async (file) => openKeystore(file, passwordGiven()),
};

/**
 * Runs `assay keystore` with what follows these words on the command line.
 *
 * @throws UsageError, or an error of `parseArgs`, when it is called in a way that it does not know.
 */
export async function keystoreCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { json: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const [name, ...rest] = positionals;
  if (values.help || name === undefined) {
    print(KEYSTORE_USAGE);
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    throw new UsageError(`keystore takes one of ${Object.keys(COMMANDS).join(", ")}, got ${JSON.stringify(name)}.`);
  }
  const file = only(rest, "a key file");
  const address = privateKeyToAddress(await command(file));
  print(values.json ? JSON.stringify({ file, address }) : address);
}

async function keep(file: string, key: () => Promise<Hex>): Promise<Hex> {
  // Before anybody types anything; that it is so when it is written, the writing makes sure of.
  if (await isThere(file)) throw new KeystoreExistsError(file);
  const privateKey = await key();
  const text = create(privateKey, await newPassword(file));
  try {
    await writeFile(file, `${text}\n`, { flag: "wx", mode: OWNER_ONLY, flush: true });
  } catch (cause) {
    const isTaken = (cause as NodeJS.ErrnoException).code === "EEXIST";
    throw isTaken ? new KeystoreExistsError(file, { cause }) : cause;
  }
  return privateKey;
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}

async function givenKey(): Promise<Hex> {
  const given = process.env["ASSAY_PRIVATE_KEY"] ?? "";
  if (given !== "") return checkKey(given, "ASSAY_PRIVATE_KEY");
  return checkKey(await askHidden("Private key: ", "ASSAY_PRIVATE_KEY"), "What you type");
}

async function newPassword(file: string): Promise<string> {
  const password = passwordGiven() ?? (await askTwice(file));
  if (password.length < LEAST_PASSWORD) throw new ShortPasswordError();
  return password;
}

async function askTwice(file: string): Promise<string> {
  const password = await askHidden(`New password of ${file}: `);
  if ((await askHidden("The same again: ")) !== password) throw new UnlikePasswordsError();
  return password;
}

function passwordGiven(): string | undefined {
  const password = process.env["ASSAY_KEYSTORE_PASSWORD"] ?? "";
  return password === "" ? undefined : password;
}

/** A file is there already, which may hold the only copy of a key. */
export class KeystoreExistsError extends Error {
  override readonly name = "KeystoreExistsError";

  constructor(file: string, options?: ErrorOptions) {
    super(
      `${file} is there already, and is not overwritten: it may hold the only copy of a key. Name another.`,
      options,
    );
  }
}

/** A password that is found by trying. */
export class ShortPasswordError extends Error {
  override readonly name = "ShortPasswordError";

  constructor() {
    super(`A password must have at least ${LEAST_PASSWORD} characters: whoever gets the file tries all shorter ones.`);
  }
}

/** The password was typed in two ways. */
export class UnlikePasswordsError extends Error {
  override readonly name = "UnlikePasswordsError";

  constructor() {
    super("The two passwords differ, so nothing was written. Run this again.");
  }
}
