/** The OpenAPI document of the gateway, made of the very schemas that its routes check by. */
import { z } from "zod";

import { evidenceSchema } from "../enclave/evidence.ts";
import { ASSAY_VERSION } from "../model/version.ts";
import { PROBLEMS, type ProblemCode } from "./problem.ts";
import * as schemas from "./schemas.ts";

type Route = {
  readonly summary: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: z.ZodType;
  readonly answer: z.ZodType | { readonly type: string } | undefined;
  readonly problems: readonly ProblemCode[];
};

const BODY: readonly ProblemCode[] = ["malformed-body", "body-too-large", "not-json"];
const ANY: readonly ProblemCode[] = ["too-many-requests", "overloaded", "store-down", "fault"];
const PAYMENT = (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) => {
  return [402, 409].includes(PROBLEMS[code][0]) && code !== "lease-lost";
});

const ATTESTED: readonly ProblemCode[] = [
  ...BODY,
  "malformed-payment",
  "unknown-model",
  "bad-input",
  "not-attested",
  "enclave-failed",
  "behind-chain",
  ...PAYMENT,
];

/** Method and path of every route, and what it is for. */
export const ROUTES: Readonly<Record<string, Route>> = {
  "get /v1/provider": {
    summary: "Who sells here, on which chain and escrow, and in which bounds",
    answer: schemas.providerSchema,
    problems: ["behind-chain"],
  },
  "get /v1/models": {
    summary: "The price list, with all that it takes to check a model's id",
    answer: schemas.modelsSchema,
    problems: [],
  },
  "get /v1/tabs/{payer}": {
    summary: "What a payer's tab still covers, and its next nonce",
    parameters: { payer: "An address" },
    answer: schemas.tabSchema,
    problems: ["malformed-body"],
  },
  "post /v1/models/{model}/infer": {
    summary: "An answer for a payment (x402, version 2: schemes assay and exact)",
    parameters: { model: "A model's id" },
    body: schemas.inferBodySchema,
    answer: schemas.answerSchema,
    problems: [...BODY, "malformed-payment", "unknown-model", "bad-input", "behind-chain", ...PAYMENT],
  },
  "post /v1/chat/completions": {
    summary: "An enclave's answer, as the OpenAI API has it; streamed, it ends with the settlement as a comment",
    body: schemas.chatBodySchema,
    answer: { type: "application/json" },
    problems: ATTESTED,
  },
  "post /v1/embeddings": {
    summary: "An enclave's embeddings, as the OpenAI API has them",
    body: schemas.embeddingsBodySchema,
    answer: { type: "application/json" },
    problems: ATTESTED,
  },
  "get /v1/enclaves": {
    summary: "The attested models, and whether their answers can be verified now",
    answer: schemas.enclavesSchema,
    problems: [],
  },
  "get /v1/enclaves/{model}": {
    summary: "What a model's enclave shows of itself, to be checked before it is asked",
    parameters: { model: "An attested model's id or name" },
    answer: evidenceSchema,
    problems: ["unknown-model", "not-attested"],
  },
  "get /v1/attestations/{hash}": {
    summary: "What an enclave showed when its key was enrolled",
    parameters: { hash: "The attestation's hash on chain" },
    answer: evidenceSchema,
    problems: ["unknown-attestation"],
  },
  "get /v1/requests/{id}": {
    summary: "What became of a request",
    parameters: { id: "A request's id" },
    answer: schemas.statusSchema,
    problems: ["unknown-request"],
  },
  "get /v1/requests/{id}/events": {
    summary: "The same as server-sent events, one for each that is new, until nothing more can happen",
    parameters: { id: "A request's id" },
    answer: { type: "text/event-stream" },
    problems: ["unknown-request"],
  },
  "get /v1/requests/{id}/inclusion": {
    summary: "How a receipt stands under a Merkle root that is on chain",
    parameters: { id: "A request's id" },
    answer: schemas.inclusionSchema,
    problems: ["unknown-request", "not-committed"],
  },
  "post /v1/jobs/lease": {
    summary: "Answers to prove, of models that are open to any prover",
    body: schemas.leaseRequestSchema,
    answer: schemas.leasedSchema,
    problems: [...BODY, "not-open"],
  },
  "post /v1/jobs/{lease}/keep": {
    summary: "Says that a leased job is still being worked on",
    parameters: { lease: "A lease" },
    answer: undefined,
    problems: ["lease-lost"],
  },
  "post /v1/jobs/{lease}/give-back": {
    summary: "Gives a leased job back",
    parameters: { lease: "A lease" },
    answer: undefined,
    problems: ["lease-lost"],
  },
  "get /healthz": { summary: "Whether it sells", answer: schemas.healthSchema, problems: ["behind-chain"] },
  "get /metrics": { summary: "Figures for Prometheus", answer: { type: "text/plain" }, problems: [] },
  "get /openapi.json": { summary: "This document", answer: { type: "application/json" }, problems: [] },
};

export function openApi(publicUrl: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [key, route] of Object.entries(ROUTES)) {
    const [method = "", path = ""] = key.split(" ");
    paths[path] = { ...paths[path], [method]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Assay gateway", version: ASSAY_VERSION },
    servers: [{ url: publicUrl }],
    paths,
    components: { schemas: { Problem: schemaOf(schemas.problemSchema) } },
  };
}

function operationOf({ summary, parameters = {}, body, answer, problems }: Route): object {
  const own = Map.groupBy([...problems, ...ANY], (code) => PROBLEMS[code][0]);
  return {
    summary,
    parameters: Object.entries(parameters).map(([name, description]) => {
      return { name, in: "path", required: true, description, schema: { type: "string" } };
    }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: schemaOf(body) } } } }),
    responses: {
      ...successOf(answer),
      ...Object.fromEntries(
        [...own].map(([status, codes]) => [
          status,
          {
            description: codes.map((code) => `${code}: ${PROBLEMS[code][1]}`).join("; "),
            content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
          },
        ]),
      ),
    },
  };
}

function successOf(answer: Route["answer"]): object {
  if (answer === undefined) return { 204: { description: "Done" } };
  if (answer instanceof z.ZodType) {
    return { 200: { description: "The answer", content: { "application/json": { schema: schemaOf(answer) } } } };
  }
  return { 200: { description: "The answer", content: { [answer.type]: {} } } };
}

function schemaOf(schema: z.ZodType): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}
