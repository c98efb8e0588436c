/** What Intel publishes about its platforms, and the part of a PCK certificate that says which platform it is of. */
import { enumerated, integer, objectId, octets, sequence, boolean } from "./der.ts";
import type { Extension } from "./certificate.ts";

export type TcbStatus =
  | "UpToDate"
  | "SWHardeningNeeded"
  | "ConfigurationNeeded"
  | "ConfigurationAndSWHardeningNeeded"
  | "OutOfDate"
  | "OutOfDateConfigurationNeeded"
  | "Revoked";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Security version numbers of the one platform that is simulated. */
export const CPU_SVN = Buffer.from("03030202040100050000000000000000", "hex");
export const PCE_SVN = 11;
/** The second byte is the version of the TDX module, hence which of the module identities counts. */
export const TEE_TCB_SVN = Buffer.from("06010300000000000000000000000000", "hex");
const TDX_MODULE_SVN = 4;

const PCE_ID = Buffer.alloc(2);
/** The family of the platform. */
export const FMSPC = Buffer.from("a55a00000000", "hex");
const DAY = 86_400;
const MONTH = 30 * DAY;

export const QE = {
  attributes: Buffer.from("1500000000000000e700000000000000", "hex"),
  mrSigner: Buffer.from("dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5", "hex"),
  isvProdId: 2,
  isvSvn: 4,
} as const;

/** @param now Seconds of Unix time. */
export function tcbInfo(status: TcbStatus, now: number): JsonObject {
  const module = {
    mrsigner: "00".repeat(48),
    attributes: "00".repeat(8),
    attributesMask: "FF".repeat(8),
  };
  return {
    id: "TDX",
    version: 3,
    ...datesOf(now),
    fmspc: hexOf(FMSPC),
    pceId: hexOf(PCE_ID),
    tcbType: 0,
    tcbEvaluationDataNumber: 17,
    tdxModule: module,
    tdxModuleIdentities: [
      {
        id: "TDX_01",
        ...module,
        tcbLevels: [{ tcb: { isvsvn: TDX_MODULE_SVN }, tcbDate: textOf(now - MONTH), tcbStatus: "UpToDate" }],
      },
    ],
    tcbLevels: [
      {
        tcb: {
          sgxtcbcomponents: [...CPU_SVN].map((svn) => ({ svn })),
          pcesvn: PCE_SVN,
          // The first two are the module's, which its own identity judges.
          tdxtcbcomponents: [...TEE_TCB_SVN].map((svn, index) => ({ svn: index < 2 ? 0 : svn })),
        },
        tcbDate: textOf(now - MONTH),
        tcbStatus: status,
        ...(status === "UpToDate" ? {} : { advisoryIDs: ["INTEL-SA-00000"] }),
      },
    ],
  };
}

/** @param now Seconds of Unix time. */
export function qeIdentity(now: number): JsonObject {
  return {
    id: "TD_QE",
    version: 2,
    ...datesOf(now),
    tcbEvaluationDataNumber: 17,
    miscselect: "00000000",
    miscselectMask: "FFFFFFFF",
    attributes: "11000000000000000000000000000000",
    attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
    mrsigner: hexOf(QE.mrSigner),
    isvprodid: QE.isvProdId,
    tcbLevels: [{ tcb: { isvsvn: QE.isvSvn }, tcbDate: textOf(now - MONTH), tcbStatus: "UpToDate" }],
  };
}

const INTEL_SGX = "1.2.840.113741.1.13.1";

/** Intel's "PCK Certificate and CRL Profile", section 1.3.5. */
export function pckExtension(ppid: Uint8Array, instance: Uint8Array): Extension {
  const part = (number: string, value: Uint8Array) => sequence(objectId(`${INTEL_SGX}.${number}`), value);
  const components = [...CPU_SVN].map((svn, index) => part(`2.${index + 1}`, integer(svn)));
  const tcb = sequence(...components, part("2.17", integer(PCE_SVN)), part("2.18", octets(CPU_SVN)));
  const configuration = [1, 2, 3].map((index) => part(`7.${index}`, boolean(true)));
  return {
    oid: INTEL_SGX,
    value: sequence(
      part("1", octets(ppid)),
      part("2", tcb),
      part("3", octets(PCE_ID)),
      part("4", octets(FMSPC)),
      part("5", enumerated(1)),
      part("6", octets(instance)),
      part("7", sequence(...configuration)),
    ),
  };
}

function datesOf(now: number): { readonly issueDate: string; readonly nextUpdate: string } {
  return { issueDate: textOf(now - DAY), nextUpdate: textOf(now + MONTH - DAY) };
}

/** To the second, as Intel writes dates. */
function textOf(at: number): string {
  return new Date(at * 1000).toISOString().replace(/\.\d+/, "");
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").toUpperCase();
}
