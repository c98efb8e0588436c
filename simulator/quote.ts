/** Quotes of version 4 for TDX, byte by byte: Intel's "TDX DCAP Quoting Library API", appendix 3. */
import { createHash, randomBytes, sign, type KeyObject } from "node:crypto";

import { pemOf, type Certified } from "./certificate.ts";

/** Of a TD, in the order of its report. */
export type TdReport = {
  readonly teeTcbSvn: Uint8Array;
  readonly mrSeam: Uint8Array;
  readonly mrSignerSeam: Uint8Array;
  readonly seamAttributes: Uint8Array;
  readonly tdAttributes: Uint8Array;
  readonly xfam: Uint8Array;
  readonly mrTd: Uint8Array;
  readonly mrConfigId: Uint8Array;
  readonly mrOwner: Uint8Array;
  readonly mrOwnerConfig: Uint8Array;
  readonly rtMr0: Uint8Array;
  readonly rtMr1: Uint8Array;
  readonly rtMr2: Uint8Array;
  readonly rtMr3: Uint8Array;
  readonly reportData: Uint8Array;
};

/** Of the quoting enclave, as far as it is not fixed. */
export type QeReport = {
  readonly cpuSvn: Uint8Array;
  readonly attributes: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
};

export type QuoteParts = {
  readonly report: TdReport;
  readonly qe: QeReport;
  /** From the PCK certificate up to the root. */
  readonly certified: readonly Certified[];
  /** The quoting enclave's key, which the report is signed with. */
  readonly attestationKey: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
};

const VERSION = 4;
const ECDSA_P256 = 2;
const TEE_TDX = 0x81;
/** The UUID by which Intel's quoting enclave is known. */
const INTEL_QE = Buffer.from("939a7233f79c4ca9940a0db3957f0607", "hex");

const REPORT_CERTIFICATION = 6;
const PCK_CHAIN = 5;

export function encodeQuote({ report, qe, certified, attestationKey }: QuoteParts): Buffer {
  const header = Buffer.concat([
    uint16(VERSION),
    uint16(ECDSA_P256),
    uint32(TEE_TDX),
    uint32(0),
    INTEL_QE,
    randomBytes(16),
    uint32(0),
  ]);
  const body = Buffer.concat([header, encodeTdReport(report)]);
  const key = pointOf(attestationKey.publicKey);
  const authentication = randomBytes(32);
  const binding = createHash("sha256").update(key).update(authentication).digest();
  const qeReport = encodeQeReport(qe, binding);
  const [pck] = certified;
  if (pck === undefined) throw new NoPckCertificateError();
  const inner = Buffer.concat([
    qeReport,
    signP256(qeReport, pck.privateKey),
    uint16(authentication.length),
    authentication,
    certification(PCK_CHAIN, Buffer.from(pemOf(certified.map(({ certificate }) => certificate)))),
  ]);
  const signature = signP256(body, attestationKey.privateKey);
  const tail = Buffer.concat([signature, key, certification(REPORT_CERTIFICATION, inner)]);
  return Buffer.concat([body, uint32(tail.length), tail]);
}

function encodeTdReport(report: TdReport): Buffer {
  return Buffer.concat([
    report.teeTcbSvn,
    report.mrSeam,
    report.mrSignerSeam,
    report.seamAttributes,
    report.tdAttributes,
    report.xfam,
    report.mrTd,
    report.mrConfigId,
    report.mrOwner,
    report.mrOwnerConfig,
    report.rtMr0,
    report.rtMr1,
    report.rtMr2,
    report.rtMr3,
    report.reportData,
  ]);
}

function encodeQeReport(qe: QeReport, binding: Uint8Array): Buffer {
  return Buffer.concat([
    qe.cpuSvn,
    uint32(0),
    Buffer.alloc(28),
    qe.attributes,
    createHash("sha256").update("assay simulator quoting enclave").digest(),
    Buffer.alloc(32),
    qe.mrSigner,
    Buffer.alloc(96),
    uint16(qe.isvProdId),
    uint16(qe.isvSvn),
    Buffer.alloc(60),
    binding,
    Buffer.alloc(32),
  ]);
}

function certification(type: number, body: Uint8Array): Buffer {
  return Buffer.concat([uint16(type), uint32(body.length), body]);
}

/** As Intel writes signatures: r and s, 32 bytes each. */
export function signP256(data: Uint8Array, key: KeyObject): Buffer {
  return sign("sha256", data, { key, dsaEncoding: "ieee-p1363" });
}

function pointOf(key: KeyObject): Buffer {
  const { x = "", y = "" } = key.export({ format: "jwk" });
  return Buffer.concat([Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** A quote without the certificate of its platform verifies nowhere. */
export class NoPckCertificateError extends Error {
  override readonly name = "NoPckCertificateError";

  constructor() {
    super("The quote's chain is empty. Distort certificates, but leave one.");
  }
}
