/** What a gateway says, read strictly: a field that is not known is a gateway that means something else. */
import { z } from "zod";

import {
  addressSchema,
  requestSchema,
  signatureSchema,
  tokenAmountSchema,
  uint256Schema,
  wordSchema,
} from "../protocol/wire.ts";

const seconds = z.int().nonnegative();

/** Of `GET /v1/provider`. */
export const providerSchema = z.strictObject({
  provider: addressSchema,
  chainId: z.int().positive(),
  network: z.string().max(64),
  escrow: addressSchema,
  commitmentLog: addressSchema,
  token: z.strictObject({
    address: addressSchema,
    name: z.string().max(128),
    version: z.string().max(32),
    decimals: z.int().min(0).max(36),
  }),
  /** How deep the provider waits for what the chain says. */
  confirmations: seconds,
  /** The chain's clock as the gateway has it. */
  time: seconds,
  /** How far from now a deadline may be, in seconds. */
  deadline: z.strictObject({ least: seconds, most: seconds }),
  nonceWindow: z.int().positive(),
});

export type Provider = z.output<typeof providerSchema>;

/** Of `GET /v1/models`: an entry of the price list. Manifest and key are held against the id later. */
export const listingSchema = z.strictObject({
  id: wordSchema,
  name: z.string().max(256),
  purpose: z.string().max(4096),
  verifier: addressSchema,
  price: tokenAmountSchema,
  proverFee: tokenAmountSchema,
  penalty: tokenAmountSchema,
  timeout: z.int().positive(),
  setup: z.enum(["development", "ceremony"]),
  openJobs: z.boolean(),
  manifest: z.json(),
  key: z.json(),
});

export type Listing = z.output<typeof listingSchema>;

export const modelsSchema = z.strictObject({ models: z.array(listingSchema).max(1024) });

/** Of `GET /v1/tabs/:payer`: what is final on chain, less what the provider has promised to settle. */
export const tabSchema = z.strictObject({
  payer: addressSchema,
  funds: tokenAmountSchema,
  stake: tokenAmountSchema,
  promised: tokenAmountSchema,
  available: tokenAmountSchema,
  exitAt: seconds,
  nextNonce: uint256Schema,
});

export type ProviderTab = z.output<typeof tabSchema>;

/** Of `POST /v1/models/:model/infer`, when it was paid. */
export const answerSchema = z.strictObject({
  id: wordSchema,
  request: requestSchema,
  output: wordSchema,
  charge: tokenAmountSchema,
  receipt: signatureSchema,
  value: z.union([z.string(), z.number(), z.array(z.number())]),
  salt: wordSchema,
});

export type ReceivedAnswer = z.output<typeof answerSchema>;

/** Why a gateway refuses: RFC 9457, and a code that stays the same. */
export const problemSchema = z.looseObject({
  code: z.string().max(128),
  detail: z.string().optional(),
});
