/** Extensions of certificates and of lists of revoked ones. */
import type { Extension } from "@peculiar/asn1-x509";

import { CertificateError } from "./certificate-error.ts";

/** By their identifiers. @param understood Those that may be marked critical: what one does not understand refuses all. */
export function readExtensions(
  extensions: readonly Extension[],
  understood: readonly string[],
): ReadonlyMap<string, Uint8Array> {
  const byId = new Map<string, Uint8Array>();
  for (const { extnID, critical, extnValue } of extensions) {
    if (byId.has(extnID)) throw new CertificateError("duplicate-extension");
    if (critical && !understood.includes(extnID)) throw new CertificateError("critical-extension");
    byId.set(extnID, new Uint8Array(extnValue.buffer));
  }
  return byId;
}
