/** What a gateway says of attested models and their answers, read strictly: nothing in it can ask to be spared a check. */
import { z } from "zod";

import { attestedManifestSchema } from "../../enclave/manifest.ts";
import { transcriptSchema } from "../../enclave/transcript.ts";
import { addressSchema, requestSchema, signatureSchema, tokenAmountSchema, wordSchema } from "../../protocol/wire.ts";

/** Of `GET /v1/enclaves`. The evidence tells whether any of it is true. */
export const attestedListingSchema = z.strictObject({
  id: wordSchema,
  name: z.string().max(80),
  purpose: z.string().max(400),
  kind: z.enum(["chat", "embeddings"]),
  verifier: addressSchema,
  penalty: tokenAmountSchema,
  timeout: z.int().positive(),
  simulated: z.boolean(),
  /** The latest deadline that it takes; null while it sells nothing. */
  answersUntil: z.int().nonnegative().nullable(),
  reason: z.string().max(2_000).optional(),
  manifest: attestedManifestSchema,
});

export type AttestedListing = z.output<typeof attestedListingSchema>;

export const enclavesSchema = z.strictObject({ models: z.array(attestedListingSchema).max(1_024) });

/** What goes with an answer: in a header, or as a comment at the end of a stream. */
export const tailSchema = z.strictObject({
  success: z.literal(true),
  payer: addressSchema,
  transaction: z.union([z.literal(""), wordSchema]),
  network: z.string().max(64),
  amount: tokenAmountSchema,
  extensions: z.strictObject({
    assay: z.strictObject({
      id: wordSchema,
      request: requestSchema,
      output: wordSchema,
      charge: tokenAmountSchema,
      receipt: signatureSchema,
      salt: wordSchema,
      transcript: transcriptSchema,
      /** The enclave's. */
      signature: signatureSchema,
      simulated: z.boolean(),
    }),
  }),
});

export type Tail = z.output<typeof tailSchema>;
