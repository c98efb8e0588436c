/** A certificate as far as chains of attestations need one, and refused when it has more that matters (RFC 5280). */
import {
  BasicConstraints,
  Certificate as CertificateSchema,
  id_ce_basicConstraints as BASIC_CONSTRAINTS,
  id_ce_keyUsage as KEY_USAGE,
  KeyUsage,
  Version,
  type Name,
  type Time,
} from "@peculiar/asn1-x509";
import { bytesToHex, type Hex } from "viem";

import { isSame, readDer, writeDer } from "./asn1.ts";
import { CertificateError } from "./certificate-error.ts";
import { DerError, readElements } from "./der.ts";
import { curveOfSignature, flatSignature, publicKeyOf, type PublicKey } from "./ecdsa.ts";
import { readExtensions } from "./extensions.ts";

/** What a key may be used for, of what matters here. */
export type KeyUse = "digitalSignature" | "keyCertSign" | "crlSign";

/** What was signed, and the two numbers of the signature, each as long as the field of the curve that it names. */
export type Signed = { readonly message: Uint8Array; readonly signature: Uint8Array };

export type Certificate = {
  readonly der: Uint8Array;
  readonly signed: Signed;
  readonly serial: Hex;
  /** Names by their encoding: another encoding of a name is another name. */
  readonly issuer: Hex;
  readonly subject: Hex;
  readonly commonName: string | undefined;
  /** In seconds of Unix time, both included. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly key: PublicKey;
  readonly isAuthority: boolean;
  /** The most authorities that may stand between it and a leaf; no bound where none is named. */
  readonly mostBelow: number | undefined;
  readonly uses: ReadonlySet<KeyUse>;
  /** The values of its extensions, by their identifiers. */
  readonly extensions: ReadonlyMap<string, Uint8Array>;
};

/** Four times what those of the platforms have. */
const MOST_BYTES = 4_096;
const COMMON_NAME = "2.5.4.3";
const KEY_USES: ReadonlySet<string> = new Set<KeyUse>(["digitalSignature", "keyCertSign", "crlSign"]);

/** Reads a certificate; that it is well-formed says nothing of who signed it. */
export function parseCertificate(der: Uint8Array): Certificate {
  return refusingMalformed(() => {
    const { tbsCertificate: body, signatureAlgorithm, signatureValue } = readDer(der, CertificateSchema, MOST_BYTES);
    if (body.version !== Version.v3) throw new CertificateError("version");
    if (body.issuerUniqueID !== undefined || body.subjectUniqueID !== undefined) {
      throw new CertificateError("unique-id");
    }
    const key = publicKeyOf(body.subjectPublicKeyInfo);
    if (key === undefined) throw new CertificateError("key");
    const extensions = readExtensions(body.extensions ?? [], [BASIC_CONSTRAINTS, KEY_USAGE]);
    return {
      der,
      signed: readSigned(der, body.signature, signatureAlgorithm, signatureValue),
      serial: bytesToHex(new Uint8Array(body.serialNumber)),
      issuer: nameOf(body.issuer),
      subject: nameOf(body.subject),
      commonName: commonNameOf(body.subject),
      notBefore: secondsOf(body.validity.notBefore),
      notAfter: secondsOf(body.validity.notAfter),
      key,
      ...constraintsOf(extensions.get(BASIC_CONSTRAINTS)),
      uses: usesOf(extensions.get(KEY_USAGE)),
      extensions,
    };
  });
}

/** The signed part of a certificate, or of a list of revoked ones, with the signature over it. */
export function readSigned(
  der: Uint8Array,
  inside: CertificateSchema["signatureAlgorithm"],
  outside: CertificateSchema["signatureAlgorithm"],
  signature: ArrayBuffer,
): Signed {
  const curve = curveOfSignature(outside);
  if (curve === undefined || !isSame(writeDer(inside), writeDer(outside))) throw new CertificateError("algorithm");
  // The first of its three parts, as it came.
  const [message] = readElements(der).flatMap(({ content }) => readElements(content));
  if (message === undefined) throw new DerError("shape");
  return { message: message.encoded, signature: flatSignature(new Uint8Array(signature), curve) };
}

export function nameOf(name: Name): Hex {
  return bytesToHex(writeDer(name));
}

export function secondsOf(time: Time): number {
  return time.getTime().getTime() / 1_000;
}

/** Runs what reads, and says of anything that is not well-formed that it is a certificate's. */
export function refusingMalformed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof DerError) throw new CertificateError("malformed", undefined, { cause });
    throw cause;
  }
}

function commonNameOf(name: Name): string | undefined {
  const named = name.flat().filter(({ type }) => type === COMMON_NAME);
  // Of several, nobody knows which one counts.
  return named.length === 1 ? named[0]?.value.toString() : undefined;
}

function constraintsOf(value: Uint8Array | undefined): Pick<Certificate, "isAuthority" | "mostBelow"> {
  if (value === undefined) return { isAuthority: false, mostBelow: undefined };
  const { cA: isAuthority, pathLenConstraint: mostBelow } = readDer(value, BasicConstraints, MOST_BYTES);
  if (mostBelow !== undefined && (!isAuthority || !Number.isSafeInteger(mostBelow) || mostBelow < 0)) {
    throw new CertificateError("constraints");
  }
  return { isAuthority, mostBelow };
}

function usesOf(value: Uint8Array | undefined): ReadonlySet<KeyUse> {
  if (value === undefined) throw new CertificateError("no-usage");
  const usage = readDer(value, KeyUsage, MOST_BYTES);
  // Nine bits: of longer strings the library would read others than stand there.
  if (usage.value.byteLength > 2) throw new CertificateError("malformed");
  return new Set(usage.toJSON().filter(isKnownUse));
}

function isKnownUse(use: string): use is KeyUse {
  return KEY_USES.has(use);
}
