/** A quote's bytes, each at its place: nothing left over, and nothing that two readers could read differently. */
import type { Report } from "./report.ts";
import { SGX_REPORT_BYTES, readSgxReport, readTdReport, tdReportBytes } from "./report.ts";

/** What a quote is made of; what none of it covers does not exist. */
export type Quote = {
  readonly report: Report;
  /** Header and report: what the attestation key signed. */
  readonly signed: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
  readonly attestationKey: Uint8Array<ArrayBuffer>;
  /** The report of Intel's own enclave, which holds the attestation key. */
  readonly quotingReport: Uint8Array<ArrayBuffer>;
  readonly quotingSignature: Uint8Array<ArrayBuffer>;
  readonly quotingData: Uint8Array<ArrayBuffer>;
  /** The platform's certificates, as text. */
  readonly certificates: string;
  /** The quote without what pads it. */
  readonly exact: Uint8Array<ArrayBuffer>;
};

/** More than any quote has, and little to look through. */
const MOST_BYTES = 16_384;
const P256_BYTES = 64;
const ECDSA_P256 = 2;
const SGX = 0x00;
const TDX = 0x81;
const INTEL = "939a7233f79c4ca9940a0db3957f0607";
const CERTIFICATE_CHAIN = 5;
const QUOTING_REPORT = 6;
/** Intel's quoting enclaves put this many bytes here, and the library hashes exactly as many. */
const QUOTING_DATA_BYTES = 32;

/** Takes a quote apart, or refuses it. */
export function readQuote(bytes: Uint8Array): Quote {
  if (bytes.length > MOST_BYTES) throw new MalformedQuoteError(`it has ${bytes.length} bytes, above ${MOST_BYTES}`);
  const quote = read(bytes);
  const version = quote.number(2, "version");
  expect(quote.number(2, "key type"), [ECDSA_P256], "key type");
  const platform = quote.number(4, "platform");
  expect(platform, [SGX, TDX], "platform");
  // The quoting enclaves of SGX make version 3 alone, and those of TDX later ones alone.
  expect(version, platform === SGX ? [3] : [4, 5], "version");
  quote.take(4, "versions of the quoting enclave");
  const vendor = Array.from(quote.take(16, "vendor"), (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (vendor !== INTEL) throw new MalformedQuoteError(`its quoting enclave is of the vendor ${vendor}, not Intel`);
  quote.take(20, "user data");
  const report = platform === SGX ? readSgxReport(quote.take(SGX_REPORT_BYTES, "report")) : readTd(quote, version);
  const signed = bytes.slice(0, quote.at());
  const proof = read(quote.take(quote.number(4, "size of the signature data"), "signature data"));
  const exact = bytes.slice(0, quote.at());
  refusePadding(quote.rest(), platform);
  const signature = proof.take(P256_BYTES, "signature");
  const attestationKey = proof.take(P256_BYTES, "attestation key");
  const certified = version === 3 ? proof : openCertification(proof, QUOTING_REPORT);
  const quotingReport = certified.take(SGX_REPORT_BYTES, "report of the quoting enclave");
  const quotingSignature = certified.take(P256_BYTES, "signature of the quoting enclave's report");
  const size = certified.number(2, "size of the quoting enclave's data");
  expect(size, [QUOTING_DATA_BYTES], "size of the quoting enclave's data");
  const quotingData = certified.take(size, "data of the quoting enclave");
  const chain = openCertification(certified, CERTIFICATE_CHAIN).rest();
  const certificates = textOf(chain);
  return {
    report,
    signed,
    signature,
    attestationKey,
    quotingReport,
    quotingSignature,
    quotingData,
    certificates,
    exact,
  };
}

/** Version 5 says which report follows, and how long it is. */
function readTd(quote: Reader, version: number): Report {
  if (version === 4) return readTdReport(quote.take(tdReportBytes("1.0"), "report"), "1.0");
  const kind = quote.number(2, "kind of report");
  expect(kind, [2, 3], "kind of report");
  const tdx = kind === 2 ? "1.0" : "1.5";
  const size = quote.number(4, "size of the report");
  expect(size, [tdReportBytes(tdx)], "size of the report");
  return readTdReport(quote.take(size, "report"), tdx);
}

/** What follows a kind and a size, and is all that follows. */
function openCertification(within: Reader, kind: number): Reader {
  expect(within.number(2, "kind of certification"), [kind], "kind of certification");
  const inner = within.take(within.number(4, "size of certification"), "certification");
  if (within.rest().length > 0) {
    throw new MalformedQuoteError(`${within.rest().length} bytes follow its certification, which nothing covers`);
  }
  return read(inner);
}

/** Services that make quotes of TDX hand on a buffer that is larger than its quote, and zero behind it. */
function refusePadding(rest: Uint8Array, platform: number): void {
  if (rest.length === 0) return;
  if (platform === SGX || rest.some((byte) => byte !== 0)) {
    throw new MalformedQuoteError(`${rest.length} bytes follow it, which nothing covers`);
  }
}

/** Text as C writes it has a zero at its end. */
function textOf(bytes: Uint8Array): string {
  const text = bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes;
  return String.fromCodePoint(...text);
}

function expect(given: number, wanted: readonly number[], what: string): void {
  if (!wanted.includes(given)) throw new MalformedQuoteError(`its ${what} is ${given}, not ${wanted.join(" or ")}`);
}

type Reader = ReturnType<typeof read>;

/** Reads from the front; numbers are little-endian. */
function read(bytes: Uint8Array) {
  let at = 0;
  const take = (count: number, what: string): Uint8Array<ArrayBuffer> => {
    if (count > bytes.length - at) {
      throw new MalformedQuoteError(`its ${what} has ${count} bytes, and ${bytes.length - at} are left`);
    }
    at += count;
    return bytes.slice(at - count, at);
  };
  const number = (count: 2 | 4, what: string): number =>
    take(count, what).reduceRight((value, byte) => value * 256 + byte, 0);
  return { take, number, at: () => at, rest: () => bytes.slice(at) };
}

/** Bytes are no quote, or more than one. */
export class MalformedQuoteError extends Error {
  override readonly name = "MalformedQuoteError";

  constructor(complaint: string) {
    super(`The quote is malformed: ${complaint}. Ask for a quote of Intel's SGX or TDX with its certificates inside.`);
  }
}
