/** What an enclave shows whoever wants to ask it, and the rules by which that is believed. */
import type { Hex } from "viem";
import { z } from "zod";

import { wordSchema } from "../protocol/wire.ts";
import type { Bound } from "./statement.ts";
import { servingPolicySchema, statementSchema } from "./statement.ts";
import type { Measurement } from "./measurement.ts";

/** More than any platform's document has. */
const MOST_BASE64 = 100_000;

/** What verifies a quote of Intel's: as their provisioning service gives it. */
export const collateralSchema = z.strictObject({
  pck_crl_issuer_chain: z.string(),
  root_ca_crl: z.string(),
  pck_crl: z.string(),
  tcb_info_issuer_chain: z.string(),
  tcb_info: z.string(),
  tcb_info_signature: z.string(),
  qe_identity_issuer_chain: z.string(),
  qe_identity: z.string(),
  qe_identity_signature: z.string(),
  pck_certificate_chain: z.string().optional(),
});

export type Collateral = z.output<typeof collateralSchema>;

export const evidenceSchema = z.strictObject({
  platform: z.enum(["nitro", "tdx", "sgx"]),
  /** The document or quote, in base64. */
  document: z.base64().min(1).max(MOST_BASE64),
  /** Of a quote. */
  collateral: collateralSchema.optional(),
  statement: statementSchema,
  policy: servingPolicySchema,
  /** The block that the document was made after. */
  block: z.strictObject({ number: z.int().nonnegative(), hash: wordSchema }),
});

export type Evidence = z.output<typeof evidenceSchema>;

/** How up to date a platform of Intel's is. */
export const TCB_STATUSES = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
] as const;

export type TcbStatus = (typeof TCB_STATUSES)[number];

/** What a document says, after everything in it was verified up to a root that is pinned. */
export type Attested = {
  readonly measurement: Measurement;
  /** Whether its root is none of a real platform. */
  readonly isSimulated: boolean;
  readonly bound: Bound;
  /** When the document was made, in seconds of Unix time; a quote does not say. */
  readonly madeAt: number | undefined;
  readonly tcb: { readonly status: TcbStatus; readonly advisories: readonly string[] } | undefined;
};

/** Which roots a verifier believes, and by which clock. */
export type Anchors = {
  /** SHA-256 of certificates of simulators, in addition to the platforms' own; none where none is named. */
  readonly simulatedRoots?: readonly Hex[];
  /** Seconds of Unix time. */
  readonly now: number;
};
