/** ECDSA by libsecp256k1, built for WebAssembly: what viem does in JavaScript, in a tenth of the time. Node alone. */
import { isPrivate, recover, signRecoverable } from "tiny-secp256k1";
import { bytesToHex, type Address, type Hex } from "viem";
import { publicKeyToAddress } from "viem/accounts";

import { fromHex, MalformedSignatureError, split, toHex, type Signature } from "../protocol/signature.ts";

const WORD = 32;

/**
 * The address whose key signed this digest. It takes and refuses the same signatures as `recover` of the protocol. Some
 * address comes out of almost any signature: compare it.
 *
 * @throws {@link MalformedSignatureError} when no key can have made it.
 * @throws {@link HighSError} when it is a malleated one.
 * @throws {@link NotAWordError} when the digest is not 32 bytes.
 */
export function recoverSigner(digest: Hex, signature: Signature): Address {
  const { r, s, v } = split(signature);
  const key = recoverKey(wordOf(digest), Buffer.concat([wordOf(r), wordOf(s)]), v === 28 ? 1 : 0);
  if (key === null) throw new MalformedSignatureError(toHex(signature), "r is no point's x on the curve");
  return publicKeyToAddress(bytesToHex(key));
}

/**
 * Signs a digest. The same digest and key give the same signature always (RFC 6979).
 *
 * @throws {@link NotAPrivateKeyError} when the key is none of the curve's.
 */
export function signDigest(digest: Hex, privateKey: Hex): Signature {
  const key = wordOf(privateKey);
  if (!isPrivate(key)) throw new NotAPrivateKeyError();
  const { signature, recoveryId } = signRecoverable(wordOf(digest), key);
  return fromHex(bytesToHex(Buffer.concat([signature, Uint8Array.of(recoveryId)])));
}

/** Null where there is no such key: the library throws for an r off the curve, and answers null for a key at infinity. */
function recoverKey(digest: Uint8Array, signature: Uint8Array, parity: 0 | 1): Uint8Array | null {
  try {
    return recover(digest, signature, parity);
  } catch {
    return null;
  }
}

function wordOf(hex: Hex): Uint8Array {
  // Node stops reading at the first character that is no digit.
  const bytes = Buffer.from(hex.slice(2), "hex");
  if (bytes.length !== WORD || hex.length !== 2 + 2 * WORD) throw new NotAWordError(hex.length);
  return bytes;
}

/** Thrown when a digest or a key is not 32 bytes of hex. It does not show what was given, since that may be a key. */
export class NotAWordError extends Error {
  override readonly name = "NotAWordError";
  constructor(length: number) {
    super(`A digest and a private key are 0x and 64 digits of hex, got ${length} characters that are not that.`);
  }
}

/** Thrown when a private key is zero, or not below the curve's order. It does not show the key. */
export class NotAPrivateKeyError extends Error {
  override readonly name = "NotAPrivateKeyError";
  constructor() {
    super("A private key must be above zero and below the order of secp256k1. Make a new one.");
  }
}
