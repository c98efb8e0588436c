/** The gateway's line to the program inside an enclave. What comes over it is checked by what it is used for. */
import type { Hex } from "viem";
import { z } from "zod";

import { evidenceSchema, type Evidence } from "../../enclave/evidence.ts";
import { transcriptSchema, type Transcript } from "../../enclave/transcript.ts";
import type { Json } from "../../protocol/canonical-json.ts";
import type { Request } from "../../protocol/request.ts";
import { requestToWire } from "../../protocol/wire.ts";

/** What an enclave says last: what it signed for, and its signature. */
export type AnswerEnd = { readonly transcript: Transcript; readonly signature: Hex };

export type EnclaveOrder = { readonly id: Hex; readonly request: Request; readonly body: Json; readonly salt: Hex };

export type EnclaveLink = {
  /** What the enclave shows of itself, no older than a block. */
  readonly evidence: (block: { readonly number: bigint; readonly hash: Hex }) => Promise<Evidence>;
  /** The chunks of an answer as they come. */
  readonly answer: (order: EnclaveOrder, signal: AbortSignal) => AsyncGenerator<string, void>;
  /** Ends an answer after so many chunks, all of it or less, and gets it signed as far as that. */
  readonly end: (id: Hex, delivered: number) => Promise<AnswerEnd>;
};

const TIMEOUT_MS = 30_000;
/** More than a whole answer may have, as a text in JSON: embeddings of many texts are large. */
const MOST_LINE = 150_000_000;
const MOST_EVIDENCE = 1_048_576;

const signatureSchema = z.string().regex(/^0x[0-9a-f]{128}$/);
const endSchema = z.strictObject({ transcript: transcriptSchema, signature: signatureSchema });
const problemSchema = z.looseObject({ code: z.string().max(100), detail: z.string().max(2_000).optional() });
const lastLineSchema = z.union([
  z.strictObject({ done: z.int().nonnegative() }),
  z.strictObject({ problem: problemSchema }),
]);

export function linkEnclave(url: string): EnclaveLink {
  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    let response: Response;
    try {
      response = await fetch(`${url}${path}`, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS), ...init });
    } catch (cause) {
      throw new EnclaveSilentError(url, { cause });
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  };
  const post = (path: string, body: unknown, signal?: AbortSignal): Promise<Response> => {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    return call(path, signal === undefined ? init : { ...init, signal });
  };

  return {
    async evidence({ number, hash }) {
      const response = await call(`/evidence?number=${number}&hash=${hash}`);
      return readAs(evidenceSchema, parse(await textOf(response, MOST_EVIDENCE)));
    },

    async *answer({ request, body, salt }, signal) {
      const response = await post("/answers", { request: requestToWire(request), body, salt }, signal);
      for await (const text of linesOf(response)) {
        const line = parse(text);
        // By hand, since there are as many of them as tokens.
        if (hasChunk(line)) {
          yield line.chunk;
          continue;
        }
        const last = readAs(lastLineSchema, line);
        if ("done" in last) return;
        throw new EnclaveRefusesError(502, last.problem.code, last.problem.detail ?? "");
      }
      throw new EnclaveSilentError(url);
    },

    async end(id, delivered) {
      const response = await post(`/answers/${id}/end`, { delivered });
      return readAs(endSchema, parse(await textOf(response, MOST_EVIDENCE))) as AnswerEnd;
    },
  };
}

function hasChunk(line: unknown): line is { readonly chunk: string } {
  return typeof line === "object" && line !== null && "chunk" in line && typeof line.chunk === "string";
}

function readAs<Schema extends z.ZodType>(schema: Schema, content: unknown): z.output<Schema> {
  const { success, data, error } = schema.safeParse(content);
  if (success) return data;
  throw new GarbledEnclaveError(z.prettifyError(error));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GarbledEnclaveError("it is not JSON", { cause });
  }
}

function partsOf({ body }: Response): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return body ?? [];
}

async function textOf(response: Response, most: number): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const part of partsOf(response)) {
    text += decoder.decode(part, { stream: true });
    if (text.length > most) throw new GarbledEnclaveError(`it is longer than ${most} characters`);
  }
  return text + decoder.decode();
}

async function* linesOf(response: Response): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const part of partsOf(response)) {
    rest += decoder.decode(part, { stream: true });
    let end = rest.indexOf("\n");
    for (; end !== -1; end = rest.indexOf("\n")) {
      yield rest.slice(0, end);
      rest = rest.slice(end + 1);
    }
    if (rest.length > MOST_LINE) throw new GarbledEnclaveError(`a line is longer than ${MOST_LINE} characters`);
  }
}

async function problemOf(response: Response): Promise<EnclaveRefusesError> {
  const parsed = problemSchema.safeParse(parse(await textOf(response, MOST_LINE)));
  const { code = `http-${response.status}`, detail = "" } = parsed.data ?? {};
  return new EnclaveRefusesError(response.status, code, detail);
}

/** The program inside an enclave does not answer. */
export class EnclaveSilentError extends Error {
  override readonly name = "EnclaveSilentError";

  constructor(url: string, options?: ErrorOptions) {
    super(`The enclave at ${url} does not answer. Is "assay enclave" running there?`, options);
  }
}

/** The program inside an enclave refuses. */
export class EnclaveRefusesError extends Error {
  override readonly name = "EnclaveRefusesError";
  readonly status: number;
  readonly code: string;
  readonly detail: string;

  constructor(status: number, code: string, detail: string) {
    super(`The enclave refuses (${status}, ${code}): ${detail}`);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

/** What came from an enclave cannot be read. */
export class GarbledEnclaveError extends Error {
  override readonly name = "GarbledEnclaveError";

  constructor(reason: string, options?: ErrorOptions) {
    super(`What came from the enclave cannot be read: ${reason}. Is it of the same version as the gateway?`, options);
  }
}
