/** What the gateway's routes take and give, once: they check by it, and the OpenAPI document is made of it. */
import { z } from "zod";

import { PROBLEMS, type ProblemCode } from "./problem.ts";
import { EVENTS } from "./status.ts";

const word = z.string().regex(/^0x[0-9a-fA-F]{64}$/);
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const signature = z.string().regex(/^0x[0-9a-fA-F]{128}$/);
const amount = z.string().regex(/^\d+$/).meta({ description: "Token units, in decimal digits" });
const seconds = z.int().meta({ description: "Seconds of Unix time" });

/** A request as it travels; `requestSchema` reads it. */
const wireRequestSchema = z.strictObject({
  payer: address,
  provider: address,
  verifier: address,
  consumer: address,
  model: word,
  input: word,
  price: amount,
  proverFee: amount,
  penalty: amount,
  deadline: seconds,
  locked: z.boolean(),
  nonce: z.string().regex(/^\d+$/),
});

/** A question: what the model is to be asked, and how it stays secret. */
export const inferBodySchema = z.strictObject({
  input: z
    .union([z.record(z.string(), z.unknown()), z.array(z.unknown())])
    .meta({ description: "Values by the names of the model's fields, or all of them in order" }),
  salt: word
    .optional()
    .meta({ description: "Of the input's commitment, drawn by the client; else the gateway draws it" }),
  payer: address.optional().meta({ description: "For a stock payment: who is refunded; by default whoever pays" }),
});

export const providerSchema = z.strictObject({
  provider: address,
  chainId: z.int(),
  network: z.string(),
  escrow: address,
  commitmentLog: address,
  token: z.strictObject({ address, name: z.string(), version: z.string(), decimals: z.int() }),
  confirmations: z.int(),
  time: seconds,
  deadline: z.strictObject({ least: z.int(), most: z.int() }),
  nonceWindow: z.int(),
});

export const modelsSchema = z.strictObject({
  models: z.array(
    z.strictObject({
      id: word,
      name: z.string(),
      purpose: z.string(),
      verifier: address,
      price: amount,
      proverFee: amount,
      penalty: amount,
      timeout: z.int(),
      setup: z.enum(["development", "ceremony"]),
      openJobs: z.boolean(),
      manifest: z.record(z.string(), z.unknown()),
      key: z.record(z.string(), z.unknown()),
    }),
  ),
});

/** Whatever else the upstream knows is passed on to it. */
export const chatBodySchema = z.looseObject({
  model: z.string().meta({ description: "An attested model's id or name" }),
  messages: z.array(z.looseObject({ role: z.string() })).min(1),
  stream: z.boolean().optional(),
});

export const embeddingsBodySchema = z.looseObject({
  model: z.string().meta({ description: "An attested model's id or name" }),
  input: z.union([z.string(), z.array(z.unknown()).min(1)]),
});

export const enclavesSchema = z.strictObject({
  models: z.array(
    z.strictObject({
      id: word,
      name: z.string(),
      purpose: z.string(),
      kind: z.enum(["chat", "embeddings"]),
      verifier: address,
      penalty: amount,
      timeout: z.int(),
      simulated: z.boolean().meta({ description: "Whether no platform vouches for the enclave: it proves nothing" }),
      answersUntil: seconds.nullable(),
      reason: z.string().optional().meta({ description: "Why its answers cannot be verified now" }),
      manifest: z.record(z.string(), z.unknown()),
    }),
  ),
});

export const tabSchema = z.strictObject({
  payer: address,
  funds: amount,
  stake: amount,
  promised: amount,
  available: amount,
  exitAt: z.int(),
  nextNonce: z.string(),
});

export const answerSchema = z.strictObject({
  id: word,
  request: wireRequestSchema,
  output: word,
  charge: amount,
  receipt: signature,
  value: z.union([z.string(), z.number(), z.array(z.number())]),
  salt: word,
});

export const statusSchema = z.strictObject({
  id: word,
  state: z.enum(EVENTS),
  isFinal: z.boolean(),
  output: word.nullable(),
  charge: amount.nullable(),
  deadline: seconds,
  events: z.array(
    z.strictObject({
      event: z.enum(EVENTS),
      at: z.number().nullable(),
      transaction: word.optional(),
      block: z.int().optional(),
      amount: amount.optional(),
    }),
  ),
});

export const inclusionSchema = z.strictObject({
  root: word,
  path: z.array(word),
  transaction: word.nullable(),
});

/** A job as it travels; `jobSchema` reads it. */
const wireJobSchema = z.strictObject({
  id: word,
  request: wireRequestSchema,
  signature: signature.nullable(),
  output: word,
  charge: amount,
  receipt: signature,
  fields: z.array(z.int().nonnegative()),
  salt: z.string().regex(/^\d+$/),
});

export const leaseRequestSchema = z.strictObject({
  prover: address,
  most: z.int().min(1).max(64),
  models: z.array(word).max(64),
});

export const leasedSchema = z.strictObject({
  jobs: z.array(z.strictObject({ job: wireJobSchema, lease: z.string(), until: seconds })),
});

export const healthSchema = z.strictObject({ status: z.literal("ok"), head: z.int(), final: z.int() });

export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
});
