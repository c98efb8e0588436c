/** What an enclave signs for: what was asked, what was answered, who answered, and what it cost. */
import { concat, sha256, stringToHex, type Hex } from "viem";
import { z } from "zod";

import { canonicalJson } from "../protocol/canonical-json.ts";
import { addressSchema, wordSchema } from "../protocol/wire.ts";
import { priceSchema, type AttestedPrice } from "./manifest.ts";

const tokensSchema = z.int().nonnegative();

export const usageSchema = z.strictObject({
  input: tokensSchema,
  output: tokensSchema,
  /** The upstream's own count; or, of a stream that was cut before that came, a count of what was delivered. */
  source: z.enum(["upstream", "delivered"]),
});

export type Usage = z.output<typeof usageSchema>;

export const transcriptSchema = z.strictObject({
  version: z.literal(1),
  chainId: z.int().positive(),
  escrow: addressSchema,
  /** The request's id. */
  request: wordSchema,
  model: wordSchema,
  /** The commitment to the body that was asked. */
  input: wordSchema,
  /** The head of the hash chain over the chunks, and how many those are. One that is not streamed is one chunk. */
  response: z.strictObject({ head: wordSchema, chunks: z.int().nonnegative() }),
  end: z.enum(["complete", "cut"]),
  usage: usageSchema,
  price: priceSchema,
  charge: z.string().regex(/^[1-9]\d{0,28}$/),
  /** The name that the upstream gave for what answered. */
  upstreamModel: z.string().max(200),
});

export type Transcript = z.output<typeof transcriptSchema>;

const CHAIN_DOMAIN = stringToHex("Assay response chain v1\n");
const TRANSCRIPT_DOMAIN = stringToHex("Assay transcript v1\n");

/** Where the chain of a response begins: at its own request, so that no chunk fits another. */
export function startChain(request: Hex, input: Hex): Hex {
  return sha256(concat([CHAIN_DOMAIN, request, input]));
}

/** One chunk further. A chunk's hash has a fixed size, so that no two rows of chunks read alike. */
export function extendChain(head: Hex, chunk: string): Hex {
  return sha256(concat([head, sha256(stringToHex(chunk))]));
}

/** The receipt's output. */
export function hashTranscript(transcript: Transcript): Hex {
  return sha256(concat([TRANSCRIPT_DOMAIN, stringToHex(canonicalJson(transcript))]));
}

const TOKENS_PER_PRICE = 1_000_000n;

/** What tokens cost, rounded up: at least one unit, since nothing settles for nothing. */
export function chargeFor(price: AttestedPrice, { input, output }: Pick<Usage, "input" | "output">): bigint {
  const metered = BigInt(input) * BigInt(price.input) + BigInt(output) * BigInt(price.output);
  const charge = BigInt(price.base) + (metered + TOKENS_PER_PRICE - 1n) / TOKENS_PER_PRICE;
  return charge === 0n ? 1n : charge;
}
