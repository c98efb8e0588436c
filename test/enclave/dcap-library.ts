import { expect } from "chai";

import { revocationList } from "../../simulator/revocation-list.ts";
import { makeRoot } from "../../simulator/root.ts";
import type { JsonObject } from "../../simulator/tcb.ts";
import {
  atLevel,
  certificates,
  chainOf,
  DAY,
  forge,
  named,
  outcomeUnder,
  statusByLibrary,
  withBytesInside,
  withCertification,
  withCollateral,
  withFirst,
  withoutAuthority,
  type Row,
} from "./dcap-forge.ts";
import { THEIR_TIME } from "./dcap-vectors.ts";

const stranger = makeRoot("tdx", THEIR_TIME);
const emptyList = { thisUpdate: THEIR_TIME - DAY, nextUpdate: THEIR_TIME + DAY, revoked: [] };

/** Each of these is up to date, for all that the library sees. */
const TAKEN_BY_THE_LIBRARY: readonly Row[] = [
  [
    "an authority that is none",
    () => forge({ certificates: certificates((authority, platform) => [withoutAuthority(authority), platform]) }),
    "CertificateError: not-authority",
  ],
  [
    "a platform's certificate as the authority of another",
    () => forge({ certificates: certificates((authority, platform) => [authority, platform, platform]) }),
    "ChainLengthError",
  ],
  [
    "an authority whose key is not for certificates",
    () =>
      forge({
        certificates: certificates((authority, platform) => [{ ...authority, keyUsages: ["cRLSign"] }, platform]),
      }),
    "CertificateError: usage",
  ],
  [
    "an authority of another kind",
    () =>
      forge({
        certificates: certificates((authority, platform) => [
          named(authority, "Intel SGX Attestation Report CA"),
          platform,
        ]),
      }),
    "OtherSignerError",
  ],
  [
    "a key on another curve",
    () => forge({ certificates: certificates((authority, platform) => [{ ...authority, curve: "P-384" }, platform]) }),
    "CertificateError: curve",
  ],
  [
    "a platform's certificate of another name",
    () =>
      forge({
        certificates: certificates((authority, platform) => [authority, named(platform, "Intel SGX TCB Signing")]),
      }),
    "OtherSignerError",
  ],
  [
    "a platform's key that is not for signatures",
    () =>
      forge({
        certificates: certificates((authority, platform) => [
          authority,
          { ...platform, keyUsages: ["nonRepudiation"] },
        ]),
      }),
    "CertificateError: usage",
  ],
  [
    "what is published signed by a platform",
    () => forge({ tcbSigner: (plan) => named(plan, "Intel SGX PCK Certificate") }),
    "OtherSignerError",
  ],
  [
    "what is published signed by a key that is for something else",
    () => forge({ tcbSigner: (plan) => ({ ...plan, keyUsages: ["nonRepudiation"] }) }),
    "CertificateError: usage",
  ],
  [
    "a list of revoked platforms that a stranger signed",
    () =>
      withCollateral(forge(), {
        pck_crl: revocationList({ ...stranger, subject: { CN: "x" } }, emptyList).toString("hex"),
      }),
    "CertificateError: issuer",
  ],
  [
    "a root's list that a stranger of the same name signed",
    () => withCollateral(forge(), { root_ca_crl: revocationList(stranger, emptyList).toString("hex") }),
    "CertificateError: signature",
  ],
  ["no list of revoked platforms", () => withCollateral(forge(), { pck_crl: "" }), "MalformedHexError"],
  ["no list of the root's", () => withCollateral(forge(), { root_ca_crl: "3000" }), "CertificateError: malformed"],
  [
    "a list of revoked platforms that is of last month",
    () => forge({ pckCrl: (plan) => ({ ...plan, nextUpdate: THEIR_TIME - 1 }) }),
    "CertificateError: expired",
  ],
  [
    "a root's list of tomorrow",
    () => forge({ rootCrl: (plan) => ({ ...plan, thisUpdate: THEIR_TIME + DAY }) }),
    "CertificateError: not-yet-valid",
  ],
  [
    "the list's chain from under another root",
    () => withCollateral(forge(), { pck_crl_issuer_chain: forge().collateral.pck_crl_issuer_chain }),
    "CertificateError: root",
  ],
  [
    "the list's chain of another authority under the same root",
    () => {
      const root = makeRoot("tdx", THEIR_TIME);
      const other = forge({}, { root }).collateral;
      return withCollateral(forge({}, { root }), { pck_crl_issuer_chain: other.pck_crl_issuer_chain });
    },
    "OtherSignerError",
  ],
  [
    "another chain beside a quote whose own is none",
    () => {
      const forged = forge();
      return withCollateral(withCertification(forged, "none"), { pck_certificate_chain: chainOf(forged) });
    },
    "TwoChainsError",
  ],
  [
    "bytes behind it",
    () => {
      const forged = forge();
      return { ...forged, quote: Uint8Array.from([...forged.quote, 1]) };
    },
    "MalformedQuoteError",
  ],
  ["bytes behind its certification", () => withBytesInside(forge()), "MalformedQuoteError"],
  [
    "text behind its certificates",
    () => {
      const forged = forge();
      return withCertification(forged, `${chainOf(forged)}whatever`);
    },
    "MalformedPemError",
  ],
  [
    "text between its certificates",
    () => {
      const forged = forge();
      return withCertification(forged, chainOf(forged).replace("-----\n-----", "-----\nwhatever\n-----"));
    },
    "MalformedPemError",
  ],
  [
    "a module that another signed",
    () => forge({ report: (report) => ({ ...report, mrSignerSeam: Buffer.alloc(48, 1) }) }),
    "RefusedPartError",
  ],
  [
    "a module under debug",
    () => forge({ report: (report) => ({ ...report, seamAttributes: Buffer.from("0100000000000000", "hex") }) }),
    "RefusedPartError",
  ],
  [
    "a module of a version that Intel does not list",
    () => forge({ report: (report) => ({ ...report, teeTcbSvn: Buffer.from(report.teeTcbSvn).fill(2, 1, 2) }) }),
    "RefusedPartError",
  ],
  ["a module that was revoked", () => forge({ tcbInfo: atLevel({ tcbStatus: "Revoked" }) }), "RefusedPartError"],
  ["a module below all levels", () => forge({ tcbInfo: atLevel({ tcb: { isvsvn: 7 } }) }), "RefusedPartError"],
  [
    "a platform that another enclave of Intel's certified",
    () => forge({ tcbInfo: (info) => ({ ...info, pceId: "0001" }) }),
    "OtherCollateralError",
  ],
  [
    "TCB info without a date of its end",
    () => forge({ tcbInfo: (info) => ({ ...info, nextUpdate: "when it is done" }) }),
    "MalformedCollateralError",
  ],
  [
    "TCB info that ends on a day that there is not",
    () => forge({ tcbInfo: (info) => ({ ...info, nextUpdate: "2027-02-30T00:00:00Z" }) }),
    "MalformedCollateralError",
  ],
  [
    "TCB info with a field that nobody knows",
    () => forge({ tcbInfo: (info) => ({ ...info, test: true }) }),
    "MalformedCollateralError",
  ],
  [
    "levels that are no numbers",
    () =>
      forge({
        tcbInfo: (info) =>
          withFirst(info, "tcbLevels", (level) => ({
            ...level,
            tcb: { ...(level["tcb"] as JsonObject), pcesvn: "x" },
          })),
      }),
    "MalformedCollateralError",
  ],
  [
    "an identity of the quoting enclave whose mask masks nothing",
    () => forge({ qeIdentity: (identity) => ({ ...identity, attributesMask: "" }) }),
    "MalformedCollateralError",
  ],
];

describe("a simulated quote that the library takes", () => {
  for (const [label, make, because] of TAKEN_BY_THE_LIBRARY) {
    it(`is refused with ${label}`, async () => {
      const forged = make();
      expect(statusByLibrary(forged)).to.equal("UpToDate");
      expect(await outcomeUnder(forged)).to.equal(because);
    });
  }
});
