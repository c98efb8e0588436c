import { encode } from "cborg";
import { expect } from "chai";

import { verifyNitro } from "../../src/enclave/nitro.ts";
import { REAL_ROOTS } from "../../src/enclave/roots.ts";
import { errorOf } from "../helpers/errors.ts";
import { changed, CERTIFIES, DAY, makeChain, newKey, NOW, SIGNS, type Key, type Wish } from "./authority.ts";
import {
  ES384,
  openMaker,
  payloadOf,
  refusalOf,
  signDocument,
  type Envelope,
  type Maker,
  type Payload,
} from "./nitro-documents.ts";

describe("a document of a Nitro enclave", () => {
  let keys: readonly [Key, Key, Key, Key];
  let maker: Maker;

  before(async () => {
    keys = [await newKey(), await newKey(), await newKey(), await newKey()];
    maker = await openMaker(keys);
  });

  const anchors = ({ roots: simulatedRoots }: Maker = maker) => ({ simulatedRoots, now: NOW });

  async function refusal(said: Payload | Uint8Array, envelope?: Envelope): Promise<string> {
    return refusalOf(await errorOf(verifyNitro(await signDocument(maker, said, envelope), anchors())));
  }

  async function refusalWith(change: Payload): Promise<string> {
    return refusal({ ...payloadOf(maker), ...change });
  }

  async function refusalIn(envelope: Envelope): Promise<string> {
    return refusal(payloadOf(maker), envelope);
  }

  async function refusalUnder(position: number, change: Partial<Wish>): Promise<string> {
    const other = await openMaker(keys, changed(position, change));
    const document = await signDocument(other, payloadOf(other));
    return refusalOf(await errorOf(verifyNitro(document, anchors(other))));
  }

  it("verifies under a simulator's root where that is named, and is marked", async () => {
    const { isSimulated, measurement, bound, madeAt } = await verifyNitro(
      await signDocument(maker, payloadOf(maker)),
      anchors(),
    );
    expect(isSimulated).to.equal(true);
    expect(measurement.root).to.equal(maker.roots[0]);
    expect(bound).to.deep.equal({ kind: "fields", userData: "0x010203", nonce: undefined });
    expect(madeAt).to.equal(NOW);
  });

  it("is refused where no simulator is named, or another one", async () => {
    const document = await signDocument(maker, payloadOf(maker));
    for (const simulatedRoots of [undefined, [], [REAL_ROOTS.dcap]]) {
      const named = simulatedRoots === undefined ? {} : { simulatedRoots };
      expect(refusalOf(await errorOf(verifyNitro(document, { ...named, now: NOW })))).to.equal(
        "CertificateError: root",
      );
    }
  });

  it("is read with maps of definite and of indefinite length, and with optional fields null or absent", async () => {
    const definite = encode(payloadOf(maker));
    expect(definite[0]).to.equal(0xa9);
    const indefinite = Uint8Array.of(0xbf, ...definite.subarray(1), 0xff);
    await verifyNitro(await signDocument(maker, definite), anchors());
    await verifyNitro(await signDocument(maker, indefinite), anchors());
    await verifyNitro(await signDocument(maker, definite, { isTagged: true }), anchors());
    const { public_key: _, user_data: _2, nonce: _3, ...least } = payloadOf(maker);
    const { bound } = await verifyNitro(await signDocument(maker, least), anchors());
    expect(bound).to.deep.equal({ kind: "fields", userData: undefined, nonce: undefined });
  });

  const fields: readonly (readonly [title: string, Payload])[] = [
    ["a field more", { test: 1 }],
    ["a field by which others skip checks", { is_test: null }],
    ["the prototype for a field", JSON.parse('{"__proto__": 1}') as Payload],
    ["no module", { module_id: "" }],
    ["another digest", { digest: "SHA256" }],
    ["a time that is null", { timestamp: null }],
    ["a time of zero", { timestamp: 0 }],
    ["a negative time", { timestamp: -1 }],
    ["no registers", { pcrs: new Map() }],
    ["a register too far", { pcrs: registers([32, new Uint8Array(48).fill(1)]) }],
    ["a register below all", { pcrs: registers([-1, new Uint8Array(48).fill(1)]) }],
    ["a register by text", { pcrs: registers(["0", new Uint8Array(48).fill(1)]) }],
    ["a register of another size", { pcrs: registers([9, new Uint8Array(47)]) }],
    ["a certificate that is empty", { certificate: new Uint8Array() }],
    ["a certificate that is too large", { certificate: new Uint8Array(1_025) }],
    ["no authorities", { cabundle: [] }],
    ["authorities that are null", { cabundle: null }],
    ["an authority that is empty", { cabundle: [new Uint8Array()] }],
    ["too many authorities", { cabundle: Array.from({ length: 8 }, () => new Uint8Array(10)) }],
    ["a public key that is empty", { public_key: new Uint8Array() }],
    ["a public key that is too large", { public_key: new Uint8Array(1_025) }],
    ["user data that is too large", { user_data: new Uint8Array(513) }],
    ["a nonce that is too large", { nonce: new Uint8Array(513) }],
    ["a nonce of text", { nonce: "abc" }],
  ];

  for (const [title, change] of fields) {
    it(`is refused with ${title}`, async () => {
      expect(await refusalWith(change)).to.equal("NitroDocumentError: fields");
    });
  }

  it("is refused without any one of the fields that it must have", async () => {
    for (const field of ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"]) {
      const { [field]: _, ...rest } = payloadOf(maker);
      expect(await refusal(rest)).to.equal("NitroDocumentError: fields");
    }
  });

  it("is refused in debug mode, where registers 0 to 2 are zero and others are not", async () => {
    const zero = new Uint8Array(48);
    const debug = registers([0, zero], [1, zero], [2, zero]);
    expect(await refusalWith({ pcrs: debug })).to.equal("NitroDocumentError: debug");
    for (const index of [0, 1, 2]) {
      expect(await refusalWith({ pcrs: registers([index, zero]) })).to.equal("NitroDocumentError: debug");
    }
    await verifyNitro(await signDocument(maker, { ...payloadOf(maker), pcrs: registers([3, zero]) }), anchors());
  });

  it("is refused when one of the registers 0 to 2 is missing, or of another digest", async () => {
    for (const index of [0, 1, 2]) {
      const pcrs = registers();
      pcrs.delete(index);
      expect(await refusalWith({ pcrs })).to.equal("NitroDocumentError: registers");
      const short = registers([index, new Uint8Array(32).fill(1)]);
      expect(await refusalWith({ pcrs: short })).to.equal("NitroDocumentError: registers");
    }
  });

  it("is refused from the future, and from before its certificate", async () => {
    expect(await refusalWith({ timestamp: (NOW + 1) * 1_000 })).to.equal("NitroDocumentError: time");
    expect(await refusalWith({ timestamp: (NOW - DAY - 1) * 1_000 })).to.equal("NitroDocumentError: time");
    await verifyNitro(await signDocument(maker, { ...payloadOf(maker), timestamp: NOW * 1_000 + 999 }), anchors());
  });

  it("is refused with a key twice, bytes after its payload, or a payload that is no map", async () => {
    const said = encode(payloadOf(maker));
    const twice = Uint8Array.of(0xaa, ...said.subarray(1), ...encode("nonce"), 0xf6);
    expect(await refusal(twice)).to.equal("CborError: duplicate-key");
    const pcrs = encode(new Map([[0, new Uint8Array(48)]]));
    const twicePcr = Uint8Array.of(0xa1, ...encode("pcrs"), 0xa2, ...pcrs.subarray(1), ...pcrs.subarray(1));
    expect(await refusal(twicePcr)).to.equal("CborError: duplicate-key");
    expect(await refusal(Uint8Array.of(...said, 0))).to.equal("CborError: trailing");
    expect(await refusal(encode([1]))).to.equal("NitroDocumentError: fields");
    expect(await refusal(new Uint8Array())).to.equal("CoseError: payload");
    expect(await refusal(encode(new Uint8Array(16_382)))).to.equal("CoseError: payload");
  });

  const envelopes: readonly (readonly [title: string, Envelope, string])[] = [
    ["no algorithm", { header: encode(new Map()) }, "CoseError: header"],
    ["an empty header", { header: new Uint8Array() }, "CborError: truncated"],
    ["ES256", { header: encode(new Map([[1, -7]])) }, "CoseError: header"],
    ["its algorithm by text", { header: encode(new Map([["1", -35]])) }, "CoseError: header"],
    ["a header more", { header: encode(mapOf([1, -35], [4, Uint8Array.of(1)])) }, "CoseError: header"],
    [
      "its algorithm twice",
      { header: Uint8Array.of(0xa2, ...ES384.subarray(1), ...ES384.subarray(1)) },
      "CborError: duplicate-key",
    ],
    ["bytes after its header", { header: Uint8Array.of(...ES384, 0) }, "CborError: trailing"],
    ["something that is not signed", { unprotected: mapOf([4, Uint8Array.of(1)]) }, "CoseError: unprotected"],
    ["no map of what is not signed", { unprotected: null }, "CoseError: unprotected"],
    ["a part less", { parts: (parts) => parts.slice(0, 3) }, "CoseError: parts"],
    ["a part more", { parts: (parts) => [...parts, null] }, "CoseError: parts"],
    ["its payload elsewhere", { parts: (parts) => parts.with(2, null) }, "CoseError: payload"],
    ["a signature of zeros", { parts: (parts) => parts.with(3, new Uint8Array(96)) }, "CoseError: not-signed"],
    ["a shorter signature", { parts: (parts) => parts.with(3, new Uint8Array(95)) }, "CoseError: signature"],
    ["a longer signature", { parts: (parts) => parts.with(3, new Uint8Array(97)) }, "CoseError: signature"],
    ["no signature", { parts: (parts) => parts.with(3, new Uint8Array()) }, "CoseError: signature"],
    ["a signature over another hash", { hash: "SHA-256" }, "CoseError: not-signed"],
  ];

  for (const [title, envelope, because] of envelopes) {
    it(`is refused with ${title}`, async () => {
      expect(await refusalIn(envelope)).to.equal(because);
    });
  }

  it("is refused when another key signed it, an authority's own too", async () => {
    for (const key of [await newKey(), keys[1], keys[3]]) {
      expect(await refusal(payloadOf(maker), { key })).to.equal("CoseError: not-signed");
    }
  });

  it("is refused with its authorities in another order, one missing, or another chain's", async () => {
    const { chain } = maker;
    const ordered = chain.slice(1).toReversed();
    const [root, upper, lower] = ordered;
    const others = (await makeChain(keys)).slice(1).toReversed();
    expect(await refusalWith({ cabundle: ordered.toReversed() })).to.equal("CertificateError: root");
    expect(await refusalWith({ cabundle: [root, lower] })).to.equal("CertificateError: issuer");
    expect(await refusalWith({ cabundle: [root, upper] })).to.equal("CertificateError: issuer");
    expect(await refusalWith({ cabundle: [root, upper, upper, lower] })).to.equal("CertificateError: path-length");
    // The same names and keys, vouched for by another root.
    expect(await refusalWith({ cabundle: others })).to.equal("CertificateError: root");
    expect(await refusalWith({ certificate: lower })).to.equal("CertificateError: authority-as-leaf");
  });

  const certificates: readonly (readonly [title: string, number, Partial<Wish>, string])[] = [
    ["a certificate that has ended", 0, { notAfter: NOW - 1 }, "expired"],
    ["a certificate that has not begun", 0, { notBefore: NOW + 1 }, "not-yet-valid"],
    ["an authority that has ended", 2, { notAfter: NOW - 1 }, "expired"],
    ["a certificate that is an authority's", 0, { isAuthority: true }, "authority-as-leaf"],
    ["an authority that is none", 1, { isAuthority: false, mostBelow: undefined }, "not-authority"],
    ["a certificate for another use", 0, { uses: 0x08 }, "usage"],
    ["an authority for another use", 1, { uses: SIGNS }, "usage"],
    ["more authorities than the path may have", 2, { mostBelow: 0 }, "path-length"],
    ["names that do not meet", 1, { issuer: "level 3" }, "issuer"],
    ["a certificate for all uses", 0, { uses: SIGNS | CERTIFIES }, "authority-as-leaf"],
  ];

  for (const [title, position, change, because] of certificates) {
    it(`is refused with ${title}`, async () => {
      expect(await refusalUnder(position, change)).to.equal(`CertificateError: ${because}`);
    });
  }

  it("is refused with a key of another curve", async () => {
    const other = await openMaker([await newKey("P-256"), keys[1], keys[2], keys[3]]);
    const document = await signDocument({ leaf: keys[0] }, payloadOf(other));
    expect(refusalOf(await errorOf(verifyNitro(document, anchors(other))))).to.equal("CertificateError: curve");
  });
});

function mapOf(...entries: readonly (readonly [number, unknown])[]): Map<number, unknown> {
  return new Map(entries);
}

function registers(...changes: readonly (readonly [number | string, Uint8Array])[]): Map<number | string, Uint8Array> {
  const usual = Array.from({ length: 9 }, (_, index) => [index, new Uint8Array(48).fill(index + 1)] as const);
  return new Map<number | string, Uint8Array>([...usual, ...changes]);
}
