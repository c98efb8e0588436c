/** An attested model: which code answers in its name, which upstream that code asks, and what an answer costs. */
import { encodeAbiParameters, keccak256, stringToHex, type Hex } from "viem";
import { z } from "zod";

import { canonicalJson } from "../protocol/canonical-json.ts";
import { hashMeasurement, measurementSchema } from "./measurement.ts";

/** Of token units, in decimal digits: few enough that no charge of any request leaves 96 bits. */
const unitsSchema = z.string().regex(/^(0|[1-9]\d{0,14})$/, "must be at most 15 decimal digits");

/** What an answer costs. */
export const priceSchema = z.strictObject({
  /** For any answer, in token units. */
  base: unitsSchema,
  /** For a million tokens of the prompt, and of the answer, in token units. */
  input: unitsSchema,
  output: unitsSchema,
});

export const attestedManifestSchema = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1).max(80),
  purpose: z.string().min(1).max(400),
  kind: z.enum(["chat", "embeddings"]),
  enclave: measurementSchema,
  /** Whom the enclave asks: who runs it sees prompts, unless it runs inside. */
  upstream: z.strictObject({ url: z.url().max(400), model: z.string().min(1).max(200) }),
  price: priceSchema,
  /** The most that one answer may have, whatever the request says. */
  mostOutputTokens: z.int().min(1).max(1_000_000),
  /** How a prompt is counted when a stream is cut before the upstream has counted it. */
  promptBytesPerToken: z.int().min(1).max(64),
});

export type AttestedManifest = z.output<typeof attestedManifestSchema>;

export type AttestedPrice = z.output<typeof priceSchema>;

export function hashAttestedManifest(manifest: AttestedManifest): Hex {
  return keccak256(stringToHex(canonicalJson(manifest)));
}

/** The id, which fixes the code by its measurement and all the rest by the manifest. */
export function attestedModelOf(manifest: AttestedManifest): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "bytes32" }, { type: "bytes32" }],
      [hashMeasurement(manifest.enclave), hashAttestedManifest(manifest)],
    ),
  );
}
