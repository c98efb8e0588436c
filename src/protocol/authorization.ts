import { bytesToHex, encodeAbiParameters, keccak256, type Address, type Hex } from "viem";

import type { TokenDomain } from "./tokens.ts";

const FIELDS = [
  { name: "from", type: "address" },
  { name: "to", type: "address" },
  { name: "value", type: "uint256" },
  { name: "validAfter", type: "uint256" },
  { name: "validBefore", type: "uint256" },
  { name: "nonce", type: "bytes32" },
] as const;

/**
 * What an EIP-3009 authorization says: this much from here to there, once, between two times.
 *
 * @example
 * ```ts
 * import { randomNonce, type Authorization } from "assay/protocol/authorization";
 *
 * const authorization: Authorization = {
 *   from: "0x0000000000000000000000000000000000000001",
 *   to: "0x0000000000000000000000000000000000000005",
 *   value: 1_000_000n,
 *   validAfter: 0n,
 *   validBefore: 1_800_000_000n,
 *   nonce: randomNonce(),
 * };
 * console.log(authorization.value); // 1000000n
 * ```
 */
export type Authorization = {
  from: Address;
  to: Address;
  value: bigint;
  /** Valid after this second, exclusive, and before `validBefore`, exclusive; in Unix time. */
  validAfter: bigint;
  validBefore: bigint;
  nonce: Hex;
};

/**
 * The typed data of `receiveWithAuthorization`, which only the payee can submit: the way onto a tab.
 *
 * @example
 * ```ts
 * import { fundingNonce, randomNonce, receiveTypedDataOf } from "assay/protocol/authorization";
 * import { domainOf, known } from "assay/protocol/tokens";
 *
 * const usdc = known(8453);
 * const typedData = usdc && receiveTypedDataOf(
 *   {
 *     from: "0x0000000000000000000000000000000000000001",
 *     to: "0x0000000000000000000000000000000000000005",
 *     value: 1_000_000n,
 *     validAfter: 0n,
 *     validBefore: 1_800_000_000n,
 *     nonce: fundingNonce("0x0000000000000000000000000000000000000002", randomNonce()),
 *   },
 *   domainOf(usdc),
 * );
 * console.log(typedData?.primaryType); // ReceiveWithAuthorization
 * ```
 */
export function receiveTypedDataOf(authorization: Authorization, token: TokenDomain) {
  return {
    domain: token,
    types: { ReceiveWithAuthorization: FIELDS },
    primaryType: "ReceiveWithAuthorization",
    message: authorization,
  } as const;
}

/**
 * The typed data of `transferWithAuthorization`, which anyone can submit: the way into a vault, and what stock x402
 * clients sign.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { randomNonce, transferTypedDataOf } from "assay/protocol/authorization";
 * import { domainOf, known } from "assay/protocol/tokens";
 * import { vaultOf } from "assay/protocol/vault";
 *
 * const usdc = known(8453);
 * const typedData = usdc && transferTypedDataOf(
 *   {
 *     from: "0x0000000000000000000000000000000000000001",
 *     to: vaultOf(zeroHash, "0x0000000000000000000000000000000000000005"),
 *     value: 10_000n,
 *     validAfter: 0n,
 *     validBefore: 1_800_000_000n,
 *     nonce: randomNonce(),
 *   },
 *   domainOf(usdc),
 * );
 * console.log(typedData?.primaryType); // TransferWithAuthorization
 * ```
 */
export function transferTypedDataOf(authorization: Authorization, token: TokenDomain) {
  return {
    domain: token,
    types: { TransferWithAuthorization: FIELDS },
    primaryType: "TransferWithAuthorization",
    message: authorization,
  } as const;
}

/**
 * The nonce of an authorization that funds a tab. It names the provider, so nobody can send the money to another tab.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { fundingNonce } from "assay/protocol/authorization";
 *
 * const one = fundingNonce("0x0000000000000000000000000000000000000002", zeroHash);
 * const other = fundingNonce("0x0000000000000000000000000000000000000006", zeroHash);
 * console.log(one === other); // false
 * ```
 */
export function fundingNonce(provider: Address, salt: Hex): Hex {
  return keccak256(encodeAbiParameters([{ type: "address" }, { type: "bytes32" }], [provider, salt]));
}

/**
 * 32 random bytes: an authorization's nonce, or the salt of one that funds a tab.
 *
 * @example
 * ```ts
 * import { randomNonce } from "assay/protocol/authorization";
 *
 * console.log(randomNonce() === randomNonce()); // false
 * ```
 */
export function randomNonce(): Hex {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
}
