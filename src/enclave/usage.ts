/** How tokens are counted: by the enclave that charges for them, and again by the client that pays. */
import { stringToBytes } from "viem";
import { z } from "zod";

import type { AttestedManifest } from "./manifest.ts";
import type { Kind, Question } from "./question.ts";
import type { Usage } from "./transcript.ts";

export type Tokens = Pick<Usage, "input" | "output">;

const count = z.int().nonnegative();
const chatSchema = z.looseObject({ prompt_tokens: count, completion_tokens: count });
const embeddingsSchema = z.looseObject({ prompt_tokens: count });

/** An upstream's `usage`; one that cannot be true is none. */
export function readUsage(kind: Kind, usage: unknown): Tokens | undefined {
  if (kind === "embeddings") {
    const read = embeddingsSchema.safeParse(usage);
    return read.success ? { input: read.data.prompt_tokens, output: 0 } : undefined;
  }
  const read = chatSchema.safeParse(usage);
  return read.success ? { input: read.data.prompt_tokens, output: read.data.completion_tokens } : undefined;
}

/** Whether an upstream's last count is believed: one of more than was asked for is not. */
export function isBelieved(tokens: Tokens | undefined, { mostOutputTokens }: Question): tokens is Tokens {
  return tokens !== undefined && tokens.output <= mostOutputTokens;
}

/** How many tokens a text is taken for that nobody has counted. */
export function tokensOf(text: string, { promptBytesPerToken }: AttestedManifest): number {
  return Math.ceil(stringToBytes(text).length / promptBytesPerToken);
}
