/** Why certificates and lists of revoked ones are refused. */

const REASONS = {
  malformed: "it is not written as certificates are",
  version: "its version has no extensions, or is unknown",
  algorithm: "its signature's algorithm is none of ECDSA with the curve's own hash, or is named in two ways",
  key: "its key is none on a curve of NIST, in the uncompressed form",
  curve: "its key is on another curve than its platform's",
  "unique-id": "it has unique identifiers, which nobody uses",
  "critical-extension": "it has a critical extension that is not understood",
  "duplicate-extension": "it has an extension twice",
  "no-usage": "it does not say what its key is for",
  constraints: "its basic constraints contradict themselves",
  "not-authority": "it signs others and is no authority",
  "authority-as-leaf": "it is an authority and should be none",
  usage: "its key is for another use",
  "path-length": "it allows fewer authorities below it",
  issuer: "its issuer's name is not the next certificate's",
  signature: "the next certificate's key did not sign it",
  "not-yet-valid": "it is not valid yet",
  expired: "it has expired",
  root: "it is no root that is accepted",
  revoked: "its issuer has revoked it",
} as const;

export type RefusedCertificate = keyof typeof REASONS;

/** A certificate, or a list of revoked ones, is refused. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
  readonly because: RefusedCertificate;
  /** In its chain, from the leaf upwards; none of one that was read by itself. */
  readonly position: number | undefined;

  constructor(because: RefusedCertificate, position?: number, options?: ErrorOptions) {
    const which =
      position === undefined ? "A certificate" : `Certificate ${position} of the chain, counted from the leaf,`;
    super(`${which} is refused: ${REASONS[because]}. Believe nothing that it vouches for.`, options);
    this.because = because;
    this.position = position;
  }
}
