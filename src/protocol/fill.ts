import type { Address, Hex } from "viem";

import type { Claim } from "./claim.ts";
import { contextOf } from "./context.ts";
import type { Deployment } from "./deployment.ts";
import { idOf, type Request } from "./request.ts";
import type { Signature } from "./signature.ts";

/**
 * A request with its output and prover, ready to settle.
 *
 * @example
 * ```ts
 * import { zeroAddress, zeroHash } from "viem";
 * import type { Fill } from "assay/protocol/fill";
 * import { NO_SIGNATURE } from "assay/protocol/signature";
 *
 * const fill: Fill = {
 *   request: {
 *     payer: zeroAddress, provider: zeroAddress, verifier: zeroAddress, consumer: zeroAddress,
 *     model: zeroHash, input: zeroHash, price: 10_000n, proverFee: 0n, penalty: 0n,
 *     deadline: 1_800_000_000, locked: true, nonce: 0n,
 *   },
 *   signature: NO_SIGNATURE,
 *   output: zeroHash,
 *   charge: 9_000n,
 *   receipt: NO_SIGNATURE,
 *   prover: "0x0000000000000000000000000000000000000004",
 * };
 * console.log(fill.charge <= fill.request.price); // true
 * ```
 */
export type Fill = {
  request: Request;
  /** The payer's signature of the request; not read for a locked one. */
  signature: Signature;
  output: Hex;
  charge: bigint;
  /** The provider's signature of the receipt. */
  receipt: Signature;
  /** Who is paid `proverFee`; bound by the proof's context. */
  prover: Address;
};

/**
 * The claim that the escrow asks the verifier about for a fill: what has to be proven to settle it.
 *
 * @example
 * ```ts
 * import { zeroAddress, zeroHash } from "viem";
 * import { claimOf } from "assay/protocol/fill";
 *
 * const claim = claimOf(
 *   {
 *     request: {
 *       payer: zeroAddress, provider: zeroAddress, verifier: zeroAddress, consumer: zeroAddress,
 *       model: zeroHash, input: zeroHash, price: 10_000n, proverFee: 0n, penalty: 0n,
 *       deadline: 1_800_000_000, locked: true, nonce: 0n,
 *     },
 *     output: zeroHash,
 *     charge: 9_000n,
 *     prover: "0x0000000000000000000000000000000000000004",
 *   },
 *   { chainId: 8453, escrow: "0x0000000000000000000000000000000000000005" },
 * );
 * console.log(claim.charge); // 9000n
 * ```
 */
export function claimOf(fill: Omit<Fill, "signature" | "receipt">, deployment: Deployment): Claim {
  const { request, output, charge, prover } = fill;
  const id = idOf(request, deployment);
  return {
    request: id,
    model: request.model,
    input: request.input,
    output,
    charge,
    context: contextOf(id, prover, deployment),
  };
}
