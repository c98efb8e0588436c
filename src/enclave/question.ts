/** What may be asked of an attested model, in the form of the OpenAI API: read once, by gateway, enclave and client alike. */
import { stringToBytes } from "viem";
import { z } from "zod";

import { canonicalJson, type Json } from "../protocol/canonical-json.ts";
import { checkPlain } from "./plain-json.ts";
import { chargeFor } from "./transcript.ts";
import type { AttestedManifest } from "./manifest.ts";

export type Kind = AttestedManifest["kind"];

/** Where each kind is asked. */
export const ROUTES: Readonly<Record<Kind, string>> = {
  chat: "/v1/chat/completions",
  embeddings: "/v1/embeddings",
};

/** A body that was read: its fields, and what of them decides on the price. */
export type Question = {
  readonly body: { readonly [key: string]: Json };
  readonly isStreamed: boolean;
  readonly mostOutputTokens: number;
};

const tokens = z.int().min(1);
const single = z.literal(1).optional();

/** The fields that the price depends on; all others go to the upstream as they are, and are committed to as they are. */
const chatSchema = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string() })).min(1),
  stream: z.boolean().nullish(),
  max_tokens: tokens.nullish(),
  max_completion_tokens: tokens.nullish(),
  n: single.nullable(),
  best_of: single.nullable(),
});

const embeddingsSchema = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(z.unknown()).min(1)]),
  stream: z.literal(false).nullish(),
});

/** Reads a request's body, before anything is signed or paid for it. */
export function readQuestion(manifest: AttestedManifest, body: unknown): Question {
  checkPlain(body);
  refuseRemote(body, "body");
  if (manifest.kind === "embeddings") {
    const fields = parse(embeddingsSchema, body);
    return { body: fields as Question["body"], isStreamed: false, mostOutputTokens: 0 };
  }
  const fields = parse(chatSchema, body);
  const asked = fields.max_completion_tokens ?? fields.max_tokens ?? manifest.mostOutputTokens;
  return {
    body: fields as Question["body"],
    isStreamed: fields.stream === true,
    mostOutputTokens: Math.min(asked, manifest.mostOutputTokens),
  };
}

/** A tokenizer makes no more than one token of a byte; templates and roles come on top, for each part of the body. */
const TOKENS_BESIDE = 1_024;

/** The most that an answer can cost: what an agent signs for. */
export function capFor(manifest: AttestedManifest, { body, mostOutputTokens }: Question): bigint {
  const input = stringToBytes(canonicalJson(body)).length + TOKENS_BESIDE;
  return chargeFor(manifest.price, { input, output: mostOutputTokens });
}

/** What the enclave sends on: the same question, by the upstream's name of the model, counted, and never longer than paid. */
export function toUpstream(manifest: AttestedManifest, { body, isStreamed, mostOutputTokens }: Question): Json {
  const named = { ...body, model: manifest.upstream.model };
  if (manifest.kind === "embeddings") return named;
  const { max_tokens: _older, max_completion_tokens: _newer, ...rest } = named as Record<string, Json>;
  // Whichever of the two names the agent used is the one that its upstream knows; both would be refused.
  const limit = body["max_completion_tokens"] === undefined ? "max_tokens" : "max_completion_tokens";
  const limited = { ...rest, [limit]: mostOutputTokens };
  return isStreamed ? { ...limited, stream_options: { include_usage: true } } : limited;
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BadQuestionError(`${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim());
}

const ADDRESSES = new Set(["image_url", "file_url", "video_url", "audio_url"]);

/** What lies elsewhere can be another thing tomorrow: no hash of the body would say what was read. */
function refuseRemote(value: unknown, path: string): void {
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) refuseRemote(each, `${path}.${index}`);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, each] of Object.entries(value as Record<string, unknown>)) {
      const url = typeof each === "object" && each !== null && "url" in each ? each.url : each;
      const isElsewhere = ADDRESSES.has(key) && typeof url === "string" && !url.startsWith("data:");
      if (isElsewhere || key === "file_id") throw new RemoteAttachmentError(`${path}.${key}`);
      refuseRemote(each, `${path}.${key}`);
    }
  }
}

/** A body asks for something that an attested model does not do. */
export class BadQuestionError extends Error {
  override readonly name = "BadQuestionError";

  constructor(complaint: string) {
    super(`The body is no question to this model: ${complaint}. Ask for one answer, in the form of the OpenAI API.`);
  }
}

/** An attachment is named by where it lies, which says nothing about what it is. */
export class RemoteAttachmentError extends Error {
  override readonly name = "RemoteAttachmentError";

  constructor(path: string) {
    super(`${path} names something that lies elsewhere. Put it into the body, as a data: address.`);
  }
}
