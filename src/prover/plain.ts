/** What strangers and nodes say, as it may stand in a log. */
import { BaseError } from "viem";

import { saidBy } from "../chain/rpc.ts";

const MOST_CHARACTERS = 300;

/** One short line of a text that anyone may have written. */
export function plain(text: string): string {
  return text.replaceAll(/[^ -~]+/g, " ").slice(0, MOST_CHARACTERS);
}

/** What went wrong, without a node's address and without what it was asked. */
export function reasonOf(error: unknown): string {
  if (error instanceof BaseError) return plain(saidBy(error));
  return plain(error instanceof Error ? error.message : String(error));
}
