/** What an enclave says about itself, and how each platform's attestation binds it. */
import { concat, sha256, size, slice, stringToHex, type Hex } from "viem";
import { z } from "zod";

import { canonicalJson } from "../protocol/canonical-json.ts";
import { addressSchema, wordSchema } from "../protocol/wire.ts";
import { attestedManifestSchema } from "./manifest.ts";

/** What the code of an enclave was told to do. It is no part of the measurement, hence its hash is in the statement. */
export const servingPolicySchema = z.strictObject({
  version: z.literal(1),
  chainId: z.int().positive(),
  escrow: addressSchema,
  verifier: addressSchema,
  models: z.array(attestedManifestSchema).min(1).max(64),
});

export type ServingPolicy = z.output<typeof servingPolicySchema>;

export const statementSchema = z.strictObject({
  version: z.literal(1),
  /** The address of the key that the enclave made, and signs answers with. */
  key: addressSchema,
  chainId: z.int().positive(),
  verifier: addressSchema,
  /** The providers' keys whose gateways the enclave answers to. */
  gateways: z.array(addressSchema).min(1).max(16),
  policy: wordSchema,
  /** How often the key was attested with another expiry: from one upwards. */
  epoch: z.int().positive(),
  /** The last second of Unix time at which answers of this key are to be believed. */
  expires: z.int().positive(),
});

export type Statement = z.output<typeof statementSchema>;

/** Of the one form in which everybody reads it: addresses with their checksum. */
export function hashServingPolicy(policy: ServingPolicy): Hex {
  return sha256(stringToHex(canonicalJson(servingPolicySchema.parse(policy))));
}

const DOMAIN = stringToHex("Assay enclave statement v1\n");

/** As `hashServingPolicy`, and under a domain of its own. */
export function hashStatement(statement: Statement): Hex {
  return sha256(concat([DOMAIN, stringToHex(canonicalJson(statementSchema.parse(statement)))]));
}

/** What an attestation was made over, as its platform shows it. */
export type Bound =
  | { readonly kind: "fields"; readonly userData: Hex | undefined; readonly nonce: Hex | undefined }
  | { readonly kind: "report-data"; readonly reportData: Hex };

/** SHA-256, 32 bytes: how multihash opens the two hashes that the common side-car puts into its user data. */
const MULTIHASH = "0x1220";
const SIDECAR_USER_DATA = 68;
const SIDECAR_NONCE = 20;

/** Whether an attestation is over this statement, and no older than this block. */
export function isBoundTo(bound: Bound, statement: Hex, blockHash: Hex): boolean {
  if (bound.kind === "report-data") return bound.reportData === concat([statement, blockHash]);
  const { userData, nonce } = bound;
  if (userData === undefined || nonce === undefined) return false;
  if (size(userData) !== SIDECAR_USER_DATA) return userData === statement && nonce === blockHash;
  // The side-car fixes the first hash, and a nonce's size.
  const isShape = slice(userData, 0, 2) === MULTIHASH && slice(userData, 34, 36) === MULTIHASH;
  return isShape && slice(userData, 36) === statement && nonce === slice(blockHash, 0, SIDECAR_NONCE);
}
