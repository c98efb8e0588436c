/** Tells a contract that says no from a node that does not answer: only the first says anything about a fill. */
import { BaseError } from "viem";

import { revertReasonOf } from "../chain/reverts.ts";
import { saidBy } from "../chain/rpc.ts";
import { plain } from "./plain.ts";

/** Why a call was reverted, in few words; undefined when it is not known that it was. */
export function whyReverted(error: unknown): string | undefined {
  const reason = revertReasonOf(error);
  if (reason !== undefined) return plain(reason);
  const said = error instanceof BaseError ? saidBy(error) : "";
  return /out of gas|gas required exceeds/i.test(said) ? plain(said) : undefined;
}
