/** What Intel's certificate of a platform says about it, in an extension of Intel's own. */
import { bytesToHex, type Hex } from "viem";

import type { Certificate } from "../x509/certificate.ts";
import { readElements, requireDer, SEQUENCE } from "../x509/der.ts";

/** Which kind of platform, and which enclave certified its keys; each in hex. */
export type PlatformKind = { readonly fmspc: Hex; readonly pceId: Hex };

const EXTENSION = "1.2.840.113741.1.13.1";
const OCTETS = 0x04;

/** The identifiers' own encodings: the extension's with one more arc each. */
const PCE_ID = "0x2a864886f84d010d0103";
const FMSPC = "0x2a864886f84d010d0104";

/** @param certificate Of a chain that was checked. */
export function platformKindOf({ extensions }: Certificate): PlatformKind {
  const extension = extensions.get(EXTENSION);
  if (extension === undefined) throw new NoPlatformCertificateError("it has no extension of Intel's");
  requireDer(extension);
  const [sequence] = readElements(extension);
  const pairs = readElements(sequence?.content ?? extension).filter(({ tag }) => tag === SEQUENCE);
  const fields = pairs.map(({ content }) => readElements(content));
  const valueOf = (id: Hex, bytes: number): Hex => {
    const found = fields.filter(([name]) => name !== undefined && bytesToHex(name.content) === id);
    const [value] = found.map(([, each]) => each);
    if (found.length !== 1 || value?.tag !== OCTETS || value.content.length !== bytes) {
      throw new NoPlatformCertificateError(`it does not have ${id} once, with ${bytes} bytes`);
    }
    return bytesToHex(value.content);
  };
  return { fmspc: valueOf(FMSPC, 6), pceId: valueOf(PCE_ID, 2) };
}

/** A certificate under Intel's root is none of a platform. */
export class NoPlatformCertificateError extends Error {
  override readonly name = "NoPlatformCertificateError";

  constructor(complaint: string) {
    super(
      `The quote's certificate is none of a platform: ${complaint}. Ask for a quote with the platform's own chain.`,
    );
  }
}
