/** Where evidence comes from: a gateway, or a file that another attester signed. */
import { z } from "zod";

import { attestedModelOf } from "../../enclave/manifest.ts";
import { evidenceSchema, type Evidence } from "../../enclave/evidence.ts";
import { fetchJson } from "../../x402/fetch-json.ts";
import { UsageError } from "../usage.ts";
import { plain } from "./words.ts";

const TIMEOUT_MS = 30_000;
/** More than an enclave with as many models as it may have shows. */
const MOST_BYTES = 1_048_576;
const MOST_DETAIL = 300;

const listingSchema = z.looseObject({ models: z.array(z.looseObject({ id: z.string().max(100) })) });
const problemSchema = z.looseObject({ detail: z.string() });

/** The address of a gateway, without a slash at the end. */
export function gatewayOption(text: string): string {
  const protocol = URL.canParse(text) ? new URL(text).protocol : undefined;
  if (protocol === "http:" || protocol === "https:") return text.replace(/\/+$/, "");
  throw new UsageError(`A gateway's address begins with http:// or https://, got ${JSON.stringify(text)}.`);
}

/** What the enclave of a model shows; without a name, of all that the gateway sells, which has to be one enclave. */
export async function fetchEvidence(
  gateway: string,
  model: string | undefined,
  signal?: AbortSignal,
): Promise<Evidence> {
  const listed = model === undefined ? await listModels(gateway, signal) : [model];
  const [first] = listed;
  if (first === undefined) throw new NoEnclaveError(gateway);
  const found = evidenceSchema.safeParse(await get(`${gateway}/v1/enclaves/${encodeURIComponent(first)}`, signal));
  if (!found.success) throw new GarbledEvidenceError(gateway, z.prettifyError(found.error).split("\n", 2).join(" "));
  const names = new Set(found.data.policy.models.flatMap((each) => [attestedModelOf(each), each.name]));
  const others = listed.filter((each) => !names.has(each) && !names.has(each.toLowerCase()));
  if (others.length === 0) return found.data;
  throw model === undefined ? new SeveralEnclavesError(gateway, listed) : new OtherModelError(gateway, model);
}

async function listModels(gateway: string, signal: AbortSignal | undefined): Promise<string[]> {
  const found = listingSchema.safeParse(await get(`${gateway}/v1/enclaves`, signal));
  if (!found.success) throw new GarbledEvidenceError(gateway, "its list of enclaves is none");
  return found.data.models.map(({ id }) => id);
}

async function get(url: string, signal: AbortSignal | undefined): Promise<unknown> {
  const call = { fetch, timeout: TIMEOUT_MS, limit: MOST_BYTES, ...(signal !== undefined && { signal }) };
  const { status, body } = await fetchJson(url, {}, call);
  if (status === 200) return body;
  const said = problemSchema.safeParse(body);
  throw new GatewayRefusedError(new URL(url).origin, status, said.success ? said.data.detail : "");
}

/** A gateway has no enclave. */
export class NoEnclaveError extends Error {
  override readonly name = "NoEnclaveError";

  constructor(gateway: string) {
    super(`${new URL(gateway).origin} sells no answers of enclaves. Ask its provider for the right address.`);
  }
}

/** A gateway has several enclaves. */
export class SeveralEnclavesError extends Error {
  override readonly name = "SeveralEnclavesError";

  constructor(gateway: string, models: readonly string[]) {
    super(
      `${new URL(gateway).origin} has several enclaves. Say which with --model ID, of ${models.map(plain).join(", ")}.`,
    );
  }
}

/** A gateway shows another enclave than was asked for. */
export class OtherModelError extends Error {
  override readonly name = "OtherModelError";

  constructor(gateway: string, model: string) {
    super(`What ${new URL(gateway).origin} shows is no enclave of the model ${plain(model)}. Do not trust it.`);
  }
}

/** A gateway does not show an enclave. */
export class GatewayRefusedError extends Error {
  override readonly name = "GatewayRefusedError";

  constructor(origin: string, status: number, detail: string) {
    super(`${origin} does not show its enclave (${status}): ${plain(detail).slice(0, MOST_DETAIL)}`);
  }
}

/** What a gateway shows cannot be read. */
export class GarbledEvidenceError extends Error {
  override readonly name = "GarbledEvidenceError";

  constructor(gateway: string, complaint: string) {
    super(
      `What ${new URL(gateway).origin} shows is no evidence: ${plain(complaint)}. Is it a gateway of this version?`,
    );
  }
}
