/** From a platform's key down to a report: it signed for the quoting enclave, which signed the quote. */
import { concat, sha256 } from "viem";

import { isSame } from "../x509/asn1.ts";
import { isSignedBy, type PublicKey } from "../x509/ecdsa.ts";
import type { Quote } from "./layout.ts";
import { readSgxReport, refuseExposed } from "./report.ts";

const UNCOMPRESSED = 0x04;
const HASH_BYTES = 32;

/** Checks that the quoting enclave's key signed the quote, and that its report is over that key. */
export async function checkQuotingEnclave(quote: Quote): Promise<void> {
  const { attestationKey, signature, signed, quotingReport, quotingData } = quote;
  const point = new Uint8Array([UNCOMPRESSED, ...attestationKey]);
  if (!(await isSignedBy({ curve: "P-256", point }, signature, signed))) throw new QuoteSignatureError("quote");
  const report = readSgxReport(quotingReport);
  const bound = new Uint8Array(2 * HASH_BYTES);
  bound.set(sha256(concat([attestationKey, quotingData]), "bytes"));
  if (!isSame(report.reportData, bound)) throw new QuoteSignatureError("key");
  refuseExposed(report);
}

/** Checks that a platform's key signed the quoting enclave's report. */
export async function checkPlatformSignature(
  { quotingReport, quotingSignature }: Quote,
  key: PublicKey,
): Promise<void> {
  if (!(await isSignedBy(key, quotingSignature, quotingReport))) throw new QuoteSignatureError("report");
}

const FAULTS = {
  quote: "the quoting enclave's key did not sign it",
  key: "the quoting enclave's report is over another key",
  report: "its platform did not sign the quoting enclave's report",
} as const;

export type UnsignedPart = keyof typeof FAULTS;

/** A quote is not what a platform signed. */
export class QuoteSignatureError extends Error {
  override readonly name = "QuoteSignatureError";
  readonly part: UnsignedPart;

  constructor(part: UnsignedPart) {
    super(`The quote is refused: ${FAULTS[part]}. Do not believe it, and ask for another.`);
    this.part = part;
  }
}
