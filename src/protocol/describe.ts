const MAX_LENGTH = 80;

/**
 * Says in a few words what was given, for errors about data from outside. Never throws, whatever it is given.
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
  if (typeof value === "string") return JSON.stringify(value.slice(0, MAX_LENGTH));
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
