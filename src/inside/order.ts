/** An order as a gateway passes it on: what the agent signed, and what it asks. The enclave believes neither without the other. */
import { isAddressEqual, type Hex } from "viem";
import { z } from "zod";

import type { Json } from "../protocol/canonical-json.ts";
import { idOf, type Request } from "../protocol/request.ts";
import { requestSchema, wordSchema } from "../protocol/wire.ts";
import { hashInput } from "../enclave/input.ts";
import { attestedModelOf, type AttestedManifest } from "../enclave/manifest.ts";
import { NotPlainError } from "../enclave/plain-json.ts";
import { BadQuestionError, capFor, readQuestion, RemoteAttachmentError, type Question } from "../enclave/question.ts";
import type { ServingPolicy, Statement } from "../enclave/statement.ts";
import { Problem } from "./problem.ts";

/** An order that stood every check. */
export type Order = {
  readonly id: Hex;
  readonly request: Request;
  readonly manifest: AttestedManifest;
  readonly question: Question;
};

export type Orders = {
  /** @param now Seconds of Unix time. */
  readonly read: (text: string, statement: Statement, now: number) => Order;
};

const orderSchema = z.strictObject({ request: requestSchema, body: z.unknown(), salt: wordSchema });

export function ordersUnder(policy: ServingPolicy): Orders {
  const { chainId, escrow, verifier } = policy;
  const manifests = new Map(policy.models.map((manifest) => [attestedModelOf(manifest), manifest]));
  const models = [...manifests.keys()].join(", ");
  return {
    read(text, statement, now) {
      const { request, body, salt } = parse(text);
      const manifest = manifests.get(request.model);
      if (manifest === undefined) throw new Problem("unknown-model", `It answers for ${models}.`);
      if (!isAddressEqual(request.verifier, verifier)) {
        throw new Problem("other-verifier", `Its answers verify under ${verifier}, not under ${request.verifier}.`);
      }
      if (!statement.gateways.some((gateway) => isAddressEqual(gateway, request.provider))) {
        throw new Problem(
          "other-provider",
          `It answers to ${statement.gateways.join(", ")}, not to ${request.provider}.`,
        );
      }
      if (request.proverFee !== 0n) {
        throw new Problem(
          "prover-fee",
          `Nobody proves its answers: the prover's fee is zero, not ${request.proverFee}.`,
        );
      }
      if (request.deadline < now || request.deadline > statement.expires) {
        throw new Problem(
          "bad-deadline",
          `The deadline is ${request.deadline}; it is ${now}, and the key is good until ${statement.expires}.`,
        );
      }
      const question = questionOf(manifest, request.model, body, salt, request.input);
      const cap = capFor(manifest, question);
      if (request.price < cap) {
        throw new Problem("price-too-low", `The answer can cost ${cap} units, and the request pays ${request.price}.`);
      }
      return { id: idOf(request, { chainId, escrow }), request, manifest, question };
    },
  };
}

function parse(text: string): z.output<typeof orderSchema> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The cause would quote the body.
    throw new Problem("malformed-body", "The body is not JSON.");
  }
  const parsed = orderSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Problem(
    "malformed-body",
    `The body must have request, body and salt: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}.`,
  );
}

function questionOf(manifest: AttestedManifest, model: Hex, body: unknown, salt: Hex, input: Hex): Question {
  const question = asQuestion(() => readQuestion(manifest, body));
  if (hashInput(body as Json, salt) !== input) {
    throw new Problem("other-input", "The request commits to another body, or under another salt, than came with it.");
  }
  const named = question.body["model"];
  if (named !== manifest.name && !(typeof named === "string" && named.toLowerCase() === model)) {
    throw new Problem("bad-question", `The body asks another model than the request, which is for ${manifest.name}.`);
  }
  return question;
}

const REFUSALS = [NotPlainError, BadQuestionError, RemoteAttachmentError];

function asQuestion(read: () => Question): Question {
  try {
    return read();
  } catch (error) {
    if (!REFUSALS.some((refusal) => error instanceof refusal)) throw error;
    throw new Problem("bad-question", (error as Error).message);
  }
}
