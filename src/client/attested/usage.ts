/** What an answer took, counted again from what arrived: an enclave's own count is only as good as what it shows. */
import type { AttestedManifest } from "../../enclave/manifest.ts";
import type { Question } from "../../enclave/question.ts";
import type { Usage } from "../../enclave/transcript.ts";
import { isBelieved, readUsage, tokensOf } from "../../enclave/usage.ts";
import { canonicalJson } from "../../protocol/canonical-json.ts";
import type { JsonObject } from "./order.ts";

/** Why a usage is not that of an answer; undefined where it is. @param texts The answer's chunks, and what each says. */
export function differenceInUsage(
  usage: Usage,
  texts: readonly string[],
  answers: readonly JsonObject[],
  question: Question,
  manifest: AttestedManifest,
): string | undefined {
  // The last count covers all that came before it.
  const last = answers
    .map((each) => readUsage(manifest.kind, each["usage"]))
    .findLast((tokens) => tokens !== undefined);
  const counted = isBelieved(last, question) ? last : undefined;
  const source = counted === undefined ? "delivered" : "upstream";
  if (usage.source !== source) return `it counts by ${usage.source}, not by ${source}`;
  const input = counted?.input ?? tokensOf(canonicalJson(question.body), manifest);
  if (usage.input !== input) return `it counts ${usage.input} tokens of the question, not ${input}`;
  if (counted !== undefined && usage.output !== counted.output) {
    return `it counts ${usage.output} tokens of the answer, not ${counted.output}`;
  }
  const most = Math.min(question.mostOutputTokens, counted?.output ?? mostIn(texts, question, manifest));
  return usage.output > most ? `it counts ${usage.output} tokens of an answer that has at most ${most}` : undefined;
}

/** Nobody has counted: a chunk is taken for a token at most, and a whole answer by its size. */
function mostIn(texts: readonly string[], { isStreamed }: Question, manifest: AttestedManifest): number {
  return isStreamed ? texts.length : texts.reduce((sum, text) => sum + tokensOf(text, manifest), 0);
}
