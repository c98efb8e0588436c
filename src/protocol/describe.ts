/** Shorter than any key: what is quoted may end up in a log. */
const MAX_QUOTED = 32;

/**
 * Says in a few words what was given, for errors about data from outside. It never throws, and never quotes a key.
 *
 * @example
 * ```ts
 * import { describe } from "assay/protocol/describe";
 *
 * console.log(describe("12"), describe([1, 2]), describe({ toString: 1 })); // "12" a list of 2 an object
 * ```
 */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "string") {
    return value.length > MAX_QUOTED ? `a text of ${value.length} characters` : JSON.stringify(value);
  }
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
