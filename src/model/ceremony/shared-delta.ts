import { isDeepStrictEqual } from "node:util";

import type { G2Point } from "../../protocol/bn254.ts";

/** A key, and what to call it. */
export type NamedDelta = { readonly name: string; readonly delta: G2Point };

/**
 * Refuses keys of different circuits that have one delta: parts of a proof for one circuit would then do for the other,
 * and whoever mixes them proves what is false on both.
 */
export function refuseSharedDelta(keys: readonly NamedDelta[]): void {
  for (const [index, { name, delta }] of keys.entries()) {
    const other = keys.slice(0, index).find((earlier) => isDeepStrictEqual(earlier.delta, delta));
    if (other !== undefined) throw new SharedDeltaError(other.name, name);
  }
}

/** Two keys share a delta. */
export class SharedDeltaError extends Error {
  override readonly name = "SharedDeltaError";
  readonly keys: readonly [string, string];

  constructor(first: string, second: string) {
    super(`${first} and ${second} share a delta, so proofs of one can be mixed into the other's. Use neither.`);
    this.keys = [first, second];
  }
}
