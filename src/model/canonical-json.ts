/** JSON as RFC 8785 has it, so that what means the same hashes the same. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Keys in the order of their UTF-16 code units; numbers and strings as JavaScript writes them. */
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

/** Something that JSON does not have, or RFC 8785 has no form for. */
export class NotJsonError extends Error {
  override readonly name = "NotJsonError";

  constructor(value: string) {
    super(`Canonical JSON has no ${value}. Store finite numbers and whole characters only.`);
  }
}
