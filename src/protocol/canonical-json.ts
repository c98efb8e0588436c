/**
 * What JSON can say.
 *
 * @example
 * ```ts
 * import type { Json } from "assay/protocol/canonical-json";
 *
 * const order: Json = { model: "iris", input: [1, 2.5, null] };
 * console.log(Object.keys(order).length); // 2
 * ```
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * JSON as RFC 8785 has it, so that what means the same hashes the same: keys in the order of their UTF-16 code units, no
 * white space, numbers and strings as JavaScript writes them.
 *
 * @example
 * ```ts
 * import { canonicalJson } from "assay/protocol/canonical-json";
 *
 * console.log(canonicalJson({ b: 1e2, a: "\u20ac" })); // {"a":"€","b":100}
 * ```
 *
 * @throws {@link NotJsonError} for a number that is not finite, or half of a surrogate pair.
 */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, each]) => `${quoted(key)}:${canonicalJson(each)}`).join(",")}}`;
  }
  if (typeof value === "number" && !Number.isFinite(value)) throw new NotJsonError(String(value));
  return typeof value === "string" ? quoted(value) : JSON.stringify(value);
}

function quoted(text: string): string {
  if (!text.isWellFormed()) throw new NotJsonError("half of a surrogate pair");
  return JSON.stringify(text);
}

/**
 * Thrown for something that JSON does not have, or RFC 8785 has no form for.
 *
 * @example
 * ```ts
 * import { canonicalJson, NotJsonError } from "assay/protocol/canonical-json";
 *
 * try {
 *   canonicalJson([Number.NaN]);
 * } catch (error) {
 *   console.log(error instanceof NotJsonError); // true
 * }
 * ```
 */
export class NotJsonError extends Error {
  override readonly name = "NotJsonError";

  constructor(value: string) {
    super(`Canonical JSON has no ${value}. Store finite numbers and whole characters only.`);
  }
}
