import { expect } from "chai";
import { concat } from "viem";

import { readCbor } from "../../src/enclave/cbor.ts";
import { readCoseSign1 } from "../../src/enclave/cose.ts";
import { NitroDocumentError, verifyNitro } from "../../src/enclave/nitro.ts";
import { REAL_ROOTS } from "../../src/enclave/roots.ts";
import { errorOf } from "../helpers/errors.ts";
import { flipped } from "./authority.ts";
import { refusalOf } from "./nitro-documents.ts";
import { nitroVector } from "./vectors.ts";

/** When the real document's certificate ends, and begins. */
const REAL_END = Date.UTC(2026, 1, 12, 20, 56, 2) / 1_000;
const REAL_BEGINNING = Date.UTC(2026, 1, 12, 17, 55, 59) / 1_000;

describe("a real document of a Nitro enclave", () => {
  let document: Uint8Array;
  let madeAt: number;

  before(function () {
    ({ document, madeAt } = nitroVector(this));
  });

  const refusal = async (bytes: Uint8Array, now = madeAt): Promise<string> =>
    refusalOf(await errorOf(verifyNitro(bytes, { now })));

  it("verifies under AWS's root at its own time", async () => {
    const attested = await verifyNitro(document, { now: madeAt });
    expect(attested.isSimulated).to.equal(false);
    expect(attested.madeAt).to.equal(madeAt);
    expect(attested.tcb).to.equal(undefined);
    const { measurement, bound } = attested;
    if (measurement.platform !== "nitro" || bound.kind !== "fields") throw new NitroDocumentError("fields");
    expect(measurement.root).to.equal(REAL_ROOTS.nitro);
    expect(measurement.registers.pcr0).to.match(/^0x9baef83909784e4d/);
    expect(measurement.registers.pcr1).to.match(/^0x4b4d5b3661b3efc1/);
    expect(measurement.registers.pcr2).to.match(/^0x769925c8ae0c5c2d/);
    expect(bound.userData)
      .to.match(/^0x1220b735546536e78e/)
      .and.to.have.length(2 + 2 * 68);
    expect(bound.nonce).to.equal("0x0123456789abcdef0123456789abcdef01234567");
  });

  it("verifies up to its certificate's last second, and neither after it nor before it was made", async () => {
    await verifyNitro(document, { now: REAL_END });
    expect(await refusal(document, REAL_END + 1)).to.equal("CertificateError: expired");
    expect(await refusal(document, madeAt - 1)).to.equal("NitroDocumentError: time");
    expect(await refusal(document, REAL_BEGINNING - 1)).to.equal("CertificateError: not-yet-valid");
    expect(await refusal(document, Number.NaN)).to.equal("CertificateError: not-yet-valid");
  });

  it("fails with a bit turned over in any of its bytes", async () => {
    const inside = certificateBytes(document);
    for (let index = 0; index < document.length; index++) {
      // Reading certificates takes its time, and their own tests turn over more of their bits.
      if (inside.has(index) && index % 5 !== 0) continue;
      const refused = await refusal(flipped(document, index));
      expect(refused).to.match(/^(Cbor|Cose|NitroDocument|Certificate)Error: /);
    }
  }).timeout(300_000);

  it("fails in the signature's check alone with a bit turned in what nothing else reads", async () => {
    const { signature } = readCoseSign1(document);
    const start = document.length - signature.length;
    for (const index of [start, start + 47, start + 48, document.length - 1]) {
      expect(await refusal(flipped(document, index))).to.equal("CoseError: not-signed");
    }
    const text = Buffer.from(document).toString("latin1");
    const moduleId = text.indexOf("i-0340e0c");
    const nonce = text.indexOf("\u0001#Eg\u0089");
    const register = text.indexOf("\u009B\u00AE\u00F8");
    for (const index of [moduleId, nonce, register]) {
      expect(index).to.be.greaterThan(0);
      expect(await refusal(flipped(document, index, 0))).to.equal("CoseError: not-signed");
    }
  });

  it("fails cut short, at any length, and followed by anything", async () => {
    for (let length = 0; length < document.length; length++) {
      const refused = await refusal(document.subarray(0, length));
      expect(refused).to.be.oneOf(["CborError: truncated", "CborError: malformed"]);
    }
    expect(await refusal(Uint8Array.of(...document, 0))).to.equal("CborError: trailing");
    expect(await refusal(concat([document, document]))).to.equal("CborError: trailing");
  });

  it("is read with the tag of its kind, and with no other or a second one", async () => {
    await verifyNitro(Uint8Array.of(0xd2, ...document), { now: madeAt });
    expect(await refusal(Uint8Array.of(0xd1, ...document))).to.equal("CborError: type");
    expect(await refusal(Uint8Array.of(0xd2, 0xd2, ...document))).to.equal("CborError: type");
  });
});

/** Where in a document its certificates' bytes are. */
function certificateBytes(document: Uint8Array): ReadonlySet<number> {
  const said = readCbor(readCoseSign1(document).payload, document.length);
  const [leaf, authorities] = said instanceof Map ? [said.get("certificate"), said.get("cabundle")] : [];
  const certificates = [leaf, ...(Array.isArray(authorities) ? (authorities as unknown[]) : [])];
  const places = certificates.flatMap((der) => {
    if (!(der instanceof Uint8Array)) return [];
    const start = Buffer.from(document).indexOf(der);
    return Array.from(der, (_, index) => start + index);
  });
  return new Set(places);
}
