/** DER, the one way to write ASN.1 down (X.690, sections 8 to 11): whoever can write a thing twice can sign one and show another. */
import { bytesToHex } from "viem";

/** One element: its tag, its content, and both with the length between them. */
export type Element = { readonly tag: number; readonly content: Uint8Array; readonly encoded: Uint8Array };

const CONSTRUCTED = 0x20;
const CLASS = 0xc0;
const UNIVERSAL = 0x00;
const CONTEXT = 0x80;
export const INTEGER = 0x02;
export const SEQUENCE = 0x30;
const SET = 0x31;

/** More than certificates and lists of revoked ones nest. */
const MOST_DEPTH = 16;
/** Lengths of up to three bytes: whoever reads sets a far lower bound. */
const MOST_LENGTH_BYTES = 3;

/** The elements that stand one after another in these bytes, as far as their tags and lengths go. */
export function readElements(bytes: Uint8Array): readonly Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = readElement(bytes.subarray(at));
    elements.push(element);
    at += element.encoded.length;
  }
  return elements;
}

/** Refuses bytes that are not exactly one element in DER, down to its leaves. */
export function requireDer(bytes: Uint8Array): void {
  if (readElement(bytes).encoded.length !== bytes.length) throw new DerError("trailing");
  walk(bytes, 0);
}

function walk(bytes: Uint8Array, depth: number): void {
  if (depth > MOST_DEPTH) throw new DerError("depth");
  const elements = readElements(bytes);
  for (const { tag, content } of elements) {
    if ((tag & CLASS) === UNIVERSAL) requireUniversal(tag, content);
    else if ((tag & CLASS) !== CONTEXT) throw new DerError("tag");
    if ((tag & CONSTRUCTED) !== 0) walk(content, depth + 1);
  }
}

function readElement(bytes: Uint8Array): Element {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) throw new DerError("truncated");
  // Tags of several bytes occur nowhere in certificates.
  if ((tag & 0x1f) === 0x1f) throw new DerError("tag");
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  // 0x80 is the indefinite form.
  if (first === 0x80 || lengthBytes > MOST_LENGTH_BYTES) throw new DerError("length");
  const head = 2 + lengthBytes;
  if (bytes.length < head) throw new DerError("truncated");
  const length = lengthBytes === 0 ? first : bytes.subarray(2, head).reduce((sum, byte) => sum * 256 + byte, 0);
  const isShortest = lengthBytes === 0 || (length >= 0x80 && bytes[2] !== 0);
  if (!isShortest) throw new DerError("length");
  if (bytes.length < head + length) throw new DerError("truncated");
  return { tag, content: bytes.subarray(head, head + length), encoded: bytes.subarray(0, head + length) };
}

type Rule = (content: Uint8Array) => boolean;

const isShortestInteger: Rule = ([first, second]) => {
  if (first === undefined) return false;
  if (second === undefined) return true;
  return !(first === 0x00 && second < 0x80) && !(first === 0xff && second >= 0x80);
};

const isBitString: Rule = (content) => {
  const [unused] = content;
  if (unused === undefined || unused > 7) return false;
  if (content.length === 1) return unused === 0;
  const last = content.at(-1) ?? 0;
  return (last & ((1 << unused) - 1)) === 0;
};

const isObjectIdentifier: Rule = (content) => {
  if (!endsArc(content.at(-1) ?? 0x80)) return false;
  // An arc that opens with zeros could be written shorter.
  return content.every((byte, index) => byte !== 0x80 || !endsArc(content[index - 1] ?? 0));
};

function endsArc(byte: number): boolean {
  return byte < 0x80;
}

/** No name or address in a certificate is longer. */
const MOST_TEXT = 1_024;

const isText =
  (pattern: RegExp): Rule =>
  (content) =>
    content.length <= MOST_TEXT && pattern.test(String.fromCodePoint(...content));

const isUtf8: Rule = (content) => {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(content);
    return true;
  } catch {
    return false;
  }
};

/** X.690, 11.6: a set's members are in order; a set of several equal ones says one thing twice. */
const isSorted: Rule = (content) => {
  const members = readElements(content).map(({ encoded }) => bytesToHex(encoded));
  return members.every((member, index) => index === 0 || (members[index - 1] ?? "") < member);
};

const UNIVERSAL_RULES: ReadonlyMap<number, Rule> = new Map([
  [0x01, ([value, ...more]) => more.length === 0 && (value === 0x00 || value === 0xff)],
  [INTEGER, isShortestInteger],
  [0x03, isBitString],
  [0x04, () => true],
  [0x05, (content) => content.length === 0],
  [0x06, isObjectIdentifier],
  [0x0a, isShortestInteger],
  [0x0c, isUtf8],
  [0x13, isText(/^[A-Za-z0-9 '()+,\-./:=?]*$/)],
  [0x16, (content) => content.every((byte) => byte < 0x80)],
  // RFC 5280, 4.1.2.5: seconds always, and no other zone than Greenwich.
  [0x17, isText(/^\d{12}Z$/)],
  [0x18, isText(/^\d{14}Z$/)],
  [SEQUENCE, () => true],
  [SET, isSorted],
]);

function requireUniversal(tag: number, content: Uint8Array): void {
  const rule = UNIVERSAL_RULES.get(tag);
  if (rule === undefined) throw new DerError("tag");
  if (!rule(content)) throw new DerError("value");
}

const REASONS = {
  depth: `it nests deeper than ${MOST_DEPTH}`,
  length: "a length is not written in its shortest form",
  size: "it is larger than anything of its kind",
  tag: "a tag is none that certificates have",
  trailing: "bytes follow it",
  truncated: "it ends before its length says",
  value: "a value is not written in its one form",
  other: "it reads differently when it is written again",
  shape: "it does not have the fields that its kind has",
} as const;

export type DerRule = keyof typeof REASONS;

/** Bytes are not the one encoding of what they should hold. */
export class DerError extends Error {
  override readonly name = "DerError";
  readonly because: DerRule;

  constructor(because: DerRule, options?: ErrorOptions) {
    super(`What was given is not in DER: ${REASONS[because]}. Take it as its issuer wrote it.`, options);
    this.because = because;
  }
}
