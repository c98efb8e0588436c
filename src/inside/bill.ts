/** What an answer costs, by what was delivered of it. */
import { canonicalJson } from "../protocol/canonical-json.ts";
import type { AttestedManifest } from "../enclave/manifest.ts";
import { capFor, type Question } from "../enclave/question.ts";
import { chargeFor, type Usage } from "../enclave/transcript.ts";
import type { Tokens } from "./chunk.ts";

/** How much of an answer there was when it ended. */
export type Delivered = {
  /** The upstream's last count at or before the end. */
  readonly tokens: Tokens | undefined;
  /** Tokens of the answer, by what was seen of it. */
  readonly seen: number;
};

export type Bill = { readonly usage: Usage; readonly charge: bigint };

/** Never more than the question can cost, which is the least that an agent signs for. */
export function billFor(manifest: AttestedManifest, question: Question, delivered: Delivered): Bill {
  const usage = usageOf(manifest, question, delivered);
  return { usage, charge: chargeFor(manifest.price, usage) };
}

function usageOf(manifest: AttestedManifest, question: Question, { tokens, seen }: Delivered): Usage {
  // A count of more than was asked for, or than can have been asked, is none.
  const isBelievable =
    tokens !== undefined &&
    tokens.output <= question.mostOutputTokens &&
    chargeFor(manifest.price, tokens) <= capFor(manifest, question);
  if (isBelievable) return { ...tokens, source: "upstream" };
  return {
    input: tokensIn(manifest, canonicalJson(question.body)),
    output: Math.min(seen, question.mostOutputTokens),
    source: "delivered",
  };
}

/** How many tokens a text is taken for that nobody has counted. */
export function tokensIn({ promptBytesPerToken }: AttestedManifest, text: string): number {
  return Math.ceil(Buffer.byteLength(text) / promptBytesPerToken);
}
