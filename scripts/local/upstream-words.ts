/** What the local upstream says: computed from the question, the same whenever it is asked, and counted truly. */
import { createHash } from "node:crypto";

export type Fields = { readonly [key: string]: unknown };

const DIMENSIONS = 16;
/** What a message has beside its words. */
const TOKENS_BESIDE = 3;

/** The words of an answer, one a token; not all of them where the question allows fewer. */
export function wordsFor(body: Fields): { readonly words: readonly string[]; readonly isShortened: boolean } {
  const asked = messagesIn(body).at(-1) ?? "";
  const said = asked.split(/\s+/).filter((word) => word !== "");
  const all = ["Read", " backwards,", " that", " is:", ...said.toReversed().map((word) => ` ${word}`)];
  const most = Number(body["max_completion_tokens"] ?? body["max_tokens"] ?? Number.POSITIVE_INFINITY);
  return { words: all.slice(0, most), isShortened: all.length > most };
}

/** What the question and its answer take, in words. */
export function usageOf(body: Fields, output: number) {
  const texts = "input" in body ? textsIn(body["input"]) : messagesIn(body);
  const words = texts.map((each) => each.split(/\s+/).filter((word) => word !== "").length + TOKENS_BESIDE);
  const input = words.reduce((sum, each) => sum + each, 0);
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

export function textsIn(input: unknown): string[] {
  if (typeof input === "string") return [input];
  return Array.isArray(input) ? input.map((each) => (typeof each === "string" ? each : JSON.stringify(each))) : [];
}

/** A direction that a text's hash gives, of length one. */
export function embeddingOf(words: string): number[] {
  const bytes = [...createHash("sha256").update(words).digest().subarray(0, DIMENSIONS)];
  const raw = bytes.map((byte) => byte - 127.5);
  const length = Math.hypot(...raw);
  return raw.map((each) => Number((each / length).toFixed(6)));
}

/** The texts of all messages; of those with several parts, the parts that are text. */
function messagesIn({ messages }: Fields): string[] {
  if (!Array.isArray(messages)) return [];
  return messages.map((message: { readonly content?: unknown }) => {
    if (typeof message.content === "string") return message.content;
    if (!Array.isArray(message.content)) return "";
    return message.content.map((part: { readonly text?: string }) => part.text ?? "").join(" ");
  });
}
