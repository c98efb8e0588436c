/** Where a receipt stands among its provider's commitments, as the provider's gateway says. Nothing of it is believed. */
import type { Hex } from "viem";
import type { z } from "zod";

import { problemSchema } from "../../client/messages.ts";
import { wordSchema } from "../../protocol/wire.ts";
import { fetchJson } from "../../x402/fetch-json.ts";
import { UncheckedError } from "../checks.ts";
import { inclusionSchema } from "./file.ts";

const TIMEOUT_MS = 30_000;
const MOST_BYTES = 65_536;

const answerSchema = inclusionSchema.extend({ transaction: wordSchema.nullable() });

export type Inclusion = z.output<typeof inclusionSchema>;

/** Asks a gateway for the path of a receipt. Throws UncheckedError with the reason where there is none. */
export async function askForInclusion(gateway: string, id: Hex): Promise<Inclusion> {
  const url = `${gateway.replace(/\/+$/, "")}/v1/requests/${id}/inclusion`;
  const { status, body } = await fetchJson(url, {}, { fetch, timeout: TIMEOUT_MS, limit: MOST_BYTES });
  if (status !== 200) {
    const { detail = "" } = problemSchema.safeParse(body).data ?? {};
    throw new UncheckedError(`The gateway has no path for it (${status}): ${detail.slice(0, 200)}`);
  }
  const { success, data } = answerSchema.safeParse(body);
  if (!success) throw new UncheckedError("What the gateway gave is no path from a receipt to a root.");
  const { root, path } = data;
  return { root, path };
}
