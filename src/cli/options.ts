/** What options of several commands take. */
import { getAddress, isAddress, zeroAddress } from "viem";
import type { Address } from "viem";

import { UsageError } from "./usage.ts";

/** An address, if one is given. */
export function addressOption(option: string, text: string | undefined): Address | undefined {
  if (text === undefined) return undefined;
  if (isAddress(text) && text !== zeroAddress) return getAddress(text);
  throw new UsageError(`${option} takes an address with a correct checksum, got ${JSON.stringify(text)}.`);
}

/** The address of a chain's node. */
export function rpcOption(text: string): string {
  const protocol = URL.canParse(text) ? new URL(text).protocol : undefined;
  if (protocol === "http:" || protocol === "https:") return text;
  // Not quoted: it may hold the key of a provider's account.
  throw new UsageError("--rpc takes an address that begins with http:// or https://.");
}
