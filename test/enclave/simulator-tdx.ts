import type { CertificatePlan } from "assay-simulator/certificate";
import type { JsonObject } from "assay-simulator/tcb";
import { DEBUG_TD_ATTRIBUTES, simulateTdx, type TdxOptions } from "assay-simulator/tdx";
import { expect } from "chai";
import { bytesToHex } from "viem";

import { verifyDcap } from "../../src/enclave/dcap.ts";
import { TCB_STATUSES } from "../../src/enclave/evidence.ts";
import { errorOf } from "../helpers/errors.ts";

const NOW = 1_800_000_000;
const DAY = 86_400;
const REPORT_DATA = Uint8Array.from({ length: 64 }, (_, index) => index);

const at = () => NOW;

/** Verifies what a simulator makes, with its root among those of simulators. */
function verified(options: TdxOptions, now = NOW) {
  const tdx = simulateTdx({ now: at, ...options });
  return verifyDcap(tdx.quote(REPORT_DATA), tdx.collateral(), { simulatedRoots: [tdx.root], now });
}

function certified(change: (plan: CertificatePlan, position: number) => CertificatePlan): TdxOptions {
  return { distort: { certificates: (plans) => plans.map(change) } };
}

const PCK = 1;

function pck(changed: Partial<CertificatePlan>): TdxOptions {
  return certified((plan, position) => (position === PCK ? { ...plan, ...changed } : plan));
}

function informed(changed: JsonObject): TdxOptions {
  return { distort: { tcbInfo: (info) => ({ ...info, ...changed }) } };
}

function attributed(tdAttributes: string): TdxOptions {
  return { tdAttributes: Buffer.from(tdAttributes, "hex") };
}

const OLD = { thisUpdate: NOW - 31 * DAY, nextUpdate: NOW - DAY };

const REFUSED: readonly (readonly [name: string, options: TdxOptions, error: string, because?: string])[] = [
  ["a domain in debug mode", { tdAttributes: DEBUG_TD_ATTRIBUTES }, "ExposedEnclaveError", "debug"],
  ["a domain that its host can fault", attributed("0000000000000000"), "ExposedEnclaveError", "unguarded"],
  ["a domain that may move", attributed("0000003000000000"), "ExposedEnclaveError", "unknown"],
  [
    "a quoting enclave in debug mode",
    { distort: { qe: (qe) => ({ ...qe, attributes: Buffer.from("1700000000000000e700000000000000", "hex") }) } },
    "ExposedEnclaveError",
    "debug",
  ],
  [
    "a quoting enclave of somebody else",
    { distort: { qe: (qe) => ({ ...qe, mrSigner: Buffer.alloc(32, 1) }) } },
    "PlatformRefusedError",
  ],
  [
    "a module of somebody else",
    { distort: { report: (report) => ({ ...report, mrSignerSeam: Buffer.alloc(48, 1) }) } },
    "RefusedPartError",
  ],
  [
    "a module older than any that is listed",
    { distort: { report: (report) => ({ ...report, teeTcbSvn: Uint8Array.of(3, ...report.teeTcbSvn.subarray(1)) }) } },
    "RefusedPartError",
  ],
  ["a platform that was revoked", { status: "Revoked" }, "PlatformRefusedError"],
  ["collateral of another kind of platform", informed({ fmspc: "B0C06F000000" }), "OtherCollateralError"],
  ["collateral of SGX", informed({ id: "SGX" }), "MalformedCollateralError"],
  [
    "a platform's certificate as authority",
    { distort: { certificates: (plans) => [...plans, ...plans.slice(PCK)] } },
    "ChainLengthError",
  ],
  ["an authority as platform's certificate", pck({ authority: {} }), "CertificateError", "authority-as-leaf"],
  ["an expired platform's certificate", pck({ notAfter: NOW - 1 }), "CertificateError", "expired"],
  ["another certificate under the root", pck({ subject: { CN: "Intel SGX TCB Signing" } }), "OtherSignerError"],
  [
    "an authority of another name",
    certified((plan, position) => (position === PCK ? plan : { ...plan, subject: { CN: "Another CA" } })),
    "OtherSignerError",
  ],
  [
    "a publisher of another name",
    { distort: { tcbSigner: (plan) => ({ ...plan, subject: { CN: "Intel SGX PCK Certificate" } }) } },
    "OtherSignerError",
  ],
  ["an old list of the root", { distort: { rootCrl: (list) => ({ ...list, ...OLD }) } }, "CertificateError", "expired"],
  [
    "an old list of the authority",
    { distort: { pckCrl: (list) => ({ ...list, ...OLD }) } },
    "CertificateError",
    "expired",
  ],
  [
    "a revoked platform's certificate",
    { distort: { pckCrl: (list, serials) => ({ ...list, revoked: [5n, serials.pck] }) } },
    "RevokedError",
  ],
  [
    "a revoked authority",
    { distort: { rootCrl: (list, serials) => ({ ...list, revoked: [serials.platform] }) } },
    "RevokedError",
  ],
  [
    "a revoked publisher",
    { distort: { rootCrl: (list, serials) => ({ ...list, revoked: [serials.tcb] }) } },
    "RevokedError",
  ],
];

describe("the TDX simulator", () => {
  it("makes quotes that verify where its root is pinned as a simulator's, and are marked", async () => {
    const tdx = simulateTdx({ now: at });
    const anchors = { simulatedRoots: [tdx.root], now: NOW };
    expect(await verifyDcap(tdx.quote(REPORT_DATA), tdx.collateral(), anchors)).to.deep.equal({
      measurement: tdx.measurement,
      isSimulated: true,
      bound: { kind: "report-data", reportData: bytesToHex(REPORT_DATA) },
      madeAt: undefined,
      tcb: { status: "UpToDate", advisories: [] },
    });
  });

  it("is believed nowhere else: not without its root, nor where another simulator's is pinned", async () => {
    const tdx = simulateTdx({ now: at });
    const other = simulateTdx({ now: at });
    const quote = tdx.quote(REPORT_DATA);
    for (const anchors of [
      { now: NOW },
      { simulatedRoots: [], now: NOW },
      { simulatedRoots: [other.root], now: NOW },
    ]) {
      const error = await errorOf(verifyDcap(quote, tdx.collateral(), anchors));
      expect(error).to.include({ name: "CertificateError", because: "root" });
    }
  });

  it("is not verified by the collateral of another, whichever of both is pinned", async () => {
    const tdx = simulateTdx({ now: at });
    const other = simulateTdx({ now: at });
    const anchors = { simulatedRoots: [tdx.root, other.root], now: NOW };
    const error = await errorOf(verifyDcap(tdx.quote(REPORT_DATA), other.collateral(), anchors));
    expect(error).to.include({ name: "CertificateError", because: "root" });
  });

  for (const status of TCB_STATUSES) {
    it(`shows a platform that is ${status}`, async () => {
      const { tcb } = await verified({ status });
      expect(tcb).to.deep.equal({ status, advisories: status === "UpToDate" ? [] : ["INTEL-SA-00000"] });
    });
  }

  it("publishes for a month, and not for longer", async () => {
    await verified({}, NOW + 29 * DAY);
    expect(await errorOf(verified({}, NOW + 29 * DAY + 1))).to.include({ name: "StaleCollateralError" });
    expect(await errorOf(verified({}, NOW - DAY - 1))).to.include({ because: "not-yet-valid" });
  });

  for (const [name, options, error, because] of REFUSED) {
    it(`makes what is refused: ${name}`, async () => {
      const refused = await errorOf(verified(options));
      expect(refused).to.include(because === undefined ? { name: error } : { name: error, because });
    });
  }
});
