import { expect } from "chai";

import type { JsonObject } from "../../simulator/tcb.ts";
import { DEBUG_TD_ATTRIBUTES, type TdxDistortion } from "../../simulator/tdx.ts";
import { TCB_STATUSES } from "../../src/enclave/evidence.ts";
import { REAL_ROOTS } from "../../src/enclave/roots.ts";
import { atLevel, certificates, DAY, forge, outcomeUnder, statusByLibrary, withFirst, type Row } from "./dcap-forge.ts";
import { THEIR_TIME } from "./dcap-vectors.ts";

/** The library sees these too. */
const REFUSED_BY_BOTH: readonly Row[] = [
  ["debug", () => forge({}, { tdAttributes: DEBUG_TD_ATTRIBUTES }), "ExposedEnclaveError: debug"],
  [
    "leave to move to another machine",
    () => forge({}, { tdAttributes: Buffer.from("0000003000000000", "hex") }),
    "ExposedEnclaveError: unknown",
  ],
  [
    "a host that may inject page faults",
    () => forge({}, { tdAttributes: Buffer.alloc(8) }),
    "ExposedEnclaveError: unguarded",
  ],
  [
    "a quoting enclave under debug",
    () =>
      forge({ qe: (report) => ({ ...report, attributes: Buffer.from("1700000000000000e700000000000000", "hex") }) }),
    "ExposedEnclaveError: debug",
  ],
  [
    "a quoting enclave that is not Intel's",
    () => forge({ qe: (report) => ({ ...report, mrSigner: Buffer.alloc(32, 1) }) }),
    "PlatformRefusedError",
  ],
  [
    "a quoting enclave that was revoked",
    () =>
      forge({
        qeIdentity: (identity) => withFirst(identity, "tcbLevels", (level) => ({ ...level, tcbStatus: "Revoked" })),
      }),
    "RefusedPartError",
  ],
  ["a platform that was revoked", () => forge({}, { status: "Revoked" }), "PlatformRefusedError"],
  [
    "a platform below all levels",
    () =>
      forge({
        tcbInfo: (info) =>
          withFirst(info, "tcbLevels", (level) => ({ ...level, tcb: { ...(level["tcb"] as JsonObject), pcesvn: 12 } })),
      }),
    "PlatformRefusedError",
  ],
  [
    "another family of platforms",
    () => forge({ tcbInfo: (info) => ({ ...info, fmspc: "000000000000" }) }),
    "OtherCollateralError",
  ],
  [
    "a certificate that was revoked",
    () => forge({ pckCrl: (plan, { pck }) => ({ ...plan, revoked: [pck] }) }),
    "RevokedError",
  ],
  [
    "an authority that was revoked",
    () => forge({ rootCrl: (plan, { platform }) => ({ ...plan, revoked: [platform] }) }),
    "RevokedError",
  ],
  [
    "a publisher that was revoked",
    () => forge({ rootCrl: (plan, { tcb }) => ({ ...plan, revoked: [1n, tcb] }) }),
    "RevokedError",
  ],
  [
    "a certificate that has expired",
    () =>
      forge({
        certificates: certificates((authority, platform) => [authority, { ...platform, notAfter: THEIR_TIME - 1 }]),
      }),
    "CertificateError: expired",
  ],
  [
    "an authority as its own platform",
    () =>
      forge({
        certificates: certificates((authority, platform) => [
          authority,
          { ...platform, authority: {}, keyUsages: ["keyCertSign", "digitalSignature"] },
        ]),
      }),
    "CertificateError: authority-as-leaf",
  ],
  [
    "TCB info of tomorrow",
    () =>
      forge({
        tcbInfo: (info) => ({
          ...info,
          issueDate: new Date((THEIR_TIME + DAY) * 1_000).toISOString().replace(".000", ""),
        }),
      }),
    "StaleCollateralError",
  ],
];

describe("a simulated quote", () => {
  it("verifies under its own root, and says that it is simulated", async () => {
    const forged = forge();
    expect(statusByLibrary(forged)).to.equal("UpToDate");
    const outcome = await outcomeUnder(forged);
    expect(outcome).to.deep.include({ isSimulated: true, tcb: { status: "UpToDate", advisories: [] } });
    expect(outcome).to.have.nested.property("measurement.root", forged.roots[0]);
  });

  it("is refused under every other root, the real one first", async () => {
    const forged = forge();
    expect(await outcomeUnder(forged, [])).to.equal("CertificateError: root");
    expect(await outcomeUnder(forged, [REAL_ROOTS.dcap, REAL_ROOTS.nitro, ...forge().roots])).to.equal(
      "CertificateError: root",
    );
  });

  it("is refused with the collateral of another root, both of which are pinned", async () => {
    const [forged, other] = [forge(), forge()];
    const mixed = { ...forged, collateral: other.collateral };
    expect(await outcomeUnder(mixed, [...forged.roots, ...other.roots])).to.equal("CertificateError: root");
  });

  it("is judged by its module's attributes as far as Intel's mask goes", async () => {
    const report: TdxDistortion["report"] = (honest) => ({ ...honest, seamAttributes: Buffer.alloc(8, 1) });
    const tcbInfo = (info: JsonObject) =>
      withFirst(info, "tdxModuleIdentities", (identity) => ({ ...identity, attributesMask: "FE".repeat(8) }));
    expect(await outcomeUnder(forge({ report, tcbInfo }))).to.have.nested.property("tcb.status", "UpToDate");
    expect(await outcomeUnder(forge({ report }))).to.equal("RefusedPartError");
  });

  it("has the status that its platform has", async () => {
    for (const status of TCB_STATUSES) {
      const advisories = status === "UpToDate" ? [] : ["INTEL-SA-00000"];
      expect(await outcomeUnder(forge({}, { status }))).to.have.deep.property("tcb", { status, advisories });
    }
  });

  it("has no better status than its module, which the library does not look at", async () => {
    const tcbInfo = atLevel({ tcbStatus: "OutOfDate", advisoryIDs: ["INTEL-SA-00001"] });
    for (const [status, merged] of [
      ["UpToDate", "OutOfDate"],
      ["SWHardeningNeeded", "OutOfDate"],
      ["ConfigurationNeeded", "OutOfDateConfigurationNeeded"],
      ["ConfigurationAndSWHardeningNeeded", "OutOfDateConfigurationNeeded"],
    ] as const) {
      const forged = forge({ tcbInfo }, { status });
      expect(statusByLibrary(forged)).to.equal(status);
      const outcome = await outcomeUnder(forged);
      expect(outcome).to.have.nested.property("tcb.status", merged);
      expect(outcome).to.have.nested.property("tcb.advisories").that.includes("INTEL-SA-00001");
    }
  });

  it("has a status that no policy takes by mistake, where its quoting enclave is out of date", async () => {
    const qeIdentity: TdxDistortion["qeIdentity"] = (identity) =>
      withFirst(identity, "tcbLevels", (level) => ({ ...level, tcbStatus: "OutOfDate" }));
    const forged = forge({ qeIdentity }, { status: "ConfigurationNeeded" });
    // The library keeps the worse of the two, and with it loses that the platform is to be configured.
    expect(statusByLibrary(forged)).to.equal("OutOfDate");
    expect(await outcomeUnder(forged)).to.have.nested.property("tcb.status", "OutOfDateConfigurationNeeded");
  });

  for (const [label, make, because] of REFUSED_BY_BOTH) {
    it(`is refused with ${label}`, async () => {
      const forged = make();
      expect(statusByLibrary(forged)).to.equal(undefined);
      expect(await outcomeUnder(forged)).to.equal(because);
    });
  }
});
