/**
 * An audit's bundle: lines of JSON, of which the first says whose and when, and the last sums up and has the SHA-256 of all
 * before it. In between is a line for each answer, in the order in which they were given.
 */
import { z } from "zod";

import {
  addressSchema,
  requestSchema,
  signatureSchema,
  tokenAmountSchema,
  uint256Schema,
  wordSchema,
} from "../../protocol/wire.ts";

const moment = z.iso.datetime();
const count = z.int().nonnegative();
/** A sum of many charges is beyond what one may be. */
const sum = uint256Schema;

export const headerSchema = z.strictObject({
  kind: z.literal("assay-audit"),
  version: z.literal(1),
  chainId: z.int().positive(),
  escrow: addressSchema,
  commitmentLog: addressSchema,
  provider: addressSchema,
  from: moment,
  to: moment,
  /** Hashes of manifests by their models' ids, as far as the provider has them: they bind keys to ids. */
  manifests: z.record(z.string(), wordSchema),
});

export const entrySchema = z.strictObject({
  request: requestSchema,
  /** The payer's; none for a locked request. */
  signature: signatureSchema.nullable(),
  output: wordSchema,
  charge: tokenAmountSchema,
  receipt: signatureSchema,
  answeredAt: moment,
  commitment: z
    .strictObject({ root: wordSchema, path: z.array(wordSchema).max(64), transaction: wordSchema.nullable() })
    .nullable(),
  outcomes: z.array(
    z.strictObject({
      kind: z.enum(["opened", "settled", "reclaimed", "penalised"]),
      transaction: wordSchema,
      block: count,
      amount: tokenAmountSchema,
      prover: addressSchema.nullable(),
    }),
  ),
  /** The 256 bytes that proved it, or an enclave's signature of 64. */
  proof: z
    .string()
    .regex(/^0x([0-9a-f]{512}|[0-9a-f]{128})$/)
    .nullable(),
});

export const footerSchema = z.strictObject({
  receipts: count,
  charged: sum,
  settled: count,
  paid: sum,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export type Header = z.output<typeof headerSchema>;
export type Entry = z.output<typeof entrySchema>;
export type Footer = z.output<typeof footerSchema>;

/** What the entries of a bundle come to. */
export type Sums = Omit<Footer, "sha256">;

export function startSums() {
  const sums = { receipts: 0, charged: 0n, settled: 0, paid: 0n };
  return {
    add({
      charge,
      outcomes,
    }: {
      readonly charge: bigint;
      readonly outcomes: readonly { readonly kind: string }[];
    }): void {
      sums.receipts += 1;
      sums.charged += charge;
      if (!outcomes.some(({ kind }) => kind === "settled")) return;
      sums.settled += 1;
      sums.paid += charge;
    },
    sums: (): Sums => sums,
  };
}
