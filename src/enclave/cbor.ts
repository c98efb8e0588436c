/** CBOR (RFC 8949), of what attestation documents have alone: each thing in one form, nothing twice, and nothing after it. */
import { Tokenizer, Type, type Token } from "cborg";

/** Maps keep their keys' types: a text "1" is not the number. */
export type CborValue = null | number | string | Uint8Array | readonly CborValue[] | CborMap;
export type CborMap = ReadonlyMap<number | string, CborValue>;

/** A document nests three deep. */
const MOST_DEPTH = 8;

/** Reads one value, which has to be all there is. @param mostBytes What is larger is refused unread. */
export function readCbor(bytes: Uint8Array, mostBytes: number): CborValue {
  if (bytes.length > mostBytes) throw new CborError("size");
  const tokens = new Tokenizer(bytes, OPTIONS);
  const value = readValue(nextToken(tokens), tokens, 0);
  if (!tokens.done()) throw new CborError("trailing");
  return value;
}

const OPTIONS = { strict: true, allowUndefined: false, allowBigInt: false, retainStringBytes: true };

function readValue(token: Token, tokens: Tokenizer, depth: number): CborValue {
  if (depth > MOST_DEPTH) throw new CborError("depth");
  const { type } = token;
  if (Type.equals(type, Type.null)) return null;
  if (Type.equals(type, Type.bytes)) return token.value as Uint8Array;
  if (Type.equals(type, Type.uint) || Type.equals(type, Type.negint)) return token.value as number;
  if (Type.equals(type, Type.string)) return readText(token);
  if (Type.equals(type, Type.array)) return [...members(token, tokens, depth)];
  if (Type.equals(type, Type.map)) return readMap(token, tokens, depth);
  throw new CborError("type");
}

/** What is not UTF-8, or is marked as such, reads differently when it is written again. */
function readText({ value, byteValue }: Token): string {
  const text = value as string;
  const written = new TextEncoder().encode(text);
  const isSame = byteValue === undefined ? text === "" : byteValue.every((byte, index) => byte === written[index]);
  if (!isSame || (byteValue?.length ?? 0) !== written.length) throw new CborError("text");
  return text;
}

function readMap(token: Token, tokens: Tokenizer, depth: number): CborMap {
  const map = new Map<number | string, CborValue>();
  for (const key of members(token, tokens, depth)) {
    if (typeof key !== "number" && typeof key !== "string") throw new CborError("key");
    if (map.has(key)) throw new CborError("duplicate-key");
    map.set(key, readValue(nextToken(tokens), tokens, depth + 1));
  }
  return map;
}

/** The values in an array, or the keys in a map, as many as were announced or up to the break. */
function* members(token: Token, tokens: Tokenizer, depth: number): Generator<CborValue> {
  // Without end, where the length is indefinite.
  const announced = token.value as number;
  for (let read = 0; read < announced; read++) {
    const next = nextToken(tokens);
    if (announced === Infinity && Type.equals(next.type, Type.break)) return;
    yield readValue(next, tokens, depth + 1);
  }
}

function nextToken(tokens: Tokenizer): Token {
  if (tokens.done()) throw new CborError("truncated");
  try {
    return tokens.next();
  } catch (cause) {
    throw new CborError("malformed", { cause });
  }
}

const REASONS = {
  depth: `it nests deeper than ${MOST_DEPTH}`,
  "duplicate-key": "a map has a key twice",
  key: "a map has a key that is neither a number nor a text",
  malformed: "it is no CBOR, or not in its shortest form",
  size: "it is larger than anything of its kind",
  text: "a text is not in UTF-8",
  trailing: "bytes follow it",
  truncated: "it ends too early",
  type: "it has a value of a type that no document has",
} as const;

export type CborRule = keyof typeof REASONS;

/** Bytes are no CBOR of the strict kind that attestation documents are written in. */
export class CborError extends Error {
  override readonly name = "CborError";
  readonly because: CborRule;

  constructor(because: CborRule, options?: ErrorOptions) {
    super(`What was given cannot be read as CBOR: ${REASONS[because]}. Take it as its platform made it.`, options);
    this.because = because;
  }
}
