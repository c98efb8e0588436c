/** What the enclave reads of an upstream's answer: not what it says, but that it is one, and what it counts. */
import { z } from "zod";

import type { Kind } from "../enclave/question.ts";
import { readUsage, type Tokens } from "../enclave/usage.ts";

/** More of an upstream's name for itself does not fit into a transcript. */
const MOST_NAME = 200;

export type Chunk = {
  /** Up to this chunk, by the upstream's own count. */
  readonly tokens: Tokens | undefined;
  readonly hasContent: boolean;
  /** Whether the answer has come to its end, of whatever kind. */
  readonly isFinished: boolean;
  /** What the upstream calls what answers; empty where it does not say. */
  readonly model: string;
};

const choiceSchema = z.looseObject({
  delta: z.record(z.string(), z.unknown()).nullish(),
  finish_reason: z.string().nullish(),
});

const answerSchema = z.looseObject({
  choices: z.array(choiceSchema).nullish(),
  data: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** Reads an event of a streamed answer. */
export function readChunk(text: string): Chunk {
  const answer = readAnswer(text);
  const choices = answer.choices ?? [];
  return {
    tokens: readUsage("chat", answer["usage"]),
    hasContent: choices.some(({ delta }) => delta !== null && delta !== undefined && isContent(delta)),
    isFinished: choices.some(({ finish_reason: reason }) => typeof reason === "string"),
    model: nameOf(answer["model"]),
  };
}

/** Reads an answer that is not streamed. */
export function readWhole(kind: Kind, text: string): Chunk {
  const answer = readAnswer(text);
  const isAnswer = kind === "chat" ? (answer.choices?.length ?? 0) > 0 : Array.isArray(answer.data);
  if (!isAnswer) throw new NotAnAnswerError(kind === "chat" ? "it has no choices" : "it has no data");
  const tokens = readUsage(kind, answer["usage"]);
  return { tokens, hasContent: true, isFinished: true, model: nameOf(answer["model"]) };
}

function readAnswer(text: string): z.output<typeof answerSchema> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The cause would quote the answer.
    throw new NotAnAnswerError("it is not JSON");
  }
  const read = answerSchema.safeParse(content);
  if (!read.success) throw new NotAnAnswerError("it is not what the OpenAI API answers");
  // Upstreams that fail half-way say so within the stream.
  if (read.data.error !== undefined && read.data.error !== null) throw new NotAnAnswerError("it is an error");
  return read.data;
}

/** Text, reasoning, calls of tools or what else there may be; who speaks is no content. */
function isContent(delta: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(delta).some(([key, value]) => {
    if (key === "role" || value === null || value === "") return false;
    return !Array.isArray(value) || value.length > 0;
  });
}

/** Half of a surrogate pair, which JSON can have, no canonical JSON can. */
function nameOf(model: unknown): string {
  return typeof model === "string" ? model.slice(0, MOST_NAME).toWellFormed() : "";
}

/** What an upstream sent is no part of an answer. */
export class NotAnAnswerError extends Error {
  override readonly name = "NotAnAnswerError";

  constructor(reason: string) {
    super(`The upstream sent something that is no answer: ${reason}. Look into its log.`);
  }
}
