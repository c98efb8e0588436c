import type { Address, TypedDataDomain } from "viem";

/**
 * One escrow on one chain. Ids, receipts and contexts are bound to it, so none can be replayed on another.
 *
 * @example
 * ```ts
 * import type { Deployment } from "assay/protocol/deployment";
 *
 * const deployment: Deployment = { chainId: 8453, escrow: "0x0000000000000000000000000000000000000005" };
 * console.log(deployment.chainId); // 8453
 * ```
 */
export type Deployment = { chainId: number; escrow: Address };

/**
 * The EIP-712 domain that requests and receipts are signed in.
 *
 * @example
 * ```ts
 * import { domainOf } from "assay/protocol/deployment";
 *
 * const domain = domainOf({ chainId: 8453, escrow: "0x0000000000000000000000000000000000000005" });
 * console.log(domain.name, domain.version); // Assay 1
 * ```
 */
export function domainOf({ chainId, escrow }: Deployment) {
  return { name: "Assay", version: "1", chainId, verifyingContract: escrow } as const satisfies TypedDataDomain;
}
