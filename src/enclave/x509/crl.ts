/** Lists of revoked certificates (RFC 5280, section 5), whole ones alone. */
import { CertificateList, Version } from "@peculiar/asn1-x509";
import { bytesToHex, type Hex } from "viem";

import { readDer } from "./asn1.ts";
import { CertificateError } from "./certificate-error.ts";
import { nameOf, readSigned, refusingMalformed, secondsOf, type Certificate, type Signed } from "./certificate.ts";
import { hasSigned } from "./chain.ts";
import { readExtensions } from "./extensions.ts";

export type CrlTerms = {
  readonly der: Uint8Array;
  /** The authority whose certificates it is about, from a chain that was checked. */
  readonly issuer: Certificate;
  /** Seconds of Unix time. */
  readonly now: number;
};

/** What a list says. */
export type CheckedCrl = {
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** The serial numbers of certificates that are not to be believed, whatever the reason. */
  readonly revoked: ReadonlySet<Hex>;
};

type Crl = CheckedCrl & { readonly issuer: Hex; readonly signed: Signed };

/** Some thousand certificates. */
const MOST_BYTES = 262_144;

/** Checks that a list is this issuer's own, and current. */
export async function checkCrl({ der, issuer, now }: CrlTerms): Promise<CheckedCrl> {
  const { signed, issuer: name, ...list } = parseCrl(der);
  if (!issuer.isAuthority) throw new CertificateError("not-authority");
  if (!issuer.uses.has("crlSign")) throw new CertificateError("usage");
  if (name !== issuer.subject) throw new CertificateError("issuer");
  if (!(list.thisUpdate <= now)) throw new CertificateError("not-yet-valid");
  if (!(now <= list.nextUpdate)) throw new CertificateError("expired");
  if (!(await hasSigned(issuer, { signed }))) throw new CertificateError("signature");
  return list;
}

function parseCrl(der: Uint8Array): Crl {
  return refusingMalformed(() => {
    const { tbsCertList: body, signatureAlgorithm, signature } = readDer(der, CertificateList, MOST_BYTES);
    if (body.version !== Version.v2) throw new CertificateError("version");
    // A list that says no end could be an old one for ever.
    if (body.nextUpdate === undefined) throw new CertificateError("expired");
    // What makes a list a part of one, or another's, is critical, and so refused.
    readExtensions(body.crlExtensions ?? [], []);
    const entries = body.revokedCertificates ?? [];
    for (const { crlEntryExtensions } of entries) readExtensions(crlEntryExtensions ?? [], []);
    return {
      thisUpdate: secondsOf(body.thisUpdate),
      nextUpdate: secondsOf(body.nextUpdate),
      revoked: new Set(entries.map(({ userCertificate }) => bytesToHex(new Uint8Array(userCertificate)))),
      issuer: nameOf(body.issuer),
      signed: readSigned(der, body.signature, signatureAlgorithm, signature),
    };
  });
}
