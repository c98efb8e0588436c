/** JSON as RFC 8785 has it, so that what means the same hashes the same. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Keys in the order of their UTF-16 code units; numbers and strings as JavaScript writes them. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`).join(",")}}`;
  }
  if (typeof value === "number" && !Number.isFinite(value)) throw new NotJsonError(value);
  return JSON.stringify(value);
}

/** A number that JSON does not have. */
export class NotJsonError extends Error {
  override readonly name = "NotJsonError";

  constructor(value: number) {
    super(`JSON has no ${value}. Store finite numbers only.`);
  }
}
