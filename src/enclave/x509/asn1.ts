/** Structures in DER, read by their schema. The library reads leniently; what it read has to write the very same bytes. */
import { AsnConvert } from "@peculiar/asn1-schema";

import { DerError, requireDer } from "./der.ts";

/** Reads one structure. @param mostBytes What is larger is refused unread. */
export function readDer<T>(bytes: Uint8Array, schema: new () => T, mostBytes: number): T {
  if (bytes.length > mostBytes) throw new DerError("size");
  requireDer(bytes);
  const value = parse(bytes, schema);
  if (!isSame(writeDer(value), bytes)) throw new DerError("other");
  return value;
}

/** Writes a structure, or a part of one: the bytes that it was read from. */
export function writeDer(value: unknown): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(AsnConvert.serialize(value));
  } catch (cause) {
    throw new DerError("other", { cause });
  }
}

function parse<T>(bytes: Uint8Array, schema: new () => T): T {
  try {
    // Every element takes two bytes or more, and the depth was bounded before.
    return AsnConvert.parse(bytes, schema, { berOptions: { maxNodes: bytes.length } });
  } catch (cause) {
    throw new DerError("shape", { cause });
  }
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
