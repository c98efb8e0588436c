import { encodeAbiParameters, hexToBigInt, keccak256, numberToHex, type Address, type Hex } from "viem";

import type { Deployment } from "./deployment.ts";

const PARAMETERS = [
  { name: "chainId", type: "uint256" },
  { name: "escrow", type: "address" },
  { name: "request", type: "bytes32" },
  { name: "prover", type: "address" },
] as const;

/** A context has to fit the scalar field of a proof. */
const MASK = (1n << 253n) - 1n;

/**
 * The context of a claim. A proof made for one prover's context pays that prover alone, whoever submits it.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { contextOf } from "assay/protocol/context";
 *
 * const deployment = { chainId: 8453, escrow: "0x0000000000000000000000000000000000000005" } as const;
 * const context = contextOf(zeroHash, "0x0000000000000000000000000000000000000004", deployment);
 * console.log(BigInt(context) < 2n ** 253n); // true
 * ```
 */
export function contextOf(requestId: Hex, prover: Address, { chainId, escrow }: Deployment): Hex {
  const hash = keccak256(encodeAbiParameters(PARAMETERS, [BigInt(chainId), escrow, requestId, prover]));
  return numberToHex(hexToBigInt(hash) & MASK, { size: 32 });
}
