import { encodeAbiParameters, type Address, type Hex } from "viem";

import { domainOf, type Deployment } from "./deployment.ts";
import { digestIn, typeHashOf } from "./digest.ts";
import * as Signature from "./signature.ts";

const FIELDS = [
  { name: "payer", type: "address" },
  { name: "provider", type: "address" },
  { name: "verifier", type: "address" },
  { name: "consumer", type: "address" },
  { name: "model", type: "bytes32" },
  { name: "input", type: "bytes32" },
  { name: "price", type: "uint96" },
  { name: "proverFee", type: "uint96" },
  { name: "penalty", type: "uint96" },
  { name: "deadline", type: "uint40" },
  { name: "locked", type: "bool" },
  { name: "nonce", type: "uint256" },
] as const;

const TYPE_HASH = typeHashOf("Request", FIELDS);
const ENCODED = [{ type: "bytes32" }, ...FIELDS] as const;

/**
 * The agent's order.
 *
 * @example
 * ```ts
 * import { zeroAddress, zeroHash } from "viem";
 * import type { Request } from "assay/protocol/request";
 *
 * const request: Request = {
 *   payer: "0x0000000000000000000000000000000000000001",
 *   provider: "0x0000000000000000000000000000000000000002",
 *   verifier: "0x0000000000000000000000000000000000000003",
 *   consumer: zeroAddress,
 *   model: zeroHash,
 *   input: zeroHash,
 *   price: 10_000n,
 *   proverFee: 1_000n,
 *   penalty: 50_000n,
 *   deadline: 1_800_000_000,
 *   locked: false,
 *   nonce: 0n,
 * };
 * console.log(request.price); // 10000n
 * ```
 */
export type Request = {
  /** Whose tab or lock pays; zero only in a locked request that a vault funds. */
  payer: Address;
  provider: Address;
  /** The verifier that both sides sign for. */
  verifier: Address;
  /** Contract that is called with the settled output; zero for none. */
  consumer: Address;
  model: Hex;
  /** Commitment to the input. */
  input: Hex;
  /** The most that the payer pays, in token units. */
  price: bigint;
  /** The part of the charge that goes to the prover. */
  proverFee: bigint;
  /** What the provider loses of its stake in this payer's tab if it breaks its word. */
  penalty: bigint;
  /** Last second at which the request can settle, in Unix time. */
  deadline: number;
  /** Whether it is paid from a lock of its own, never from the tab. */
  locked: boolean;
  /** In a tab: unordered, used once per payer and provider. In a lock: only makes the id unique. */
  nonce: bigint;
};

/**
 * A request as EIP-712 typed data, for wallets that sign it in their own way.
 *
 * @example
 * ```ts
 * import { zeroAddress, zeroHash } from "viem";
 * import { typedDataOf } from "assay/protocol/request";
 *
 * const typedData = typedDataOf(
 *   {
 *     payer: zeroAddress, provider: zeroAddress, verifier: zeroAddress, consumer: zeroAddress,
 *     model: zeroHash, input: zeroHash, price: 1n, proverFee: 0n, penalty: 0n,
 *     deadline: 1_800_000_000, locked: true, nonce: 0n,
 *   },
 *   { chainId: 8453, escrow: "0x0000000000000000000000000000000000000005" },
 * );
 * console.log(typedData.primaryType); // Request
 * ```
 */
export function typedDataOf(request: Request, deployment: Deployment) {
  return {
    domain: domainOf(deployment),
    types: { Request: FIELDS },
    primaryType: "Request",
    message: request,
  } as const;
}

/**
 * A request's id: its EIP-712 digest, which fits one chain and one escrow alone.
 *
 * @example
 * ```ts
 * import { zeroAddress, zeroHash } from "viem";
 * import { idOf } from "assay/protocol/request";
 *
 * const request = {
 *   payer: zeroAddress, provider: zeroAddress, verifier: zeroAddress, consumer: zeroAddress,
 *   model: zeroHash, input: zeroHash, price: 1n, proverFee: 0n, penalty: 0n,
 *   deadline: 1_800_000_000, locked: true, nonce: 0n,
 * };
 * const escrow = "0x0000000000000000000000000000000000000005";
 * console.log(idOf(request, { chainId: 1, escrow }) === idOf(request, { chainId: 8453, escrow })); // false
 * ```
 */
export function idOf(request: Request, deployment: Deployment): Hex {
  const { payer, provider, verifier, consumer, model, input, price, proverFee, penalty, deadline, locked, nonce } =
    request;
  const parties = [payer, provider, verifier, consumer] as const;
  const terms = [price, proverFee, penalty, deadline, locked, nonce] as const;
  return digestIn(deployment, encodeAbiParameters(ENCODED, [TYPE_HASH, ...parties, model, input, ...terms]));
}

/**
 * Signs a request as its payer, for a tab.
 *
 * @example
 * ```ts
 * import { zeroAddress, zeroHash } from "viem";
 * import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
 * import { sign } from "assay/protocol/request";
 *
 * const payer = privateKeyToAccount(generatePrivateKey());
 * const request = {
 *   payer: payer.address, provider: zeroAddress, verifier: zeroAddress, consumer: zeroAddress,
 *   model: zeroHash, input: zeroHash, price: 1n, proverFee: 0n, penalty: 0n,
 *   deadline: 1_800_000_000, locked: false, nonce: 0n,
 * };
 * const deployment = { chainId: 8453, escrow: "0x0000000000000000000000000000000000000005" } as const;
 * const { r, vs } = await sign(request, deployment, payer);
 * console.log(r.length, vs.length); // 66 66
 * ```
 */
export async function sign(
  request: Request,
  deployment: Deployment,
  signer: Signature.Signer,
): Promise<Signature.Signature> {
  return Signature.sign(typedDataOf(request, deployment), signer);
}

/**
 * Who signed a request. Compare it with the payer that the request names.
 *
 * @example
 * ```ts
 * import { zeroAddress, zeroHash } from "viem";
 * import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
 * import { recover, sign } from "assay/protocol/request";
 *
 * const payer = privateKeyToAccount(generatePrivateKey());
 * const request = {
 *   payer: payer.address, provider: zeroAddress, verifier: zeroAddress, consumer: zeroAddress,
 *   model: zeroHash, input: zeroHash, price: 1n, proverFee: 0n, penalty: 0n,
 *   deadline: 1_800_000_000, locked: false, nonce: 0n,
 * };
 * const deployment = { chainId: 8453, escrow: "0x0000000000000000000000000000000000000005" } as const;
 * const signature = await sign(request, deployment, payer);
 * console.log((await recover(request, deployment, signature)) === request.payer); // true
 * ```
 */
export async function recover(
  request: Request,
  deployment: Deployment,
  signature: Signature.Signature,
): Promise<Address> {
  return Signature.recover(typedDataOf(request, deployment), signature);
}
