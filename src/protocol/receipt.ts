import { encodeAbiParameters, type Address, type Hex } from "viem";

import { domainOf, type Deployment } from "./deployment.ts";
import { digestIn, typeHashOf } from "./digest.ts";
import * as Signature from "./signature.ts";

const FIELDS = [
  { name: "request", type: "bytes32" },
  { name: "output", type: "bytes32" },
  { name: "charge", type: "uint96" },
] as const;

const TYPE_HASH = typeHashOf("Receipt", FIELDS);
const ENCODED = [{ type: "bytes32" }, ...FIELDS] as const;

/**
 * The provider's answer to one request, and what it costs: at most the request's price.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import type { Receipt } from "assay/protocol/receipt";
 *
 * const receipt: Receipt = { request: zeroHash, output: zeroHash, charge: 9_000n };
 * console.log(receipt.charge); // 9000n
 * ```
 */
export type Receipt = {
  /** The request's id. */
  request: Hex;
  output: Hex;
  charge: bigint;
};

/**
 * A receipt as EIP-712 typed data.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { typedDataOf } from "assay/protocol/receipt";
 *
 * const deployment = { chainId: 8453, escrow: "0x0000000000000000000000000000000000000005" } as const;
 * const typedData = typedDataOf({ request: zeroHash, output: zeroHash, charge: 9_000n }, deployment);
 * console.log(typedData.primaryType); // Receipt
 * ```
 */
export function typedDataOf(receipt: Receipt, deployment: Deployment) {
  return {
    domain: domainOf(deployment),
    types: { Receipt: FIELDS },
    primaryType: "Receipt",
    message: receipt,
  } as const;
}

/**
 * The EIP-712 digest that the provider signs.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { digestOf } from "assay/protocol/receipt";
 *
 * const deployment = { chainId: 8453, escrow: "0x0000000000000000000000000000000000000005" } as const;
 * console.log(digestOf({ request: zeroHash, output: zeroHash, charge: 9_000n }, deployment).length); // 66
 * ```
 */
export function digestOf({ request, output, charge }: Receipt, deployment: Deployment): Hex {
  return digestIn(deployment, encodeAbiParameters(ENCODED, [TYPE_HASH, request, output, charge]));
}

/**
 * Signs a receipt as the provider. Never sign two for one request: whoever holds both takes the stake.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
 * import { sign } from "assay/protocol/receipt";
 *
 * const provider = privateKeyToAccount(generatePrivateKey());
 * const deployment = { chainId: 8453, escrow: "0x0000000000000000000000000000000000000005" } as const;
 * const { r } = await sign({ request: zeroHash, output: zeroHash, charge: 9_000n }, deployment, provider);
 * console.log(r.length); // 66
 * ```
 */
export async function sign(
  receipt: Receipt,
  deployment: Deployment,
  signer: Signature.Signer,
): Promise<Signature.Signature> {
  return Signature.sign(typedDataOf(receipt, deployment), signer);
}

/**
 * Who signed a receipt. Compare it with the provider that the request names.
 *
 * @example
 * ```ts
 * import { zeroHash } from "viem";
 * import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
 * import { recover, sign } from "assay/protocol/receipt";
 *
 * const provider = privateKeyToAccount(generatePrivateKey());
 * const deployment = { chainId: 8453, escrow: "0x0000000000000000000000000000000000000005" } as const;
 * const receipt = { request: zeroHash, output: zeroHash, charge: 9_000n } as const;
 * const signature = await sign(receipt, deployment, provider);
 * console.log((await recover(receipt, deployment, signature)) === provider.address); // true
 * ```
 */
export async function recover(
  receipt: Receipt,
  deployment: Deployment,
  signature: Signature.Signature,
): Promise<Address> {
  return Signature.recover(typedDataOf(receipt, deployment), signature);
}
