import type { Keystore } from "ox/Keystore";
import { getAddress, type Address } from "viem";

import { describe } from "./describe.ts";

/** Whoever hands over a file decides what opening it costs, so both are bounded: 512 MB, and four times the usual. */
const MAX_SCRYPT_BYTES = 2 ** 29;
const MAX_SCRYPT_WORK = 2 ** 23;
const MAX_PBKDF2_ROUNDS = 10_000_000;

/** All of a derived key that is ever used; some files say it, though they could derive more. */
const KEY_BYTES = 32;

/**
 * A key file that is well-formed, with the address that it names, if any.
 *
 * @example
 * ```ts
 * import { generatePrivateKey } from "viem/accounts";
 * import { create } from "assay/protocol/keystore";
 * import { parseKeystore, type KeystoreFile } from "assay/protocol/keystore-file";
 *
 * const file: KeystoreFile = parseKeystore(create(generatePrivateKey(), "correct horse", { n: 1_024 }));
 * console.log(file.keystore.crypto.kdf); // scrypt
 * ```
 */
export type KeystoreFile = { keystore: Keystore; address: Address | undefined };

/**
 * Reads a web3 secret storage file, version 3, and checks everything but the password.
 *
 * @example
 * ```ts
 * import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
 * import { create } from "assay/protocol/keystore";
 * import { parseKeystore } from "assay/protocol/keystore-file";
 *
 * const privateKey = generatePrivateKey();
 * const { address } = parseKeystore(create(privateKey, "correct horse", { n: 1_024 }));
 * console.log(address === privateKeyToAddress(privateKey)); // true
 * ```
 */
export function parseKeystore(text: string): KeystoreFile {
  const file = object(parse(text), "file");
  if (file["version"] !== 3) throw new UnsupportedKeystoreError("version", file["version"], "3");
  const crypto = object(file["crypto"], "crypto");
  if (crypto["cipher"] !== "aes-128-ctr") {
    throw new UnsupportedKeystoreError("cipher", crypto["cipher"], "aes-128-ctr");
  }
  const iv = hex(object(crypto["cipherparams"], "cipherparams")["iv"], "iv", 16);
  const ciphertext = hex(crypto["ciphertext"], "ciphertext", KEY_BYTES);
  const mac = hex(crypto["mac"], "mac", 32);
  const derivation = parseDerivation(crypto["kdf"], object(crypto["kdfparams"], "kdfparams"));
  return {
    keystore: {
      crypto: { cipher: "aes-128-ctr", cipherparams: { iv }, ciphertext, mac, ...derivation },
      id: typeof file["id"] === "string" ? file["id"] : "",
      version: 3,
    },
    address: file["address"] === undefined ? undefined : getAddress(`0x${hex(file["address"], "address", 20)}`),
  };
}

type Derivation = Pick<Keystore["crypto"], "kdf" | "kdfparams">;

function parseDerivation(kdf: unknown, parameters: Record<string, unknown>): Derivation {
  if (kdf !== "scrypt" && kdf !== "pbkdf2") throw new UnsupportedKeystoreError("kdf", kdf, "scrypt or pbkdf2");
  const salt = hex(parameters["salt"], "salt");
  const dklen = parameters["dklen"];
  if (dklen !== KEY_BYTES) throw new UnsupportedKeystoreError("dklen", dklen, `${KEY_BYTES}`);
  return kdf === "scrypt" ? parseScrypt(parameters, salt) : parsePbkdf2(parameters, salt);
}

function parseScrypt(parameters: Record<string, unknown>, salt: string): Derivation {
  const n = positive(parameters["n"], "n");
  const r = positive(parameters["r"], "r");
  const p = positive(parameters["p"], "p");
  if (n < 2 || !Number.isInteger(Math.log2(n))) throw new DamagedKeystoreError("n", "a power of two above 1", n);
  if (128 * n * r > MAX_SCRYPT_BYTES) throw new CostlyKeystoreError("128 * n * r", 128 * n * r, MAX_SCRYPT_BYTES);
  if (n * r * p > MAX_SCRYPT_WORK) throw new CostlyKeystoreError("n * r * p", n * r * p, MAX_SCRYPT_WORK);
  return { kdf: "scrypt", kdfparams: { dklen: KEY_BYTES, n, p, r, salt } };
}

function parsePbkdf2(parameters: Record<string, unknown>, salt: string): Derivation {
  const prf = parameters["prf"];
  if (prf !== "hmac-sha256") throw new UnsupportedKeystoreError("prf", prf, "hmac-sha256");
  const c = positive(parameters["c"], "c");
  if (c > MAX_PBKDF2_ROUNDS) throw new CostlyKeystoreError("c", c, MAX_PBKDF2_ROUNDS);
  return { kdf: "pbkdf2", kdfparams: { c, dklen: KEY_BYTES, prf, salt } };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without the parser's message, which quotes the text: that may be a key in the clear, and errors end up in logs.
    throw new DamagedKeystoreError("file", "JSON", "another text");
  }
}

function object(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new DamagedKeystoreError(field, "an object", value);
  return { ...value };
}

/** Hex digits without their prefix, which some wallets write and the standard does not have. */
function hex(value: unknown, field: string, bytes?: number): string {
  const digits = typeof value === "string" ? value.replace(/^0x/, "").toLowerCase() : "";
  const isRight = /^([0-9a-f]{2})+$/.test(digits) && (bytes === undefined || digits.length === 2 * bytes);
  if (!isRight) throw new DamagedKeystoreError(field, bytes === undefined ? "hex" : `${bytes} bytes of hex`, value);
  return digits;
}

function positive(value: unknown, field: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) {
    throw new DamagedKeystoreError(field, "a positive integer", value);
  }
  return value;
}

/**
 * Thrown when a text is not a key file, or parts of it are missing or malformed.
 *
 * @example
 * ```ts
 * import { DamagedKeystoreError, parseKeystore } from "assay/protocol/keystore-file";
 *
 * try {
 *   parseKeystore(`{ "version": 3 }`);
 * } catch (error) {
 *   console.log(error instanceof DamagedKeystoreError && error.field); // crypto
 * }
 * ```
 */
export class DamagedKeystoreError extends Error {
  override readonly name = "DamagedKeystoreError";
  readonly field: string;
  readonly expected: string;

  constructor(field: string, expected: string, given: unknown) {
    super(
      `In a key file ${field} must be ${expected}, got ${describe(given)}. Restore the file (web3 secret storage, ` +
        "version 3) from a copy.",
    );
    this.field = field;
    this.expected = expected;
  }
}

/**
 * Thrown when a key file uses something that this library does not know.
 *
 * @example
 * ```ts
 * import { parseKeystore, UnsupportedKeystoreError } from "assay/protocol/keystore-file";
 *
 * try {
 *   parseKeystore(`{ "version": 1 }`);
 * } catch (error) {
 *   console.log(error instanceof UnsupportedKeystoreError && error.field); // version
 * }
 * ```
 */
export class UnsupportedKeystoreError extends Error {
  override readonly name = "UnsupportedKeystoreError";
  readonly field: string;
  readonly given: unknown;
  readonly supported: string;

  constructor(field: string, given: unknown, supported: string) {
    super(`A key file's ${field} must be ${supported}, got ${describe(given)}. Export the key again from its wallet.`);
    this.field = field;
    this.given = given;
    this.supported = supported;
  }
}

/**
 * Thrown when opening a file would take so much memory or time that it looks like an attack.
 *
 * @example
 * ```ts
 * import { generatePrivateKey } from "viem/accounts";
 * import { create } from "assay/protocol/keystore";
 * import { CostlyKeystoreError, parseKeystore } from "assay/protocol/keystore-file";
 *
 * const file = JSON.parse(create(generatePrivateKey(), "correct horse", { n: 1_024 }));
 * file.crypto.kdfparams.n = 2 ** 40;
 * try {
 *   parseKeystore(JSON.stringify(file));
 * } catch (error) {
 *   console.log(error instanceof CostlyKeystoreError && error.cost === 2 ** 50); // true
 * }
 * ```
 */
export class CostlyKeystoreError extends Error {
  override readonly name = "CostlyKeystoreError";
  readonly parameter: string;
  readonly cost: number;
  readonly limit: number;

  constructor(parameter: string, cost: number, limit: number) {
    super(
      `A key file's ${parameter} must be at most ${limit}, got ${cost}: opening it would take too long or too much ` +
        "memory. Do not trust where it came from, or export the key again with less.",
    );
    this.parameter = parameter;
    this.cost = cost;
    this.limit = limit;
  }
}
