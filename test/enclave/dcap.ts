import { expect } from "chai";
import { bytesToHex } from "viem";

import { readQuote } from "../../src/enclave/dcap/layout.ts";
import { REAL_ROOTS } from "../../src/enclave/roots.ts";
import { forge } from "./dcap-forge.ts";
import { describeVector, outcomeOf, THEIR_TIME, type Vector } from "./dcap-vectors.ts";

const DAY = 86_400;
/** When the parts of the collaterals were published, and 30 days later; in seconds of Unix time. */
const FIRST = { tdx: "2025-06-19T10:32:27Z", sgx: "2025-06-19T10:56:11Z" };
const LAST = { tdx: "2025-07-19T10:00:35Z", sgx: "2025-07-19T10:01:18Z" };

const secondsOf = (date: string): number => Date.parse(date) / 1_000;

describe("verifyDcap", () => {
  describeVector("tdx", "a real quote of TDX", (vector) => {
    it("verifies at its own time, with the registers and report data that stand in it", async () => {
      const { quote } = vector();
      const at = (offset: number, bytes = 48) => bytesToHex(quote.subarray(48 + offset, 48 + offset + bytes));
      expect(await outcomeOf(vector())).to.deep.equal({
        measurement: {
          platform: "tdx",
          root: REAL_ROOTS.dcap,
          registers: { mrtd: at(136), rtmr0: at(328), rtmr1: at(376), rtmr2: at(424), rtmr3: at(472) },
        },
        isSimulated: false,
        bound: { kind: "report-data", reportData: at(520, 64) },
        madeAt: undefined,
        tcb: { status: "UpToDate", advisories: [] },
      });
    });

    it("verifies without the zeros behind it, and with more of them, but with nothing else there", async () => {
      const { quote, collateral } = vector();
      const end = quote.findLastIndex((byte) => byte !== 0) + 2;
      const whole = await outcomeOf(vector());
      const exact = quote.slice(0, end);
      expect(await outcomeOf({ quote: exact, collateral })).to.deep.equal(whole);
      expect(await outcomeOf({ quote: behind(quote, 0), collateral })).to.deep.equal(whole);
      expect(await outcomeOf({ quote: behind(exact, 1), collateral })).to.equal("MalformedQuoteError");
      expect(await outcomeOf({ quote: behind(quote, 1), collateral })).to.equal("MalformedQuoteError");
    });
  });

  describeVector("sgx", "a real quote of SGX", (vector) => {
    it("verifies at its own time, and says that its platform lacks configuration and hardening", async () => {
      const { quote } = vector();
      expect(await outcomeOf(vector())).to.deep.equal({
        measurement: {
          platform: "sgx",
          root: REAL_ROOTS.dcap,
          registers: { mrenclave: bytesToHex(quote.subarray(48 + 64, 48 + 96)) },
        },
        isSimulated: false,
        bound: { kind: "report-data", reportData: bytesToHex(quote.subarray(48 + 320, 48 + 384)) },
        madeAt: undefined,
        tcb: { status: "ConfigurationAndSWHardeningNeeded", advisories: ["INTEL-SA-00289", "INTEL-SA-00615"] },
      });
    });

    it("is refused with anything behind it, zeros too", async () => {
      const { quote, collateral } = vector();
      expect(await outcomeOf({ quote: behind(quote, 0), collateral })).to.equal("MalformedQuoteError");
    });
  });

  for (const kind of ["tdx", "sgx"] as const) {
    describeVector(kind, `a real quote of ${kind.toUpperCase()}, where one thing is not as it was`, (vector) => {
      const withPart = (part: Partial<Vector["collateral"]>): Vector => ({
        ...vector(),
        collateral: { ...vector().collateral, ...part },
      });

      it("is refused a second before the last part of its collateral was published, and a second after the first expired", async () => {
        const [first, last] = [secondsOf(FIRST[kind]), secondsOf(LAST[kind])];
        for (const now of [first, last]) expect(await outcomeOf(vector(), { now })).to.be.an("object");
        expect(await outcomeOf(vector(), { now: first - 1 })).to.equal("StaleCollateralError");
        expect(await outcomeOf(vector(), { now: last + 1 })).to.match(
          /^(CertificateError: expired|StaleCollateralError)$/,
        );
        for (const now of [Number.NaN, Infinity, -Infinity, 0, THEIR_TIME + 100 * 365 * DAY]) {
          expect(await outcomeOf(vector(), { now })).to.match(/^CertificateError: (not-yet-valid|expired)$/);
        }
      });

      it("takes its platform's chain beside it where it is the same, and no other", async () => {
        const { quote } = vector();
        const own = readQuote(quote).certificates;
        const whole = await outcomeOf(vector());
        expect(await outcomeOf(withPart({ pck_certificate_chain: own }))).to.deep.equal(whole);
        expect(await outcomeOf(withPart({ pck_certificate_chain: `${own}\0` }))).to.deep.equal(whole);
        for (const other of ["", `${own}\n`, vector().collateral.pck_crl_issuer_chain]) {
          expect(await outcomeOf(withPart({ pck_certificate_chain: other }))).to.equal("TwoChainsError");
        }
      });

      it("is refused without either list of revoked certificates, and with one in the other's place", async () => {
        const { root_ca_crl: ofRoot, pck_crl: ofPlatforms } = vector().collateral;
        for (const list of [
          "",
          "30",
          "3000",
          "zz",
          `0x${ofRoot}`,
          `${ofRoot}00`,
          `${ofRoot}zz`,
          ofRoot.toUpperCase(),
        ]) {
          expect(await outcomeOf(withPart({ root_ca_crl: list })), list).to.be.a("string");
        }
        expect(await outcomeOf(withPart({ pck_crl: "" }))).to.equal("MalformedHexError");
        expect(await outcomeOf(withPart({ root_ca_crl: ofPlatforms }))).to.equal("CertificateError: issuer");
        expect(await outcomeOf(withPart({ pck_crl: ofRoot }))).to.equal("CertificateError: issuer");
      });

      it("is refused with a chain that is longer, shorter, turned round, or followed by text", async () => {
        const { tcb_info_issuer_chain: chain, pck_crl_issuer_chain: authorities } = vector().collateral;
        const [leaf = "", root = ""] = chain.split(/(?<=END CERTIFICATE-----\n)/);
        const [authority = ""] = authorities.split(/(?<=END CERTIFICATE-----\n)/);
        for (const [part, outcome] of [
          [`${leaf}${root}${root}`, "ChainLengthError"],
          [root, "CertificateError: authority-as-leaf"],
          [leaf, "CertificateError: root"],
          [`${root}${leaf}`, "CertificateError: root"],
          [`${authority}${root}`, "CertificateError: authority-as-leaf"],
          ["", "MalformedPemError"],
          [`${chain}#`, "MalformedPemError"],
          [`#${chain}`, "MalformedPemError"],
          [chain.replaceAll("\n", "\r\n"), "MalformedPemError"],
          [chain.replace(root, `\n${root}`), "MalformedPemError"],
        ] as const) {
          expect(await outcomeOf(withPart({ tcb_info_issuer_chain: part })), part).to.equal(outcome);
          expect(await outcomeOf(withPart({ qe_identity_issuer_chain: part })), part).to.equal(outcome);
        }
        expect(await outcomeOf(withPart({ pck_crl_issuer_chain: chain }))).to.equal("CertificateError: not-authority");
        expect(await outcomeOf(withPart({ pck_crl_issuer_chain: root }))).to.equal("OtherSignerError");
      });
    });
  }

  describeVector("tdx", "a real quote of TDX, of which one signature is another's", (vector) => {
    it("is refused for that signature, before anything else is made of it", async () => {
      const { quote, collateral } = vector();
      for (const inside of [636, 1_154]) {
        const changed = quote.with(inside, (quote[inside] ?? 0) ^ 1);
        expect(await outcomeOf({ quote: changed, collateral }), `${inside}`).to.equal("QuoteSignatureError");
      }
      const { tcb_info_signature: ofInfo, qe_identity_signature: ofIdentity } = collateral;
      const swapped = { ...collateral, tcb_info_signature: ofIdentity, qe_identity_signature: ofInfo };
      expect(await outcomeOf({ quote, collateral: swapped })).to.equal("OtherSignerError");
    });

    it("lends its collateral to no simulated quote, whose root alone counts", async () => {
      const { quote, roots } = forge();
      const outcome = await outcomeOf({ quote, collateral: vector().collateral }, { simulatedRoots: roots });
      expect(outcome).to.equal("CertificateError: root");
    });
  });

  describeVector("tdx", "a real quote with another's collateral", (tdx) => {
    describeVector("sgx", "of the other platform", (sgx) => {
      it("is refused, the whole of it and each part by itself", async () => {
        for (const [{ quote, collateral }, other] of [
          [tdx(), sgx().collateral],
          [sgx(), tdx().collateral],
        ] as const) {
          expect(await outcomeOf({ quote, collateral: other })).to.equal("OtherSignerError");
          const same = new Set(["root_ca_crl", "tcb_info_issuer_chain", "qe_identity_issuer_chain"]);
          for (const [name, value] of Object.entries(other).filter(([each]) => !same.has(each))) {
            expect(await outcomeOf({ quote, collateral: { ...collateral, [name]: value } }), name).to.be.a("string");
          }
          for (const [text, signature] of [
            ["tcb_info", "tcb_info_signature"],
            ["qe_identity", "qe_identity_signature"],
          ] as const) {
            const published = { [text]: other[text], [signature]: other[signature] };
            const outcome = await outcomeOf({ quote, collateral: { ...collateral, ...published } });
            expect(outcome, text).to.equal("OtherCollateralError");
          }
        }
      });
    });
  });
});

function behind(quote: Uint8Array, byte: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...quote, byte]);
}
