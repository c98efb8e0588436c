/** Chains of certificates, from a leaf up to a root that is pinned (RFC 5280, section 6, for chains that need no policies). */
import { sha256, type Hex } from "viem";

import { CertificateError, type RefusedCertificate } from "./certificate-error.ts";
import { parseCertificate, type Certificate } from "./certificate.ts";
import { isSignedBy, type Curve } from "./ecdsa.ts";

export type ChainTerms = {
  /** In DER, from the leaf to the root; the root counts only by its hash. */
  readonly chain: readonly Uint8Array[];
  /** SHA-256 of the roots that are believed. */
  readonly roots: readonly Hex[];
  /** The curve of every key in it. */
  readonly curve: Curve;
  /** Seconds of Unix time. */
  readonly now: number;
  /** The most certificates, leaf and root included. */
  readonly mostCertificates: number;
  /** What the leaf is for: it signs statements, or certificates and lists of revoked ones. */
  readonly leaf: "signer" | "authority";
};

export type CheckedChain = {
  readonly leaf: Certificate;
  /** From the one that signed the leaf to the root. */
  readonly authorities: readonly Certificate[];
  /** SHA-256 of the root's certificate. */
  readonly root: Hex;
};

/** Checks that a root vouches for a leaf. The root may be the leaf itself, of a chain of one authority. */
export async function checkChain(terms: ChainTerms): Promise<CheckedChain> {
  const { chain, roots, mostCertificates } = terms;
  const root = chain.at(-1);
  if (root === undefined || chain.length > mostCertificates) throw new ChainLengthError(chain.length, mostCertificates);
  const fingerprint = sha256(root);
  const last = chain.length - 1;
  // Before anything is read: nothing below a root that nobody pinned is worth the work.
  if (!roots.includes(fingerprint)) throw new CertificateError("root", last);
  const certificates = chain.map((der, position) => parseAt(der, position));
  for (const [position, certificate] of certificates.entries()) {
    const because = faultOf(certificate, position, terms);
    if (because !== undefined) throw new CertificateError(because, position);
  }
  for (const [position, certificate] of certificates.entries()) {
    // The root signs itself.
    const issuer = certificates[position + 1] ?? certificate;
    if (certificate.issuer !== issuer.subject) throw new CertificateError("issuer", position);
    if (!(await hasSigned(issuer, certificate))) throw new CertificateError("signature", position);
  }
  const [leaf, ...authorities] = certificates;
  if (leaf === undefined) throw new ChainLengthError(0, mostCertificates);
  return { leaf, authorities, root: fingerprint };
}

/** Whether an authority's key signed a certificate or a list of revoked ones. */
export async function hasSigned({ key }: Certificate, { signed }: Pick<Certificate, "signed">): Promise<boolean> {
  return isSignedBy(key, signed.signature, signed.message);
}

function parseAt(der: Uint8Array, position: number): Certificate {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new CertificateError(error.because, position, { cause: error });
  }
}

/** What is wrong with one certificate for its place, whoever signed it. */
function faultOf(
  certificate: Certificate,
  position: number,
  { curve, now, leaf }: ChainTerms,
): RefusedCertificate | undefined {
  const { key, notBefore, notAfter, isAuthority, mostBelow, uses } = certificate;
  if (key.curve !== curve) return "curve";
  // So written that a time that is no number refuses.
  if (!(notBefore <= now)) return "not-yet-valid";
  if (!(now <= notAfter)) return "expired";
  if (position === 0 && leaf === "signer") {
    if (isAuthority || uses.has("keyCertSign")) return "authority-as-leaf";
    return uses.has("digitalSignature") ? undefined : "usage";
  }
  if (!isAuthority) return "not-authority";
  if (!uses.has("keyCertSign")) return "usage";
  // The leaf itself does not count, whatever it is.
  const below = Math.max(position - 1, 0);
  return mostBelow !== undefined && below > mostBelow ? "path-length" : undefined;
}

/** A chain has no certificate, or more than its platform's have. */
export class ChainLengthError extends Error {
  override readonly name = "ChainLengthError";
  readonly length: number;
  readonly most: number;

  constructor(length: number, most: number) {
    super(
      `A chain must have between one and ${most} certificates, but has ${length}. Take it as its platform gave it.`,
    );
    this.length = length;
    this.most = most;
  }
}
