/** What travels in x402's messages when Assay is paid by: see docs/protocol.md. */
import type { Address, Hex } from "viem";
import { z } from "zod";

import {
  addressSchema,
  requestSchema,
  signatureSchema,
  tokenAmountSchema,
  uint256Schema,
  wordSchema,
} from "../protocol/wire.ts";

/** The scheme in which a client signs a request that its tab pays. */
export const ASSAY = "assay";

/** The scheme of unmodified clients, who pay the vault of a locked request. */
export const EXACT = "exact";

export const X402_VERSION = 2;

/** A chain as x402 names it. */
export type Network = `eip155:${number}`;

export function networkOf(chainId: number): Network {
  return `eip155:${chainId}`;
}

/** What a provider sells a model for: an entry of its price list. */
export const offerSchema = z.strictObject({
  escrow: addressSchema,
  provider: addressSchema,
  verifier: addressSchema,
  model: wordSchema,
  price: tokenAmountSchema,
  proverFee: tokenAmountSchema,
  penalty: tokenAmountSchema,
  /** Seconds from the answer to the deadline that a client gets unless it asks for another. */
  timeout: z.int().positive(),
});

export type Offer = z.output<typeof offerSchema>;

/** `extra` of a requirement in the `assay` scheme. The amount is the price, and who is paid is the provider. */
export const assayExtraSchema = z.strictObject({
  escrow: addressSchema,
  verifier: addressSchema,
  model: wordSchema,
  /** The commitment to the input of the body that was sent, under the salt that was sent or, without one, `salt`. */
  input: wordSchema,
  /** There if the gateway drew it: the same has to be in the body of the paid request. */
  salt: wordSchema.optional(),
  proverFee: tokenAmountSchema,
  penalty: tokenAmountSchema,
  /** Where the next nonce of a payer stands: this address with the payer's appended. */
  tabs: z.url(),
  /** Of the token's EIP-712 domain, for a top-up. */
  name: z.string(),
  version: z.string(),
});

/** `extra` of a requirement in the `exact` scheme: the token's EIP-712 domain, as that scheme wants it, and the quote. */
export const exactExtraSchema = z.looseObject({
  name: z.string(),
  version: z.string(),
  assay: z.strictObject({
    escrow: addressSchema,
    request: requestSchema,
    /** Of the input's commitment. */
    salt: wordSchema,
    /** Proof that a gateway of this provider made the quote. */
    mac: wordSchema,
  }),
});

/** A top-up of the tab that travels with a request: `receiveWithAuthorization`, whose nonce names the provider. */
export const topUpSchema = z.strictObject({
  amount: tokenAmountSchema,
  validAfter: uint256Schema,
  validBefore: uint256Schema,
  salt: wordSchema,
  signature: signatureSchema,
});

export type TopUp = z.output<typeof topUpSchema>;

/** What a client of the `assay` scheme pays with. */
export const assayPayloadSchema = z.strictObject({
  request: requestSchema,
  signature: signatureSchema,
  topUp: topUpSchema.optional(),
});

export type AssayPayload = z.output<typeof assayPayloadSchema>;

/** What a stock client of the `exact` scheme pays with (EIP-3009). Its signature has 65 bytes, or 64. */
export const exactPayloadSchema = z.looseObject({
  signature: z.string().regex(/^0x([0-9a-fA-F]{128}|[0-9a-fA-F]{130})$/),
  authorization: z.strictObject({
    from: addressSchema,
    to: addressSchema,
    value: uint256Schema,
    validAfter: uint256Schema,
    validBefore: uint256Schema,
    nonce: wordSchema,
  }),
});

/** A requirement as x402 has it, before its `extra` is read. */
export type Requirement = {
  scheme: string;
  network: Network;
  asset: Address;
  amount: string;
  payTo: Address;
  maxTimeoutSeconds: number;
  extra: Record<string, unknown>;
};

/** What a gateway answers beside the output: enough for anyone to hold the provider to its word. */
export type WireAnswer = {
  readonly id: Hex;
  readonly request: z.input<typeof requestSchema>;
  /** The receipt's parts, and the provider's signature of it in 64 bytes. */
  readonly output: Hex;
  readonly charge: string;
  readonly receipt: Hex;
  /** What the output means, as the model's manifest says. */
  readonly value: string | number | readonly number[];
  /** Of the input's commitment, and so of a hidden output's. */
  readonly salt: Hex;
};
