/** A machine with Intel TDX: quotes over whatever a TD wants attested, and the collateral that verifies them. */
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";

import { certify, chain, pemOf, type CertificatePlan, type Certified } from "./certificate.ts";
import { encodeQuote, signP256, type QeReport, type TdReport } from "./quote.ts";
import { revocationList, type RevocationPlan } from "./revocation-list.ts";
import { fingerprintOf, makeRoot, SIMULATOR } from "./root.ts";
import { CPU_SVN, pckExtension, QE, qeIdentity, tcbInfo, TEE_TCB_SVN, type JsonObject, type TcbStatus } from "./tcb.ts";

type Hex = `0x${string}`;

export type TdxRegisters = { readonly mrtd: Hex } & Readonly<Record<`rtmr${0 | 1 | 2 | 3}`, Hex>>;

/** In the form in which Intel's provisioning service gives it. */
export type SimulatedCollateral = {
  readonly pck_crl_issuer_chain: string;
  readonly root_ca_crl: string;
  readonly pck_crl: string;
  readonly tcb_info_issuer_chain: string;
  readonly tcb_info: string;
  readonly tcb_info_signature: string;
  readonly qe_identity_issuer_chain: string;
  readonly qe_identity: string;
  readonly qe_identity_signature: string;
};

/** Who signed a part of the collateral. */
type Signers = { readonly root: Certified; readonly platform: Certified; readonly tcb: Certified };

/** What a test changes before it is signed. */
export type TdxDistortion = {
  /** Below the root: the platform's authority, then the PCK certificate. */
  readonly certificates?: (plans: readonly CertificatePlan[]) => readonly CertificatePlan[];
  readonly tcbSigner?: (plan: CertificatePlan) => CertificatePlan;
  readonly report?: (report: TdReport) => TdReport;
  readonly qe?: (report: QeReport) => QeReport;
  readonly tcbInfo?: (info: JsonObject) => JsonObject;
  readonly qeIdentity?: (identity: JsonObject) => JsonObject;
  readonly rootCrl?: (plan: RevocationPlan, serials: Serials) => RevocationPlan;
  readonly pckCrl?: (plan: RevocationPlan, serials: Serials) => RevocationPlan;
};

/** Of the certificates that a list can revoke. */
export type Serials = { readonly platform: bigint; readonly pck: bigint; readonly tcb: bigint };

export type TdxOptions = {
  readonly root?: Certified;
  readonly registers?: TdxRegisters;
  readonly tdAttributes?: Uint8Array;
  readonly status?: TcbStatus;
  /** Seconds of Unix time. */
  readonly now?: () => number;
  readonly distort?: TdxDistortion;
};

export type SimulatedTdx = {
  readonly root: Hex;
  readonly rootCertificate: Buffer;
  /** What an honest verifier finds, in the form in which models name it. */
  readonly measurement: { readonly platform: "tdx"; readonly root: Hex; readonly registers: TdxRegisters };
  /** @param reportData 64 bytes. */
  readonly quote: (reportData: Uint8Array) => Buffer;
  /** As of now. */
  readonly collateral: () => SimulatedCollateral;
};

/** SEPT_VE_DISABLE alone, as every TD has that is to be trusted. */
const TD_ATTRIBUTES = Buffer.from("0000001000000000", "hex");
/** With the first bit: a TD whose memory its host can read. */
export const DEBUG_TD_ATTRIBUTES: Uint8Array = Buffer.from("0100001000000000", "hex");
const XFAM = Buffer.from("e702060000000000", "hex");

export const SIMULATED_REGISTERS: TdxRegisters = {
  mrtd: registerOf("mrtd"),
  rtmr0: registerOf("rtmr0"),
  rtmr1: registerOf("rtmr1"),
  rtmr2: registerOf("rtmr2"),
  rtmr3: registerOf("rtmr3"),
};

const DAY = 86_400;
const YEAR = 365 * DAY;

export function simulateTdx(options: TdxOptions = {}): SimulatedTdx {
  const { registers = SIMULATED_REGISTERS, tdAttributes = TD_ATTRIBUTES, distort = {} } = options;
  const { status = "UpToDate", now = () => Math.floor(Date.now() / 1000) } = options;
  const root = options.root ?? makeRoot("tdx", now());
  const fingerprint = fingerprintOf(root);
  const plans = plansOf(now());
  const upwards = chain(root, distort.certificates?.(plans) ?? plans).toReversed();
  const [pck = root, platform = root] = upwards;
  const tcbPlan = signerOf("Intel SGX TCB Signing", now());
  const tcb = certify(distort.tcbSigner?.(tcbPlan) ?? tcbPlan, root);
  const attestationKey = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const qe = { cpuSvn: CPU_SVN, ...QE };
  return {
    root: fingerprint,
    rootCertificate: root.certificate,
    measurement: { platform: "tdx", root: fingerprint, registers },
    quote: (reportData) => {
      const report = reportOf(registers, tdAttributes, reportData);
      return encodeQuote({
        report: distort.report?.(report) ?? report,
        qe: distort.qe?.(qe) ?? qe,
        certified: upwards,
        attestationKey,
      });
    },
    collateral: () => {
      const serials = { platform: platform.serial, pck: pck.serial, tcb: tcb.serial };
      return collateralOf({ root, platform, tcb }, serials, { status, now: now(), distort });
    },
  };
}

type Publication = { readonly status: TcbStatus; readonly now: number; readonly distort: TdxDistortion };

function collateralOf(
  { root, platform, tcb }: Signers,
  serials: Serials,
  { status, now, distort }: Publication,
): SimulatedCollateral {
  const lists: RevocationPlan = { thisUpdate: now - DAY, nextUpdate: now + 30 * DAY, revoked: [] };
  const info = tcbInfo(status, now);
  const identity = qeIdentity(now);
  const tcbText = JSON.stringify(distort.tcbInfo?.(info) ?? info);
  const identityText = JSON.stringify(distort.qeIdentity?.(identity) ?? identity);
  const signerChain = pemOf([tcb.certificate, root.certificate]);
  return {
    pck_crl_issuer_chain: pemOf([platform.certificate, root.certificate]),
    root_ca_crl: revocationList(root, distort.rootCrl?.(lists, serials) ?? lists).toString("hex"),
    pck_crl: revocationList(platform, distort.pckCrl?.(lists, serials) ?? lists).toString("hex"),
    tcb_info_issuer_chain: signerChain,
    tcb_info: tcbText,
    tcb_info_signature: signP256(Buffer.from(tcbText), tcb.privateKey).toString("hex"),
    qe_identity_issuer_chain: signerChain,
    qe_identity: identityText,
    qe_identity_signature: signP256(Buffer.from(identityText), tcb.privateKey).toString("hex"),
  };
}

/** The platform's authority, and the PCK certificate that it gave the one machine there is. */
function plansOf(now: number): readonly CertificatePlan[] {
  return [
    {
      ...signerOf("Intel SGX PCK Platform CA", now),
      authority: { pathLength: 0 },
      keyUsages: ["keyCertSign", "cRLSign"],
    },
    {
      ...signerOf("Intel SGX PCK Certificate", now),
      extensions: [pckExtension(randomBytes(16), randomBytes(16))],
    },
  ];
}

function signerOf(name: string, now: number): CertificatePlan {
  return {
    subject: { CN: name, ...SIMULATOR },
    curve: "P-256",
    notBefore: now - YEAR,
    notAfter: now + 6 * YEAR,
    keyUsages: ["digitalSignature", "nonRepudiation"],
  };
}

function reportOf(registers: TdxRegisters, tdAttributes: Uint8Array, reportData: Uint8Array): TdReport {
  return {
    teeTcbSvn: TEE_TCB_SVN,
    mrSeam: bytesOf(registerOf("module")),
    mrSignerSeam: Buffer.alloc(48),
    seamAttributes: Buffer.alloc(8),
    tdAttributes,
    xfam: XFAM,
    mrTd: bytesOf(registers.mrtd),
    mrConfigId: Buffer.alloc(48),
    mrOwner: Buffer.alloc(48),
    mrOwnerConfig: Buffer.alloc(48),
    rtMr0: bytesOf(registers.rtmr0),
    rtMr1: bytesOf(registers.rtmr1),
    rtMr2: bytesOf(registers.rtmr2),
    rtMr3: bytesOf(registers.rtmr3),
    reportData,
  };
}

function bytesOf(register: Hex): Buffer {
  return Buffer.from(register.slice(2), "hex");
}

function registerOf(label: string): Hex {
  return `0x${createHash("sha384").update(`assay simulator ${label}`).digest("hex")}`;
}
