/** Doing something on chain: what it comes to is said, and asked about where it is for good, before anything is sent. */
import type { Hex } from "viem";

import type { Call } from "../../chain/gas.ts";
import { gasFor } from "../../chain/gas.ts";
import { startSender, type Sent } from "../../chain/send.ts";
import { wholeNumber } from "../usage.ts";
import { confirm } from "../terminal.ts";
import type { Place } from "./place.ts";

/** The options of whatever sends a transaction. */
export const TRANSACT_OPTIONS = {
  keystore: { type: "string" },
  yes: { type: "boolean", default: false },
  "time-limit": { type: "string", default: "600" },
  json: { type: "boolean", default: false },
} as const;

export type Terms = { readonly yes: boolean; readonly "time-limit": string };

/** How often to look for a new block. */
const POLLING_MS = { local: 50, elsewhere: 1_000 };

export type Deed = {
  readonly privateKey: Hex;
  /** In their order. */
  readonly calls: readonly [Call, ...Call[]];
  /** What they come to, as a question. */
  readonly question: string;
};

/** Carries out some calls, and returns what became of the last one. */
export async function carryOut(
  place: Pick<Place, "rpc" | "client" | "isLocal">,
  { privateKey, calls, question }: Deed,
  terms: Terms,
): Promise<Sent> {
  const seconds = wholeNumber("--time-limit", terms["time-limit"]);
  const { rpc, client, isLocal } = place;
  const pollMs = isLocal ? POLLING_MS.local : POLLING_MS.elsewhere;
  const sender = await startSender({ client, rpc, privateKey, confirmations: 1, pollMs });
  // Whoever is asked should not say yes to what cannot be.
  await gasFor(client, sender.address, calls[0]);
  if (!isLocal && !terms.yes && !(await confirm(question))) throw new NotConfirmedError();
  const limit = setTimeout(() => void sender.stop(), seconds * 1_000);
  try {
    const [first, ...others] = calls;
    let sent = await sender.send(first);
    for (const call of others) sent = await sender.send(call);
    return sent;
  } finally {
    clearTimeout(limit);
    await sender.stop();
  }
}

/** What a transaction was, for programs. */
export function sentJson({ transaction, block, gasUsed }: Sent) {
  return { transaction, block, gasUsed: Number(gasUsed) };
}

/** And for people. */
export function sentLine({ transaction, block, gasUsed }: Sent): string {
  return `transaction  ${transaction}  block ${block}  ${gasUsed.toLocaleString("en-US")} gas`;
}

/** Whoever was asked said no. */
export class NotConfirmedError extends Error {
  override readonly name = "NotConfirmedError";

  constructor() {
    super("Nothing was sent, because you did not say yes.");
  }
}
