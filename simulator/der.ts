/** Writes DER (X.690): as much of it as certificates and revocation lists need. */

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tagged(0x30, ...parts);
}

export function set(...parts: readonly Uint8Array[]): Buffer {
  return tagged(0x31, ...parts);
}

/** A part under a tag of its context, around its own (explicit). */
export function explicit(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  return tagged(0xa0 | tag, ...parts);
}

/** A primitive part under a tag of its context, instead of its own (implicit). */
export function implicit(tag: number, value: Uint8Array): Buffer {
  return tagged(0x80 | tag, value);
}

export function boolean(value: boolean): Buffer {
  return tagged(0x01, Uint8Array.of(value ? 0xff : 0x00));
}

/** An integer that is not negative, in as few bytes as there can be. */
export function integer(value: bigint | number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0;
  return tagged(0x02, isNegative ? Buffer.concat([Uint8Array.of(0), bytes]) : bytes);
}

export function enumerated(value: number): Buffer {
  return tagged(0x0a, Uint8Array.of(value));
}

export function bits(value: Uint8Array, unused = 0): Buffer {
  return tagged(0x03, Uint8Array.of(unused), value);
}

export function octets(value: Uint8Array): Buffer {
  return tagged(0x04, value);
}

export function utf8(value: string): Buffer {
  return tagged(0x0c, Buffer.from(value));
}

export function printable(value: string): Buffer {
  return tagged(0x13, Buffer.from(value, "latin1"));
}

export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

/** UTCTime until 2049 and GeneralizedTime from then on (RFC 5280, section 4.1.2.5). @param at Seconds of Unix time. */
export function time(at: number): Buffer {
  const digits = new Date(at * 1000).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return at < Date.UTC(2050) / 1000 ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits));
}

function tagged(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.of(tag), lengthOf(value.length), value]);
}

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x1_00) return Uint8Array.of(0x81, length);
  return Uint8Array.of(0x82, length >> 8, length & 0xff);
}

function base128(value: number): readonly number[] {
  const last = value % 128;
  const more = Math.floor(value / 128);
  return more === 0 ? [last] : [...base128(more).map((byte) => byte | 0x80), last];
}
