/** A provider's gateway over HTTP. It is believed in nothing that was not checked elsewhere. */
import type { Address, Hex } from "viem";
import { z } from "zod";

import { evidenceSchema, type Evidence } from "../enclave/evidence.ts";
import { fetchJson, NoReplyError, type Call, type Reply } from "../x402/fetch-json.ts";
import { enclavesSchema, type AttestedListing } from "./attested/messages.ts";
import { open, readWhole, type Opened } from "./attested/transfer.ts";
import {
  answerSchema,
  modelsSchema,
  problemSchema,
  providerSchema,
  tabSchema,
  type Listing,
  type Provider,
  type ProviderTab,
  type ReceivedAnswer,
} from "./messages.ts";

/** A paid request as it travels: the same bytes each time it is sent. */
export type Parcel = { readonly model: Hex; readonly body: string; readonly payment: string };

/** The same for an attested model, whose question has the OpenAI API's form and so its salt in a header. */
export type AttestedParcel = Omit<Parcel, "model"> & { readonly path: string; readonly salt: Hex };

export type Gateway = {
  readonly url: string;
  readonly provider: () => Promise<Provider>;
  readonly models: () => Promise<readonly Listing[]>;
  readonly tab: (payer: Address) => Promise<ProviderTab>;
  /** Sends it until there is an answer or a refusal: sent twice, it is charged once. */
  readonly infer: (parcel: Parcel) => Promise<ReceivedAnswer>;
  readonly enclaves: () => Promise<readonly AttestedListing[]>;
  /** What an attested model's enclave shows of itself. */
  readonly evidence: (model: Hex) => Promise<Evidence>;
  /** As `infer`; the text is what was sent, to the byte. */
  readonly answer: (
    parcel: AttestedParcel,
  ) => Promise<{ readonly text: string | undefined; readonly headers: Headers }>;
  /** As `infer`, until there is an answer that begins. */
  readonly stream: (parcel: AttestedParcel) => Promise<Opened>;
};

export type GatewayOptions = Pick<Call, "fetch" | "timeout"> & {
  /** Aborted when nobody wants an answer any more. */
  readonly signal: AbortSignal;
  /** How often a request is sent that gets no answer, and the milliseconds before the second time, doubled each time. */
  readonly attempts: number;
  readonly pause: number;
};

/** The largest models' price lists and answers are far below. */
const LIMITS = {
  provider: 65_536,
  models: 8_388_608,
  tab: 16_384,
  answer: 1_048_576,
  evidence: 2_097_152,
  attested: 67_108_864,
} as const;

/** It may have been read, and may yet be answered: the same again is safe, and costs nothing. */
const AGAIN = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Said while the very same request is being answered. */
const BUSY = "busy";

export function gatewayAt(url: string, options: GatewayOptions): Gateway {
  const { attempts, pause, signal } = options;
  const base = baseOf(url);
  const call = (path: string, limit: number, init: RequestInit = {}): Promise<Reply> => {
    return fetchJson(`${base}${path}`, init, { ...options, limit });
  };
  const get = async <Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    limit: number,
  ): Promise<z.output<Schema>> => {
    const reply = await call(path, limit);
    if (reply.status !== 200) throw refusalOf(reply);
    return read(path, schema, reply);
  };

  /** Until something decides; nothing else does, however often it is sent. */
  const insist = async <Result>(send: () => Promise<Result>): Promise<Result> => {
    let last: unknown;
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) await sleep(pause * 2 ** (attempt - 1), signal);
      try {
        return await send();
      } catch (error) {
        if (signal.aborted || !isUndecided(error)) throw error;
        last = error;
      }
    }
    throw last;
  };
  const begin = async ({ path, body, payment, salt }: AttestedParcel): Promise<Opened> => {
    const headers = { "content-type": "application/json", "payment-signature": payment, "assay-salt": salt };
    const init = { method: "POST", headers, body };
    const opened = await open(`${base}${path}`, init, { ...options, limit: LIMITS.attested });
    if (opened.status === 200) return opened;
    throw refusalOf({ status: opened.status, body: parse(await readWhole(opened)) });
  };

  return {
    url: base,
    provider: () => get("/v1/provider", providerSchema, LIMITS.provider),
    models: async () => (await get("/v1/models", modelsSchema, LIMITS.models)).models,
    tab: (payer) => get(`/v1/tabs/${payer}`, tabSchema, LIMITS.tab),
    async infer({ model, body, payment }) {
      const headers = { "content-type": "application/json", "payment-signature": payment };
      const reply = await insist(async () => {
        const given = await call(`/v1/models/${model}/infer`, LIMITS.answer, { method: "POST", headers, body });
        if (given.status !== 200) throw refusalOf(given);
        return given;
      });
      return read("/infer", answerSchema, reply);
    },
    enclaves: async () => (await get("/v1/enclaves", enclavesSchema, LIMITS.models)).models,
    evidence: (model) => get(`/v1/enclaves/${model}`, evidenceSchema, LIMITS.evidence),
    answer: (parcel) =>
      insist(async () => {
        const opened = await begin(parcel);
        return { text: await readWhole(opened), headers: opened.headers };
      }),
    stream: (parcel) => insist(() => begin(parcel)),
  };
}

/** Whether an error leaves open that the request is answered, or charged, some other time. */
export function isDecided(error: unknown): error is RefusedError {
  return error instanceof RefusedError && !AGAIN.has(error.status) && error.code !== BUSY;
}

/** What is no answer of a gateway at all decides that there will be none. */
function isUndecided(error: unknown): boolean {
  return error instanceof NoReplyError || (error instanceof RefusedError && !isDecided(error));
}

function baseOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) throw new BadAddressError(url);
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, "")}`;
}

function read<Schema extends z.ZodType>(path: string, schema: Schema, { body }: Reply): z.output<Schema> {
  const { success, data, error } = schema.safeParse(body);
  if (!success) throw new GarbledError(path, error);
  return data;
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function refusalOf(reply: Pick<Reply, "status" | "body">): RefusedError {
  const problem = problemSchema.safeParse(reply.body).data;
  return new RefusedError(reply.status, problem?.code ?? `http-${reply.status}`, problem?.detail ?? "");
}

/** Until a time has passed, or nobody waits for it. */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    signal.addEventListener("abort", wake, { once: true });
  });
}

const MOST_QUOTED = 300;

/** A gateway refuses, and says why. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;
  /** Stable; `http-` and the status where the gateway gives none. */
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(`The gateway refuses (${status}, ${code})${detail === "" ? "." : `: ${detail.slice(0, MOST_QUOTED)}`}`);
    this.status = status;
    this.code = code;
  }
}

/** A gateway's answer does not have its form. */
export class GarbledError extends Error {
  override readonly name = "GarbledError";

  constructor(path: string, cause: z.ZodError) {
    super(`What the gateway answers at ${path} is malformed:\n${z.prettifyError(cause).slice(0, MOST_QUOTED)}`, {
      cause,
    });
  }
}

/** The address of a gateway is none. */
export class BadAddressError extends Error {
  override readonly name = "BadAddressError";

  constructor(url: string) {
    super(`The address of a gateway is such as https://provider.example, got ${JSON.stringify(url.slice(0, 64))}.`);
  }
}
