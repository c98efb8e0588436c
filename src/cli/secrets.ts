/** Where private keys come from: never from the command line, which others can read, nor from a config. */
import { readFile } from "node:fs/promises";

import { isHex, size } from "viem";
import type { Hex } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { decrypt } from "../protocol/keystore.ts";
import { askHidden } from "./terminal.ts";

/** What a key is used for. Roles on one machine need keys of their own: transactions of one key have an order. */
export const ROLES = ["provider", "prover", "agent", "attester"] as const;

export type Role = (typeof ROLES)[number];

type Secret = "PRIVATE_KEY" | "KEYSTORE_PASSWORD";

/** The variables that this reads. */
export type Environment = {
  readonly [name in `ASSAY_${Secret}` | `ASSAY_${Uppercase<Role>}_${Secret}`]?: string | undefined;
};

/** Opens the key file if there is one, or else takes the key from the environment; undefined without either. */
export async function privateKeyFrom(keystore: string | undefined, environment: Environment): Promise<Hex | undefined> {
  return keyFrom(keystore, environment, []);
}

/**
 * The key of a role: from its file if there is one, or else from the environment, where the role's own variable goes
 * before the one that all roles share.
 */
export async function privateKeyOf(role: Role, keystore: string | undefined, environment: Environment): Promise<Hex> {
  const key = await keyFrom(keystore, environment, [upper(role)]);
  if (key === undefined) throw new NoKeyError(role);
  return key;
}

async function keyFrom(
  keystore: string | undefined,
  environment: Environment,
  roles: readonly Uppercase<Role>[],
): Promise<Hex | undefined> {
  if (keystore !== undefined) {
    const [password] = variables(roles, "KEYSTORE_PASSWORD", environment);
    return openKeystore(keystore, password?.text);
  }
  const [found] = variables(roles, "PRIVATE_KEY", environment);
  return found && checkKey(found.text, found.variable);
}

/** Opens a key file, and asks for the password where none is given. */
export async function openKeystore(file: string, password: string | undefined): Promise<Hex> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new UnreadableKeystoreError(file, { cause });
  });
  return decrypt(text, password ?? (await askHidden(`Password of ${file}: `)));
}

/** The variables that are set, those of a role first. */
function variables(
  roles: readonly Uppercase<Role>[],
  what: Secret,
  environment: Environment,
): { readonly variable: string; readonly text: string }[] {
  const names = [...roles.map((role) => `ASSAY_${role}_${what}` as const), `ASSAY_${what}` as const];
  return names.flatMap((variable) => {
    const text = environment[variable];
    return text === undefined || text === "" ? [] : [{ variable, text }];
  });
}

/** A private key in hex, with its prefix. */
export function checkKey(text: string, from: string): Hex {
  const key = text.startsWith("0x") ? text : `0x${text}`;
  try {
    if (isHex(key) && size(key) === 32) {
      privateKeyToAddress(key);
      return key;
    }
  } catch {
    // Zero, or beyond the curve's order. The cause would quote it.
  }
  throw new BadPrivateKeyError(from);
}

function upper(role: Role): Uppercase<Role> {
  return role.toUpperCase() as Uppercase<Role>;
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

/** What should be a private key is none. */
export class BadPrivateKeyError extends Error {
  override readonly name = "BadPrivateKeyError";

  constructor(from: string) {
    super(`${from} must hold a private key of secp256k1: 64 hexadecimal digits, with or without 0x.`);
  }
}

/** A role has no key. */
export class NoKeyError extends Error {
  override readonly name = "NoKeyError";
  readonly role: Role;

  constructor(role: Role) {
    super(
      `The ${role} needs a key. Name a key file in the config or with --keystore FILE ("assay keystore new FILE" makes ` +
        `one), or set ASSAY_${upper(role)}_PRIVATE_KEY.`,
    );
    this.role = role;
  }
}
