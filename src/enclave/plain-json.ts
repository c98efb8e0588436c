/** JSON that everyone reads alike: what one reader drops or chokes on, another would have answered. */

const MOST_DEPTH = 64;

/** Refuses what is nested deeper than anything that is asked, the one key that objects lose, and what has no hash. */
export function checkPlain(body: unknown): void {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MOST_DEPTH) throw new NotPlainError(`it is nested deeper than ${MOST_DEPTH} times`);
    const inner: unknown[] = [];
    for (const value of level) {
      if (typeof value === "string" && !value.isWellFormed()) throw new NotPlainError("a text has half a character");
      if (typeof value === "number" && !Number.isFinite(value)) throw new NotPlainError("a number has no end");
      if (typeof value !== "object" || value === null) continue;
      for (const [key, each] of Object.entries(value)) {
        if (key === "__proto__" || !key.isWellFormed()) throw new NotPlainError("a key is one that readers lose");
        inner.push(each);
      }
    }
    level = inner;
  }
}

/** A body is JSON that not all readers read alike. */
export class NotPlainError extends Error {
  override readonly name = "NotPlainError";

  constructor(reason: string) {
    super(`The body is no plain JSON: ${reason}. Send it without.`);
  }
}
