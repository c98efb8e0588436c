/** Certificates and their keys: chains as the platforms have them, and every wrong one that a test can think of. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

import {
  bits,
  boolean,
  explicit,
  implicit,
  integer,
  objectId,
  octets,
  printable,
  sequence,
  set,
  time,
  utf8,
} from "./der.ts";

const ATTRIBUTES = {
  CN: "2.5.4.3",
  C: "2.5.4.6",
  L: "2.5.4.7",
  ST: "2.5.4.8",
  O: "2.5.4.10",
  OU: "2.5.4.11",
} as const;

/** The bits of RFC 5280, section 4.2.1.3. */
const KEY_USAGES = { digitalSignature: 0, nonRepudiation: 1, keyCertSign: 5, cRLSign: 6 } as const;

const CURVES = {
  "P-256": { hash: "sha256", algorithm: "1.2.840.10045.4.3.2" },
  "P-384": { hash: "sha384", algorithm: "1.2.840.10045.4.3.3" },
} as const;

export type Curve = keyof typeof CURVES;
export type KeyUsage = keyof typeof KEY_USAGES;
export type Subject = Readonly<Partial<Record<keyof typeof ATTRIBUTES, string>>>;

export type Extension = { readonly oid: string; readonly isCritical?: boolean; readonly value: Uint8Array };

/** What a certificate is to say. Times are seconds of Unix time. */
export type CertificatePlan = {
  readonly subject: Subject;
  readonly curve: Curve;
  readonly notBefore: number;
  readonly notAfter: number;
  /** Of an authority; the leaf has none. */
  readonly authority?: { readonly pathLength?: number };
  readonly keyUsages: readonly KeyUsage[];
  readonly extensions?: readonly Extension[];
};

/** A certificate with the key that it is for. */
export type Certified = {
  readonly certificate: Buffer;
  readonly serial: bigint;
  readonly subject: Subject;
  readonly curve: Curve;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
};

/** Makes a key, and its certificate by an issuer: by itself, where there is none. */
export function certify(plan: CertificatePlan, issuer?: Certified): Certified {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: plan.curve });
  const serial = BigInt(`0x${randomBytes(16).toString("hex")}`) | 1n;
  const own = { serial, subject: plan.subject, curve: plan.curve, privateKey, publicKey };
  const by = issuer ?? own;
  const body = sequence(
    explicit(0, integer(2)),
    integer(serial),
    algorithmOf(by.curve),
    nameOf(by.subject),
    sequence(time(plan.notBefore), time(plan.notAfter)),
    nameOf(plan.subject),
    spkiOf(publicKey),
    explicit(3, sequence(...extensionsOf(plan, publicKey, by.publicKey).map(extensionOf))),
  );
  return { ...own, certificate: signed(body, by) };
}

/** Makes a chain from a root downwards; the root itself is its first. */
export function chain(root: Certified, plans: readonly CertificatePlan[]): readonly Certified[] {
  const made = [root];
  for (const plan of plans) made.push(certify(plan, made.at(-1)));
  return made;
}

/** What is signed, with its algorithm and signature: a certificate or a revocation list. */
export function signed(body: Uint8Array, { curve, privateKey }: Pick<Certified, "curve" | "privateKey">): Buffer {
  return sequence(body, algorithmOf(curve), bits(sign(CURVES[curve].hash, body, privateKey)));
}

export function algorithmOf(curve: Curve): Buffer {
  return sequence(objectId(CURVES[curve].algorithm));
}

export function nameOf(subject: Subject): Buffer {
  const parts = Object.entries(subject) as [keyof Subject, string][];
  return sequence(
    ...parts.map(([type, value]) =>
      set(sequence(objectId(ATTRIBUTES[type]), type === "C" ? printable(value) : utf8(value))),
    ),
  );
}

/** How certificates and revocation lists name the key that signed them. */
export function authorityKeyOf(issuer: KeyObject): Extension {
  return { oid: "2.5.29.35", value: sequence(implicit(0, keyIdOf(issuer))) };
}

export function extensionOf({ oid, isCritical, value }: Extension): Buffer {
  return sequence(objectId(oid), ...(isCritical === true ? [boolean(true)] : []), octets(value));
}

/** The certificates of a chain as text, in the order given. */
export function pemOf(certificates: readonly Uint8Array[]): string {
  const blocks = certificates.map((certificate) => {
    const lines =
      Buffer.from(certificate)
        .toString("base64")
        .match(/.{1,64}/g) ?? [];
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  });
  return blocks.join("");
}

function extensionsOf(plan: CertificatePlan, own: KeyObject, issuer: KeyObject): readonly Extension[] {
  const { authority, keyUsages, extensions = [] } = plan;
  const { pathLength } = authority ?? {};
  const limit = pathLength === undefined ? [] : [integer(pathLength)];
  const constraints = authority === undefined ? sequence() : sequence(boolean(true), ...limit);
  return [
    { oid: "2.5.29.19", isCritical: true, value: constraints },
    authorityKeyOf(issuer),
    { oid: "2.5.29.14", value: octets(keyIdOf(own)) },
    { oid: "2.5.29.15", isCritical: true, value: keyUsageOf(keyUsages) },
    ...extensions,
  ];
}

function keyUsageOf(usages: readonly KeyUsage[]): Buffer {
  const positions: readonly number[] = usages.map((usage) => KEY_USAGES[usage]);
  const byte = positions.reduce((sum, position) => sum | (0x80 >> position), 0);
  // DER counts no bits beyond the last one that is set.
  return bits(Uint8Array.of(byte), 7 - Math.max(...positions));
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

/** SHA-1 of the point, as RFC 5280, section 4.2.1.2 has it: a name, which nothing relies on. */
function keyIdOf(key: KeyObject): Buffer {
  const { x = "", y = "" } = key.export({ format: "jwk" });
  const point = [Uint8Array.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")];
  return createHash("sha1").update(Buffer.concat(point)).digest();
}
