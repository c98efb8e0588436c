/** Where the deploying account's private key comes from: never from the command line, which others can read. */
import { readFile } from "node:fs/promises";

import { isHex, size } from "viem";
import type { Hex } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { decrypt } from "../protocol/keystore.ts";
import { askHidden } from "./terminal.ts";

/** The variables that this reads. */
export type Environment = {
  readonly [name in "ASSAY_PRIVATE_KEY" | "ASSAY_KEYSTORE_PASSWORD"]?: string | undefined;
};

/** Opens the key file if there is one, or else takes the key from the environment; undefined without either. */
export async function privateKeyFrom(keystore: string | undefined, environment: Environment): Promise<Hex | undefined> {
  if (keystore !== undefined) {
    const text = await readFile(keystore, "utf8").catch((cause: unknown) => {
      throw new UnreadableKeystoreError(keystore, { cause });
    });
    return decrypt(text, environment.ASSAY_KEYSTORE_PASSWORD ?? (await askHidden(`Password of ${keystore}: `)));
  }
  const key = environment.ASSAY_PRIVATE_KEY;
  return key === undefined || key === "" ? undefined : checkKey(key);
}

function checkKey(text: string): Hex {
  const key = text.startsWith("0x") ? text : `0x${text}`;
  try {
    if (isHex(key) && size(key) === 32) {
      privateKeyToAddress(key);
      return key;
    }
  } catch {
    // Zero, or beyond the curve's order. The cause would quote it.
  }
  throw new BadPrivateKeyError();
}

/** The key file cannot be read. */
export class UnreadableKeystoreError extends Error {
  override readonly name = "UnreadableKeystoreError";
  readonly file: string;

  constructor(file: string, options?: ErrorOptions) {
    super(`The key file ${file} cannot be read. Check its path and its permissions.`, options);
    this.file = file;
  }
}

/** What the environment holds is no private key. */
export class BadPrivateKeyError extends Error {
  override readonly name = "BadPrivateKeyError";

  constructor() {
    super("ASSAY_PRIVATE_KEY must hold a private key of secp256k1: 64 hexadecimal digits, with or without 0x.");
  }
}
