/** Certificates and lists of revoked ones that nobody real issued, right or wrong in a single thing. */
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  CertificateList,
  Extension,
  Extensions,
  id_ce_basicConstraints as BASIC_CONSTRAINTS,
  id_ce_keyUsage as KEY_USAGE,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  RevokedCertificate,
  SubjectPublicKeyInfo,
  TBSCertificate,
  TBSCertList,
  Time,
  Validity,
  Version,
} from "@peculiar/asn1-x509";
import { concat, sha256, type Hex } from "viem";

import type { Curve } from "../../src/enclave/x509/ecdsa.ts";

/** Within the validity of all that is issued here. */
export const NOW = 1_800_000_000;
export const DAY = 86_400;

export const { digitalSignature: SIGNS, keyCertSign: CERTIFIES, cRLSign: LISTS } = KeyUsageFlags;

export type Key = { readonly curve: Curve; readonly pair: Awaited<ReturnType<typeof makePair>> };

const HASHES = { "P-256": "SHA-256", "P-384": "SHA-384", "P-521": "SHA-512" } as const;
const ALGORITHMS = {
  "P-256": "1.2.840.10045.4.3.2",
  "P-384": "1.2.840.10045.4.3.3",
  "P-521": "1.2.840.10045.4.3.4",
} as const;

async function makePair(curve: Curve) {
  return crypto.subtle.generateKey({ name: "ECDSA", namedCurve: curve }, true, ["sign", "verify"]);
}

export async function newKey(curve: Curve = "P-384"): Promise<Key> {
  return { curve, pair: await makePair(curve) };
}

/** All that a certificate says, and who signs it. */
export type Wish = {
  readonly subject: string;
  readonly issuer: string;
  readonly key: Key;
  readonly signer: Key;
  readonly notBefore: number;
  readonly notAfter: number;
  /** None, where it has no basic constraints at all. */
  readonly isAuthority: boolean | undefined;
  readonly mostBelow: number | undefined;
  /** Flags of `KeyUsageFlags`; none, where it does not say. */
  readonly uses: number | undefined;
  readonly more?: readonly Extension[];
  readonly version?: Version;
  readonly hash?: string;
  /** The algorithm as the signed part, and as the signature names it. */
  readonly algorithm?: AlgorithmIdentifier;
  readonly outside?: AlgorithmIdentifier;
  /** Changes the signed part at will before it is signed. */
  readonly edit?: (body: TBSCertificate) => void;
};

export async function issue(wish: Wish): Promise<Uint8Array> {
  const { key, signer, version = Version.v3 } = wish;
  const algorithm = wish.algorithm ?? new AlgorithmIdentifier({ algorithm: ALGORITHMS[signer.curve] });
  const body = new TBSCertificate({
    version,
    serialNumber: Uint8Array.of(1, 2, 3).buffer,
    signature: algorithm,
    issuer: named(wish.issuer),
    validity: new Validity({ notBefore: date(wish.notBefore), notAfter: date(wish.notAfter) }),
    subject: named(wish.subject),
    subjectPublicKeyInfo: AsnConvert.parse(
      await crypto.subtle.exportKey("spki", key.pair.publicKey),
      SubjectPublicKeyInfo,
    ),
    extensions: new Extensions([...extensionsOf(wish), ...(wish.more ?? [])]),
  });
  wish.edit?.(body);
  return write(
    new Certificate({
      tbsCertificate: body,
      signatureAlgorithm: wish.outside ?? algorithm,
      signatureValue: await signDer(signer, write(body), wish.hash),
    }),
  );
}

export type CrlWish = {
  readonly issuer: string;
  readonly signer: Key;
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  readonly serials: readonly Uint8Array<ArrayBuffer>[];
  readonly more?: readonly Extension[];
  readonly ofEntries?: readonly Extension[];
  readonly version?: Version;
};

export async function issueCrl(wish: CrlWish): Promise<Uint8Array> {
  const { signer, nextUpdate, more = [], ofEntries } = wish;
  const algorithm = new AlgorithmIdentifier({ algorithm: ALGORITHMS[signer.curve] });
  const entries = wish.serials.map(
    (serial) =>
      new RevokedCertificate({
        userCertificate: serial.buffer,
        revocationDate: new Time(date(wish.thisUpdate)),
        ...(ofEntries === undefined ? {} : { crlEntryExtensions: [...ofEntries] }),
      }),
  );
  const body = new TBSCertList({
    version: wish.version ?? Version.v2,
    signature: algorithm,
    issuer: named(wish.issuer),
    thisUpdate: new Time(date(wish.thisUpdate)),
    ...(nextUpdate === undefined ? {} : { nextUpdate: new Time(date(nextUpdate)) }),
    ...(entries.length === 0 ? {} : { revokedCertificates: entries }),
    ...(more.length === 0 ? {} : { crlExtensions: [...more] }),
  });
  return write(
    new CertificateList({
      tbsCertList: body,
      signatureAlgorithm: algorithm,
      signature: await signDer(signer, write(body)),
    }),
  );
}

/** From the leaf to the root, one certificate a key, each sound but for what `edit` changes. */
export async function makeChain(
  keys: readonly Key[],
  edit: (wish: Wish, position: number) => Wish = (wish) => wish,
): Promise<Uint8Array[]> {
  const last = keys.length - 1;
  return Promise.all(
    keys.map(async (key, position) => {
      const above = Math.min(position + 1, last);
      const isLeaf = position === 0;
      const wish: Wish = {
        subject: `level ${position}`,
        issuer: `level ${above}`,
        key,
        signer: keys[above] ?? key,
        notBefore: NOW - DAY,
        notAfter: NOW + DAY,
        isAuthority: !isLeaf,
        mostBelow: isLeaf || position === last ? undefined : position - 1,
        uses: isLeaf ? SIGNS : CERTIFIES | LISTS,
      };
      return issue(edit(wish, position));
    }),
  );
}

/** What makes a chain wrong in the certificate at one position alone. */
export function changed(position: number, change: Partial<Wish>): (wish: Wish, position: number) => Wish {
  return (wish, each) => (each === position ? { ...wish, ...change } : wish);
}

export function extension(id: string, value: Uint8Array, critical = false): Extension {
  return new Extension({ extnID: id, critical, extnValue: new OctetString(Uint8Array.from(value)) });
}

/** A signature as COSE has it: its two numbers. */
export async function sign(
  { curve, pair }: Key,
  message: Uint8Array,
  hash: string = HASHES[curve],
): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash }, pair.privateKey, Uint8Array.from(message)));
}

/** The hash by which a root is pinned. */
export function fingerprint(chain: readonly Uint8Array[]): Hex {
  return sha256(chain.at(-1) ?? new Uint8Array());
}

/** The bytes with one bit turned over. */
export function flipped(bytes: Uint8Array, index: number, bit = index % 8): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(bytes);
  copy[index] = (copy[index] ?? 0) ^ (1 << bit);
  return copy;
}

function extensionsOf({ isAuthority, mostBelow, uses }: Wish): Extension[] {
  const constraints = new BasicConstraints({
    ...(isAuthority === undefined ? {} : { cA: isAuthority }),
    ...(mostBelow === undefined ? {} : { pathLenConstraint: mostBelow }),
  });
  return [
    ...(isAuthority === undefined ? [] : [extension(BASIC_CONSTRAINTS, write(constraints), true)]),
    ...(uses === undefined ? [] : [extension(KEY_USAGE, write(new KeyUsage(uses)), true)]),
  ];
}

async function signDer(key: Key, message: Uint8Array, hash?: string): Promise<ArrayBuffer> {
  const flat = await sign(key, message, hash);
  const half = flat.length / 2;
  const numbers = concat([integer(flat.subarray(0, half)), integer(flat.subarray(half))]);
  return Uint8Array.from(element(0x30, numbers)).buffer;
}

function integer(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(first === -1 ? bytes.length - 1 : first);
  return element(0x02, (digits[0] ?? 0) >= 0x80 ? Uint8Array.of(0, ...digits) : digits);
}

/** One element in DER, of at most 255 bytes. */
function element(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  return Uint8Array.of(tag, ...(length < 0x80 ? [length] : [0x81, length]), ...content);
}

function named(commonName: string): Name {
  const value = new AttributeValue({ utf8String: commonName });
  return new Name([new RelativeDistinguishedName([new AttributeTypeAndValue({ type: "2.5.4.3", value })])]);
}

function date(seconds: number): Date {
  return new Date(seconds * 1_000);
}

function write(value: object): Uint8Array<ArrayBuffer> {
  return new Uint8Array(AsnConvert.serialize(value));
}
