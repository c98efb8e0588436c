import * as Keystore from "ox/Keystore";
import { isAddressEqual, type Address, type Hex } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { parseKeystore } from "./keystore-file.ts";

/** What other wallets write by default: 256 MB and about a second. */
const SCRYPT = { n: 262_144, r: 8, p: 1 } as const;

/**
 * Encrypts a private key with a password: the text of a file in web3 secret storage, version 3. It takes about a
 * second, on purpose. A lower `n` is for keys that are worth nothing.
 *
 * @example
 * ```ts
 * import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
 * import { create } from "assay/protocol/keystore";
 *
 * const privateKey = generatePrivateKey();
 * const file = JSON.parse(create(privateKey, "correct horse battery staple", { n: 1_024 }));
 * console.log(`0x${file.address}` === privateKeyToAddress(privateKey).toLowerCase()); // true
 * ```
 */
export function create(privateKey: Hex, password: string, { n }: { n: number } = SCRYPT): string {
  const address = privateKeyToAddress(privateKey).slice(2).toLowerCase();
  const [key, options] = Keystore.scrypt({ ...SCRYPT, n, password });
  return JSON.stringify({ address, ...Keystore.encrypt(privateKey, key, options) }, null, 2);
}

/**
 * Decrypts the private key in the text of a web3 secret storage file. It takes as long as the file's maker chose,
 * within limits: a file that asks for absurdly much is refused before any work is done.
 *
 * @example
 * ```ts
 * import { generatePrivateKey } from "viem/accounts";
 * import { create, decrypt } from "assay/protocol/keystore";
 *
 * const privateKey = generatePrivateKey();
 * const text = create(privateKey, "correct horse battery staple", { n: 1_024 });
 * console.log(decrypt(text, "correct horse battery staple") === privateKey); // true
 * ```
 *
 * @throws {@link DamagedKeystoreError} when it is no such file.
 * @throws {@link UnsupportedKeystoreError} when its version, cipher or key derivation is another.
 * @throws {@link CostlyKeystoreError} when its key derivation would take too much memory or time.
 * @throws {@link WrongPasswordError} when the password does not fit.
 * @throws {@link WrongAddressError} when it names another address than its key's.
 */
export function decrypt(text: string, password: string): Hex {
  const { keystore, address } = parseKeystore(text);
  const privateKey = open(keystore, password);
  const actual = privateKeyToAddress(privateKey);
  if (address !== undefined && !isAddressEqual(address, actual)) throw new WrongAddressError(address, actual);
  return privateKey;
}

function open(keystore: Keystore.Keystore, password: string): Hex {
  const key = Keystore.toKey(keystore, { password });
  try {
    return Keystore.decrypt(keystore, key);
  } catch (cause) {
    // The file was found well-formed, so all that can be wrong is the checksum of the key.
    throw new WrongPasswordError({ cause });
  }
}

/**
 * Thrown when the password does not open the file.
 *
 * @example
 * ```ts
 * import { generatePrivateKey } from "viem/accounts";
 * import { create, decrypt, WrongPasswordError } from "assay/protocol/keystore";
 *
 * try {
 *   decrypt(create(generatePrivateKey(), "correct horse", { n: 1_024 }), "battery staple");
 * } catch (error) {
 *   console.log(error instanceof WrongPasswordError); // true
 * }
 * ```
 */
export class WrongPasswordError extends Error {
  override readonly name = "WrongPasswordError";

  constructor(options?: ErrorOptions) {
    super("The password does not open this key file, or the file was altered. Try the password again.", options);
  }
}

/**
 * Thrown when a file names an address that is not its key's: it is not the account that one meant to use.
 *
 * @example
 * ```ts
 * import { zeroAddress } from "viem";
 * import { generatePrivateKey } from "viem/accounts";
 * import { create, decrypt, WrongAddressError } from "assay/protocol/keystore";
 *
 * const file = JSON.parse(create(generatePrivateKey(), "correct horse", { n: 1_024 }));
 * try {
 *   decrypt(JSON.stringify({ ...file, address: zeroAddress }), "correct horse");
 * } catch (error) {
 *   console.log(error instanceof WrongAddressError && error.named === zeroAddress); // true
 * }
 * ```
 */
export class WrongAddressError extends Error {
  override readonly name = "WrongAddressError";
  readonly named: Address;
  readonly actual: Address;

  constructor(named: Address, actual: Address) {
    super(`The key file must name its key's address ${actual}, but names ${named}. Find out whose file this is.`);
    this.named = named;
    this.actual = actual;
  }
}
