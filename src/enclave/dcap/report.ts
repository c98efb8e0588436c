/** What a processor reports of an enclave or trust domain, and which of its kinds are no protection at all. */

/** An enclave's report. */
export type SgxReport = {
  readonly platform: "sgx";
  readonly attributes: Uint8Array;
  readonly mrEnclave: Uint8Array;
  readonly isvSvn: number;
  readonly reportData: Uint8Array;
};

/** A trust domain's report. */
export type TdReport = {
  readonly platform: "tdx";
  readonly teeTcbSvn: Uint8Array;
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
  readonly tdAttributes: Uint8Array;
  readonly mrTd: Uint8Array;
  readonly rtMr: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  readonly reportData: Uint8Array;
  /** Of a domain that may carry this one's memory to another machine; none in version 1.0. */
  readonly mrServiceTd: Uint8Array;
};

export type Report = SgxReport | TdReport;

export const SGX_REPORT_BYTES = 384;

export type TdxVersion = "1.0" | "1.5";

export function tdReportBytes(version: TdxVersion): number {
  return version === "1.0" ? 584 : 648;
}

/** @param bytes Exactly a report: offsets are those of Intel's `sgx_report_body_t`. */
export function readSgxReport(bytes: Uint8Array): SgxReport {
  return {
    platform: "sgx",
    attributes: bytes.subarray(48, 64),
    mrEnclave: bytes.subarray(64, 96),
    isvSvn: (bytes[258] ?? 0) + (bytes[259] ?? 0) * 256,
    reportData: bytes.subarray(320, 384),
  };
}

/** @param bytes Exactly a report: offsets are those of Intel's `sgx_report2_body_t` and its successor. */
export function readTdReport(bytes: Uint8Array, version: TdxVersion): TdReport {
  return {
    platform: "tdx",
    teeTcbSvn: bytes.subarray(0, 16),
    mrSignerSeam: bytes.subarray(64, 112),
    seamAttributes: bytes.subarray(112, 120),
    tdAttributes: bytes.subarray(120, 128),
    mrTd: bytes.subarray(136, 184),
    rtMr: [bytes.subarray(328, 376), bytes.subarray(376, 424), bytes.subarray(424, 472), bytes.subarray(472, 520)],
    reportData: bytes.subarray(520, 584),
    mrServiceTd: version === "1.0" ? new Uint8Array(0) : bytes.subarray(600, 648),
  };
}

const bit = (index: number): bigint => 1n << BigInt(index);

/** Of an enclave: initialised, debug, 64 bits, provisioning key, launch key, CET, key separation, exit notices. */
const SGX = { initialised: bit(0), debug: bit(1), known: bit(2) | bit(4) | bit(5) | bit(6) | bit(7) | bit(10) };

/** Of a trust domain: page faults that its host cannot inject, protection keys, key locker, performance counters. */
const TDX = { guarded: bit(28), known: bit(30) | bit(31) | bit(63) };

/** The low byte of a trust domain's attributes: any of its bits opens the domain to its host. */
const UNDER_DEBUG = 0xffn;

/** Refuses a report of what its host can look into or move elsewhere: attributes are no part of a measurement. */
export function refuseExposed(report: Report): void {
  if (report.platform === "sgx") refuseExposedEnclave(report);
  else refuseExposedDomain(report);
}

function refuseExposedEnclave({ attributes }: SgxReport): void {
  const flags = littleEndian(attributes.subarray(0, 8));
  if ((flags & SGX.debug) !== 0n) throw new ExposedEnclaveError("debug");
  if ((flags & SGX.initialised) === 0n) throw new ExposedEnclaveError("uninitialised");
  if ((flags & ~(SGX.initialised | SGX.known)) !== 0n) throw new ExposedEnclaveError("unknown");
}

function refuseExposedDomain({ tdAttributes, mrServiceTd }: TdReport): void {
  const flags = littleEndian(tdAttributes);
  if ((flags & UNDER_DEBUG) !== 0n) throw new ExposedEnclaveError("debug");
  if ((flags & TDX.guarded) === 0n) throw new ExposedEnclaveError("unguarded");
  if ((flags & ~(TDX.guarded | TDX.known)) !== 0n) throw new ExposedEnclaveError("unknown");
  if (mrServiceTd.some((byte) => byte !== 0)) throw new ExposedEnclaveError("serviced");
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}

const EXPOSURES = {
  debug: "it runs under debug, where its host reads and writes its memory",
  uninitialised: "it was not initialised, and its measurement is not of all its code",
  unguarded: "its host can inject page faults (SEPT_VE_DISABLE is not set)",
  serviced: "another domain may move its memory to another machine",
  unknown: "it has attributes that may move it to another machine, or that nobody has defined",
} as const;

export type Exposure = keyof typeof EXPOSURES;

/** An enclave runs the code that was measured, but not out of its host's reach. */
export class ExposedEnclaveError extends Error {
  override readonly name = "ExposedEnclaveError";
  readonly because: Exposure;

  constructor(because: Exposure) {
    super(`The enclave does not keep its secrets: ${EXPOSURES[because]}. Start it as one for production.`);
    this.because = because;
  }
}
