import { expect } from "chai";
import { privateKeyToAddress } from "viem/accounts";

import {
  CostlyKeystoreError,
  DamagedKeystoreError,
  parseKeystore,
  UnsupportedKeystoreError,
} from "../../src/protocol/keystore-file.ts";
import { create, decrypt, WrongAddressError, WrongPasswordError } from "../../src/protocol/keystore.ts";

// The test vectors of the Web3 Secret Storage Definition, version 3.
const PASSWORD = "testpassword";
const PRIVATE_KEY = "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const ADDRESS = "008aeeda4d805471df9b2a5b0f38a0c3bcba786b";
const PBKDF2 = {
  crypto: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "6087dab2f9fdbbfaddc31a909735c1e6" },
    ciphertext: "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    kdf: "pbkdf2",
    kdfparams: {
      c: 262_144,
      dklen: 32,
      prf: "hmac-sha256",
      salt: "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
    },
    mac: "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
  },
  id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  version: 3,
};
const SCRYPT = {
  crypto: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "83dbcc02d8ccb40e466191a123791e0e" },
    ciphertext: "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
    kdf: "scrypt",
    kdfparams: {
      dklen: 32,
      n: 262_144,
      p: 8,
      r: 1,
      salt: "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
    },
    mac: "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
  },
  id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  version: 3,
};

/** What a wallet would take a second for, in a millisecond. */
const CHEAP = { n: 1_024 };

type ScryptFile = typeof SCRYPT & { address: string };
type File = typeof SCRYPT | typeof PBKDF2;

const parse = (text: string): ScryptFile => JSON.parse(text) as ScryptFile;
const withCrypto = (file: File, change: object) => JSON.stringify({ ...file, crypto: { ...file.crypto, ...change } });
const withKdf = (file: File, change: object) =>
  withCrypto(file, { kdfparams: { ...file.crypto.kdfparams, ...change } });

describe("keystore", () => {
  it("opens the standard's test vectors", () => {
    expect(decrypt(JSON.stringify(PBKDF2), PASSWORD)).to.equal(PRIVATE_KEY);
    expect(decrypt(JSON.stringify({ ...SCRYPT, address: ADDRESS }), PASSWORD)).to.equal(PRIVATE_KEY);
  });

  it("opens what it made, with any password", () => {
    for (const password of ["", "correct horse", "pässwörd 🔑"]) {
      const text = create(PRIVATE_KEY, password, CHEAP);
      expect(decrypt(text, password)).to.equal(PRIVATE_KEY);
      expect(() => decrypt(text, `${password}!`)).to.throw(WrongPasswordError);
    }
  });

  it("makes files as costly as other wallets do, with salt and counter of their own", () => {
    const [one, other] = [parse(create(PRIVATE_KEY, PASSWORD)), parse(create(PRIVATE_KEY, PASSWORD, CHEAP))];
    expect(one.crypto.kdfparams).to.include({ n: 262_144, r: 8, p: 1, dklen: 32 });
    expect(one.crypto.kdfparams.salt).not.to.equal(other.crypto.kdfparams.salt);
    expect(one.crypto.cipherparams.iv).not.to.equal(other.crypto.cipherparams.iv);
    expect(`0x${one.address}`).to.equal(privateKeyToAddress(PRIVATE_KEY).toLowerCase());
    expect(JSON.stringify(one)).not.to.contain(PRIVATE_KEY.slice(2));
  });

  it("does not open what was altered", () => {
    const file = parse(create(PRIVATE_KEY, PASSWORD, CHEAP));
    const flip = (hex: string) => (hex.startsWith("0") ? "1" : "0") + hex.slice(1);
    for (const field of ["ciphertext", "mac"] as const) {
      const altered = withCrypto(file, { [field]: flip(file.crypto[field]) });
      expect(() => decrypt(altered, PASSWORD)).to.throw(WrongPasswordError);
    }
  });

  it("does not open a file that names another address, which catches an altered counter too", () => {
    const file = parse(create(PRIVATE_KEY, PASSWORD, CHEAP));
    const swapped = JSON.stringify({ ...file, address: "00".repeat(20) });
    const shifted = withCrypto(file, { cipherparams: { iv: "00".repeat(16) } });
    expect(() => decrypt(swapped, PASSWORD)).to.throw(WrongAddressError);
    expect(() => decrypt(shifted, PASSWORD)).to.throw(WrongAddressError);
  });

  it("takes an address with or without its prefix, and files without one", () => {
    const { address, ...file } = parse(create(PRIVATE_KEY, PASSWORD, CHEAP));
    expect(decrypt(JSON.stringify({ ...file, address: `0x${address}` }), PASSWORD)).to.equal(PRIVATE_KEY);
    expect(decrypt(JSON.stringify(file), PASSWORD)).to.equal(PRIVATE_KEY);
  });
});

describe("keystore file", () => {
  it("is refused when it is something else, without being quoted", () => {
    for (const text of ["", "{", PRIVATE_KEY, "null", "3", `"${PRIVATE_KEY}"`]) {
      expect(() => parseKeystore(text))
        .to.throw(DamagedKeystoreError)
        .satisfies((error: Error) => !error.message.includes(PRIVATE_KEY.slice(2)));
    }
  });

  it("is refused with parts missing or malformed, which the error names", () => {
    for (const [field, text] of [
      ["crypto", JSON.stringify({ version: 3 })],
      ["cipherparams", withCrypto(SCRYPT, { cipherparams: null })],
      ["kdfparams", withCrypto(SCRYPT, { kdfparams: "scrypt" })],
      ["iv", withCrypto(SCRYPT, { cipherparams: { iv: "00" } })],
      ["ciphertext", withCrypto(SCRYPT, { ciphertext: SCRYPT.crypto.ciphertext.slice(2) })],
      ["ciphertext", withCrypto(SCRYPT, { ciphertext: `${SCRYPT.crypto.ciphertext}00` })],
      ["mac", withCrypto(SCRYPT, { mac: "zz".repeat(32) })],
      ["mac", withCrypto(SCRYPT, { mac: undefined })],
      ["salt", withKdf(SCRYPT, { salt: "" })],
      ["salt", withKdf(PBKDF2, { salt: "abc" })],
      ["n", withKdf(SCRYPT, { n: 1_000 })],
      ["n", withKdf(SCRYPT, { n: 1 })],
      ["n", withKdf(SCRYPT, { n: "262144" })],
      ["r", withKdf(SCRYPT, { r: 0 })],
      ["p", withKdf(SCRYPT, { p: 1.5 })],
      ["c", withKdf(PBKDF2, { c: -1 })],
      ["address", JSON.stringify({ ...SCRYPT, address: "0x00" })],
      ["address", JSON.stringify({ ...SCRYPT, address: { toString: 1 } })],
    ] as const) {
      expect(() => parseKeystore(text), field)
        .to.throw(DamagedKeystoreError)
        .include({ field });
    }
  });

  it("is refused with a version, cipher or key derivation that is not known", () => {
    for (const [field, text] of [
      ["version", JSON.stringify({ ...SCRYPT, version: 1 })],
      ["version", JSON.stringify({ ...SCRYPT, version: { toString: 1 } })],
      ["cipher", withCrypto(SCRYPT, { cipher: "aes-128-cbc" })],
      ["kdf", withCrypto(SCRYPT, { kdf: "argon2id" })],
      ["dklen", withKdf(SCRYPT, { dklen: 64 })],
      ["dklen", withKdf(PBKDF2, { dklen: 16 })],
      ["prf", withKdf(PBKDF2, { prf: "hmac-sha1" })],
    ] as const) {
      expect(() => parseKeystore(text), field)
        .to.throw(UnsupportedKeystoreError)
        .include({ field });
    }
  });

  it("is refused when opening it would cost absurdly much", () => {
    for (const [parameter, text] of [
      ["128 * n * r", withKdf(SCRYPT, { n: 2 ** 40 })],
      ["128 * n * r", withKdf(SCRYPT, { n: 2 ** 20, r: 5, p: 1 })],
      ["128 * n * r", withKdf(SCRYPT, { r: 2 ** 40 })],
      ["n * r * p", withKdf(SCRYPT, { p: 33 })],
      ["c", withKdf(PBKDF2, { c: 10_000_001 })],
    ] as const) {
      expect(() => parseKeystore(text))
        .to.throw(CostlyKeystoreError)
        .include({ parameter });
    }
  });

  it("takes costs up to the limits", () => {
    for (const text of [
      withKdf(SCRYPT, { n: 2 ** 20, r: 4, p: 2 }),
      withKdf(SCRYPT, { p: 32 }),
      withKdf(PBKDF2, { c: 10_000_000 }),
    ]) {
      expect(parseKeystore(text).address).to.equal(undefined);
    }
  });
});
