import {
  concatHex,
  hashTypedData,
  hexToBigInt,
  isHex,
  numberToHex,
  recoverAddress,
  size,
  sliceHex,
  type Address,
  type Hex,
  type LocalAccount,
  type TypedDataDefinition,
} from "viem";

/** The order of secp256k1's group: r and s are below it. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const PARITY_BIT = 1n << 255n;

/**
 * An ECDSA signature in the compact form of ERC-2098: s and, in its top bit, the parity of y. It is what the escrow
 * takes.
 *
 * @example
 * ```ts
 * import type { Signature } from "assay/protocol/signature";
 *
 * const signature: Signature = { r: `0x${"11".repeat(32)}`, vs: `0x${"22".repeat(32)}` };
 * console.log(signature.r.length); // 66
 * ```
 */
export type Signature = { r: Hex; vs: Hex };

/**
 * Whoever can sign typed data with a key: any local account of viem's.
 *
 * @example
 * ```ts
 * import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
 * import type { Signer } from "assay/protocol/signature";
 *
 * const signer: Signer = privateKeyToAccount(generatePrivateKey());
 * console.log(signer.address.length); // 42
 * ```
 */
export type Signer = Pick<LocalAccount, "address" | "signTypedData">;

/**
 * The signature that stands where none is read: a locked request's, or an authorization's that was pulled already.
 *
 * @example
 * ```ts
 * import { NO_SIGNATURE } from "assay/protocol/signature";
 *
 * console.log(BigInt(NO_SIGNATURE.r)); // 0n
 * ```
 */
export const NO_SIGNATURE: Signature = { r: `0x${"00".repeat(32)}`, vs: `0x${"00".repeat(32)}` };

/**
 * Signs typed data.
 *
 * @example
 * ```ts
 * import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
 * import { recover, sign } from "assay/protocol/signature";
 * import { typedDataOf } from "assay/protocol/receipt";
 *
 * const account = privateKeyToAccount(generatePrivateKey());
 * const deployment = { chainId: 8453, escrow: "0x0000000000000000000000000000000000000005" } as const;
 * const zero = `0x${"00".repeat(32)}` as const;
 * const typedData = typedDataOf({ request: zero, output: zero, charge: 1n }, deployment);
 * const signature = await sign(typedData, account);
 * console.log((await recover(typedData, signature)) === account.address); // true
 * ```
 */
export async function sign(typedData: TypedDataDefinition, signer: Signer): Promise<Signature> {
  return fromHex(await signer.signTypedData(typedData));
}

/**
 * The address whose key signed this typed data. Some address comes out of almost any signature: compare it.
 *
 * @example
 * ```ts
 * import { privateKeyToAccount } from "viem/accounts";
 * import { recover, sign } from "assay/protocol/signature";
 * import { typedDataOf } from "assay/protocol/receipt";
 *
 * const account = privateKeyToAccount(`0x${"01".repeat(32)}`);
 * const deployment = { chainId: 8453, escrow: "0x0000000000000000000000000000000000000005" } as const;
 * const zero = `0x${"00".repeat(32)}` as const;
 * const signature = await sign(typedDataOf({ request: zero, output: zero, charge: 1n }, deployment), account);
 * const other = await recover(typedDataOf({ request: zero, output: zero, charge: 2n }, deployment), signature);
 * console.log(other === account.address); // false
 * ```
 *
 * @throws {@link MalformedSignatureError} when no key can have made it.
 * @throws {@link HighSError} when it is a malleated one.
 */
export async function recover(typedData: TypedDataDefinition, signature: Signature): Promise<Address> {
  const hash = hashTypedData(typedData);
  const encoded = toHex(signature);
  try {
    return await recoverAddress({ hash, signature: encoded });
  } catch (cause) {
    throw new MalformedSignatureError(encoded, "r is no point's x on the curve", { cause });
  }
}

/**
 * Reads a signature of 65 bytes (r, s, v) or of 64 (r, vs).
 *
 * @example
 * ```ts
 * import { fromHex } from "assay/protocol/signature";
 *
 * const { vs } = fromHex(`0x${"11".repeat(32)}${"22".repeat(32)}1c`);
 * console.log(vs.slice(0, 6)); // 0xa222
 * ```
 *
 * @throws {@link MalformedSignatureError} when it has another length, or numbers that no signature has.
 * @throws {@link HighSError} when s is in the upper half, which the escrow and tokens refuse.
 */
export function fromHex(signature: Hex): Signature {
  if (!isHex(signature) || signature.length % 2 !== 0) throw new MalformedSignatureError(signature, "it is not hex");
  if (size(signature) === 64) return check({ r: sliceHex(signature, 0, 32), vs: sliceHex(signature, 32) });
  if (size(signature) !== 65) throw new MalformedSignatureError(signature, "it is not 64 or 65 bytes long");

  const s = hexToBigInt(sliceHex(signature, 32, 64));
  const v = Number(sliceHex(signature, 64));
  if (![0, 1, 27, 28].includes(v)) throw new MalformedSignatureError(signature, `v is ${v}, not 27, 28, 0 or 1`);
  if (s > ORDER / 2n) throw new HighSError(s);
  const parity = v === 1 || v === 28 ? PARITY_BIT : 0n;
  return check({ r: sliceHex(signature, 0, 32), vs: numberToHex(parity | s, { size: 32 }) });
}

/**
 * Writes a signature in 65 bytes (r, s, v), the form that most libraries take.
 *
 * @example
 * ```ts
 * import { fromHex, toHex } from "assay/protocol/signature";
 *
 * const hex = `0x${"11".repeat(32)}${"22".repeat(32)}1c` as const;
 * console.log(toHex(fromHex(hex)) === hex); // true
 * ```
 */
export function toHex(signature: Signature): Hex {
  const { r, s, v } = split(signature);
  return concatHex([r, s, numberToHex(v, { size: 1 })]);
}

/**
 * Writes a signature in the 64 bytes of ERC-2098.
 *
 * @example
 * ```ts
 * import { toCompactHex } from "assay/protocol/signature";
 *
 * const hex = toCompactHex({ r: `0x${"11".repeat(32)}`, vs: `0x${"22".repeat(32)}` });
 * console.log(hex.length); // 130
 * ```
 */
export function toCompactHex(signature: Signature): Hex {
  const { r, vs } = check(signature);
  return concatHex([r, vs]);
}

/**
 * Takes a signature apart, for contracts that take v, r and s.
 *
 * @example
 * ```ts
 * import { split } from "assay/protocol/signature";
 *
 * const { v } = split({ r: `0x${"11".repeat(32)}`, vs: `0x${"22".repeat(32)}` });
 * console.log(v); // 27
 * ```
 */
export function split(signature: Signature): { r: Hex; s: Hex; v: number } {
  const { r, vs } = check(signature);
  const packed = hexToBigInt(vs);
  return {
    r,
    s: numberToHex(packed & ~PARITY_BIT, { size: 32 }),
    v: packed & PARITY_BIT ? 28 : 27,
  };
}

function check(signature: Signature): Signature {
  const { r, vs } = signature;
  const given = `${r}, ${vs}` as const;
  if (!isHex(r) || size(r) !== 32) throw new MalformedSignatureError(given, "r is not 32 bytes long");
  if (!isHex(vs) || size(vs) !== 32) throw new MalformedSignatureError(given, "vs is not 32 bytes long");
  const s = hexToBigInt(vs) & ~PARITY_BIT;
  if (hexToBigInt(r) === 0n || hexToBigInt(r) >= ORDER) throw new MalformedSignatureError(given, "r is out of range");
  if (s === 0n) throw new MalformedSignatureError(given, "s is zero");
  if (s > ORDER / 2n) throw new HighSError(s);
  return signature;
}

/**
 * Thrown when something is not a signature that a key can have made.
 *
 * @example
 * ```ts
 * import { fromHex, MalformedSignatureError } from "assay/protocol/signature";
 *
 * try {
 *   fromHex("0x1234");
 * } catch (error) {
 *   console.log(error instanceof MalformedSignatureError && error.reason); // it is not 64 or 65 bytes long
 * }
 * ```
 */
export class MalformedSignatureError extends Error {
  override readonly name = "MalformedSignatureError";
  readonly given: string;
  readonly reason: string;

  constructor(given: string, reason: string, options?: ErrorOptions) {
    super(`Not an ECDSA signature, since ${reason}: ${given}. Give 65 bytes (r, s, v) or 64 (r, vs).`, options);
    this.given = given;
    this.reason = reason;
  }
}

/**
 * Thrown when s is in the upper half of its range: from every signature anyone could make a second one, so only the
 * one with the low s counts.
 *
 * @example
 * ```ts
 * import { fromHex, HighSError } from "assay/protocol/signature";
 *
 * try {
 *   fromHex(`0x${"11".repeat(32)}${"ee".repeat(32)}1b`);
 * } catch (error) {
 *   console.log(error instanceof HighSError); // true
 * }
 * ```
 */
export class HighSError extends Error {
  override readonly name = "HighSError";
  readonly s: bigint;

  constructor(s: bigint) {
    super(`A signature's s must be at most half of the curve's order, got ${s}. Use order - s, and the other parity.`);
    this.s = s;
  }
}
