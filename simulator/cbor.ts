/** Writes CBOR (RFC 8949): as much of it as attestation documents need, and what they must not have. */

export type Cbor = null | number | string | Uint8Array | readonly Cbor[] | CborMap;

/** Entries in their order, so that a test can write a key twice. */
export type CborMap = {
  readonly entries: readonly (readonly [Cbor, Cbor])[];
  /** AWS writes the outermost map of a document so. */
  readonly isIndefinite?: boolean;
};

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5 } as const;

export function encodeCbor(value: Cbor): Buffer {
  if (value === null) return Buffer.of(0xf6);
  if (typeof value === "number") {
    return value >= 0 ? head(MAJOR.unsigned, value) : head(MAJOR.negative, -1 - value);
  }
  if (typeof value === "string") {
    const bytes = Buffer.from(value);
    return Buffer.concat([head(MAJOR.text, bytes.length), bytes]);
  }
  if (value instanceof Uint8Array) return Buffer.concat([head(MAJOR.bytes, value.length), value]);
  if ("entries" in value && !Array.isArray(value)) return encodeMap(value as CborMap);
  const items = value as readonly Cbor[];
  return Buffer.concat([head(MAJOR.array, items.length), ...items.map(encodeCbor)]);
}

function encodeMap({ entries, isIndefinite = false }: CborMap): Buffer {
  const pairs = entries.flat().map(encodeCbor);
  return isIndefinite
    ? Buffer.concat([Buffer.of(0xbf), ...pairs, Buffer.of(0xff)])
    : Buffer.concat([head(MAJOR.map, entries.length), ...pairs]);
}

/** A type and a number, in as few bytes as there can be. */
function head(major: number, argument: number): Buffer {
  const type = major << 5;
  if (argument < 24) return Buffer.of(type | argument);
  if (argument < 2 ** 8) return Buffer.of(type | 24, argument);
  const bytes = Buffer.alloc(9);
  if (argument < 2 ** 16) {
    bytes.writeUInt16BE(argument, 1);
    bytes[0] = type | 25;
    return bytes.subarray(0, 3);
  }
  if (argument < 2 ** 32) {
    bytes.writeUInt32BE(argument, 1);
    bytes[0] = type | 26;
    return bytes.subarray(0, 5);
  }
  bytes.writeBigUInt64BE(BigInt(argument), 1);
  bytes[0] = type | 27;
  return bytes;
}
