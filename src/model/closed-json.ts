/** Reading JSON of a form that allows nothing else: a key that is not known is as wrong as one that is missing. */
type Fail = (field: string, expected: string, given: unknown) => Error;

/**
 * Readers for one kind of document.
 *
 * @param name What the document as a whole is called in messages.
 */
export function closedJson(name: string, fail: Fail) {
  return {
    parse: (text: string): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        throw fail(name, "JSON", text);
      }
    },

    /** An object with all of `keys`, perhaps some of `optional`, and no other. */
    object: (
      value: unknown,
      field: string,
      keys: readonly string[],
      optional: readonly string[] = [],
    ): Record<string, unknown> => {
      if (typeof value !== "object" || value === null || Array.isArray(value)) throw fail(field, "an object", value);
      const json: Record<string, unknown> = { ...value };
      const found = Object.keys(json);
      const isWhole = keys.every((key) => found.includes(key));
      if (!isWhole || !found.every((key) => keys.includes(key) || optional.includes(key))) {
        throw fail(field, `an object of ${keys.join(", ")}`, found.join(", "));
      }
      return json;
    },

    list: (value: unknown, field: string): readonly unknown[] => {
      if (!Array.isArray(value)) throw fail(field, "a list", value);
      return value;
    },

    text: (value: unknown, field: string): string => {
      if (typeof value !== "string" || value === "") throw fail(field, "a text", value);
      return value;
    },

    matching: (value: unknown, field: string, pattern: RegExp, expected: string): string => {
      if (typeof value === "string" && pattern.test(value)) return value;
      throw fail(field, expected, value);
    },

    oneOf: <T extends string>(value: unknown, field: string, known: readonly T[]): T => {
      const found = known.find((each) => each === value);
      if (found === undefined) throw fail(field, `one of ${known.join(", ")}`, value);
      return found;
    },

    count: (value: unknown, field: string, most: number): number => {
      if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1 || value > most) {
        throw fail(field, `a whole number from 1 to ${most}`, value);
      }
      return value;
    },
  };
}
