import { expect } from "chai";

import { qeIdentity, tcbInfo } from "../../simulator/tcb.ts";
import { readPem } from "../../src/enclave/dcap/pem.ts";
import {
  MalformedCollateralError,
  readQuotingIdentity,
  readTcbInfo,
  StaleCollateralError,
} from "../../src/enclave/dcap/published.ts";
import { describeVector, KINDS, THEIR_TIME } from "./dcap-vectors.ts";

const INFO = JSON.stringify(tcbInfo("UpToDate", THEIR_TIME));
const IDENTITY = JSON.stringify(qeIdentity(THEIR_TIME));
const LONGEST = 131_072;

describe("what is published of platforms", () => {
  for (const kind of KINDS) {
    describeVector(kind, `of ${kind.toUpperCase()}, in truth`, (vector) => {
      it("is read as it stands", () => {
        const { tcb_info: info, qe_identity: identity } = vector().collateral;
        expect(readTcbInfo(info, THEIR_TIME)).to.deep.equal(JSON.parse(info));
        expect(readQuotingIdentity(identity, THEIR_TIME)).to.deep.equal(JSON.parse(identity));
      });
    });
  }

  const changed: readonly (readonly [string, string])[] = [
    ["a key twice, the second of which says something else", INFO.replace('"pceId"', '"fmspc":"000000000000","pceId"')],
    ["a key twice, deep inside", INFO.replace('"svn":3', '"svn":0,"svn":3')],
    ["a key whose letters are escaped", INFO.replace('"pceId"', String.raw`"pceI\u0064"`)],
    ["space between", INFO.replace(":", ": ")],
    ["space behind", `${INFO} `],
    ["a number written otherwise", INFO.replace('"version":3', '"version":3.0')],
    ["a prototype", INFO.replace('"pceId"', '"__proto__":{"id":"SGX"},"pceId"')],
    ["another version", INFO.replace('"version":3', '"version":2')],
    ["another platform", INFO.replace('"TDX"', '"TPM"')],
    ["another kind of TCB", INFO.replace('"tcbType":0', '"tcbType":1')],
    ["a family in other digits", INFO.replace("A55A00000000", "A55A0000000z")],
    ["a shorter mask", INFO.replace('"attributesMask":"FF', '"attributesMask":"')],
    ["no levels", INFO.replace(/"tcbLevels":\[\{"tcb":\{"sgx.*/, '"tcbLevels":[]}')],
    ["fewer components", INFO.replace('{"svn":3},', "")],
    ["a version above a byte", INFO.replace('"svn":3', '"svn":256')],
    ["an unknown status", INFO.replace('"tcbStatus":"UpToDate"}]}', '"tcbStatus":"TDRelaunchAdvised"}]}')],
    ["a date without its zone", INFO.replace(/("issueDate":"[^"]*)Z/, "$1")],
    ["a date with another zone", INFO.replace(/("issueDate":"[^"]*)Z/, "$1+00:00")],
    ["nothing", ""],
    ["null", "null"],
    ["depth", "[".repeat(LONGEST)],
    ["depth that closes", `${"[".repeat(LONGEST / 2)}${"]".repeat(LONGEST / 2)}`],
    ["length", " ".repeat(LONGEST + 1)],
  ];

  for (const [label, text] of changed) {
    it(`is refused with ${label}`, () => {
      expect(text).not.to.equal(INFO);
      expect(() => readTcbInfo(text, THEIR_TIME)).to.throw(MalformedCollateralError);
    });
  }

  it("is refused before it holds and after", () => {
    const { issueDate, nextUpdate } = readTcbInfo(INFO, THEIR_TIME);
    const [from, to] = [Date.parse(issueDate) / 1_000, Date.parse(nextUpdate) / 1_000];
    for (const now of [from, to]) {
      expect(readTcbInfo(INFO, now)).to.be.an("object");
      expect(readQuotingIdentity(IDENTITY, now)).to.be.an("object");
    }
    for (const now of [from - 1, to + 1, Number.NaN]) {
      expect(() => readTcbInfo(INFO, now)).to.throw(StaleCollateralError);
      expect(() => readQuotingIdentity(IDENTITY, now)).to.throw(StaleCollateralError);
    }
  });

  it("is one or the other", () => {
    expect(() => readTcbInfo(IDENTITY, THEIR_TIME)).to.throw(MalformedCollateralError);
    expect(() => readQuotingIdentity(INFO, THEIR_TIME)).to.throw(MalformedCollateralError);
  });
});

describe("readPem", () => {
  const BLOCK = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

  it("reads certificates in their order, with or without the last line's end", () => {
    const other = BLOCK.replace("AAAA", "AQ==");
    const certificates = [Uint8Array.of(0, 0, 0), Uint8Array.of(1)];
    expect(readPem(`${BLOCK}${other}`, "chain")).to.deep.equal(certificates);
    expect(readPem(`${BLOCK}${other}`.trimEnd(), "chain")).to.deep.equal(certificates);
  });

  for (const [label, text] of [
    ["bits that no byte has", BLOCK.replace("AAAA", "AR==")],
    ["no padding", BLOCK.replace("AAAA", "AQ")],
    ["shorter lines", BLOCK.replace("AAAA", "AAAA\nAAAA")],
    ["a longer line", BLOCK.replace("AAAA", "A".repeat(68))],
    ["spaces", BLOCK.replace("AAAA", " AAAA")],
    ["returns", BLOCK.replaceAll("\n", "\r\n")],
    ["an empty line", `${BLOCK}\n`],
    ["text before", `Bag Attributes\n${BLOCK}`],
    ["text behind", `${BLOCK}x`],
    ["another label", BLOCK.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE")],
    ["no beginning", BLOCK.slice(5)],
    ["no end", BLOCK.slice(0, -5)],
    ["nothing", ""],
    ["more than any chain has", BLOCK.repeat(200)],
  ] as const) {
    it(`refuses ${label}`, () => {
      expect(() => readPem(text, "chain")).to.throw("The chain is malformed");
    });
  }
});
