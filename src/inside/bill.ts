/** What an answer costs, by what was delivered of it. */
import { canonicalJson } from "../protocol/canonical-json.ts";
import type { AttestedManifest } from "../enclave/manifest.ts";
import type { Question } from "../enclave/question.ts";
import { chargeFor, type Usage } from "../enclave/transcript.ts";
import { isBelieved, tokensOf, type Tokens } from "../enclave/usage.ts";

/** How much of an answer there was when it ended. */
export type Delivered = {
  /** The upstream's last count at or before the end. */
  readonly tokens: Tokens | undefined;
  /** Tokens of the answer, by what was seen of it. */
  readonly seen: number;
};

export type Bill = { readonly usage: Usage; readonly charge: bigint };

/** @param price The most that the agent signed for: whatever an upstream counts, nobody pays more. */
export function billFor(manifest: AttestedManifest, question: Question, price: bigint, delivered: Delivered): Bill {
  const usage = usageOf(manifest, question, delivered);
  const metered = chargeFor(manifest.price, usage);
  return { usage, charge: metered < price ? metered : price };
}

function usageOf(manifest: AttestedManifest, question: Question, { tokens, seen }: Delivered): Usage {
  if (isBelieved(tokens, question)) return { ...tokens, source: "upstream" };
  return {
    input: tokensOf(canonicalJson(question.body), manifest),
    output: Math.min(seen, question.mostOutputTokens),
    source: "delivered",
  };
}
