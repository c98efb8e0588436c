import { X509Certificate } from "node:crypto";

import { decode, encode } from "cborg";
import { expect } from "chai";
import { hexToBytes } from "viem";

import { CborError, readCbor } from "../../src/enclave/cbor.ts";
import { readCoseSign1 } from "../../src/enclave/cose.ts";
import { verifyNitro } from "../../src/enclave/nitro.ts";
import { CertificateError } from "../../src/enclave/x509/certificate-error.ts";
import { parseCertificate } from "../../src/enclave/x509/certificate.ts";
import { checkCrl } from "../../src/enclave/x509/crl.ts";
import { DerError, requireDer } from "../../src/enclave/x509/der.ts";
import { errorOf } from "../helpers/errors.ts";
import { fuzz, type Random } from "../helpers/random.ts";
import { flipped, issueCrl, newKey, NOW } from "./authority.ts";
import { openMaker, payloadOf, refusalOf, signDocument, type Maker } from "./nitro-documents.ts";

/** Bytes with which lengths, types and nestings begin. */
const TELLING = [0x00, 0x1b, 0x30, 0x5f, 0x7f, 0x80, 0x82, 0x9f, 0xa0, 0xbf, 0xd2, 0xf6, 0xff] as const;

/** One to four random changes of random kinds; or nothing but random bytes. */
function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  if (random.below(10) === 0) return Uint8Array.from({ length: random.below(300) }, () => random.below(256));
  let changed = Uint8Array.from(bytes);
  for (let left = 1 + random.below(4); left > 0; left--) changed = mutate(changed, random);
  return changed;
}

function mutate(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  // Half of the changes hit the beginning, where the structure is.
  const index = random.below(random.below(2) === 0 ? Math.min(40, bytes.length) || 1 : bytes.length || 1);
  const length = random.below(20);
  const [before, after] = [bytes.subarray(0, index), bytes.subarray(index)];
  switch (random.below(6)) {
    case 0:
      return flipped(bytes, index, random.below(8));
    case 1:
      return Uint8Array.from(bytes).fill(random.pick(TELLING), index, index + 1);
    case 2:
      return Uint8Array.from(before);
    case 3:
      return Uint8Array.of(...before, ...after.subarray(length));
    case 4:
      return Uint8Array.of(...before, ...after.subarray(0, length), ...after);
    default:
      return Uint8Array.of(...before, ...hexToBytes(random.bytes32()).subarray(0, length), ...after);
  }
}

const REFUSED = Symbol("refused");

/** What was read, unless it was refused by an error of this class; others are thrown again. */
function readOr<T>(refusal: new (...given: never[]) => Error, read: () => T): T | typeof REFUSED {
  try {
    return read();
  } catch (error) {
    if (error instanceof refusal) return REFUSED;
    throw error;
  }
}

function secondsOf(date: string): number {
  return Date.parse(date) / 1_000;
}

const LENIENT = { useMaps: true, strict: false };

describe("fuzzed documents", () => {
  let maker: Maker;
  let document: Uint8Array;

  before(async () => {
    maker = await openMaker([await newKey(), await newKey(), await newKey()]);
    document = await signDocument(maker, payloadOf(maker));
  });

  it("are refused by name, whatever is changed in them", async () => {
    await fuzz(async (random) => {
      for (let run = 0; run < 10_000; run++) {
        const fuzzed = mutated(document, random);
        if (Buffer.compare(fuzzed, document) === 0) continue;
        refusalOf(await errorOf(verifyNitro(fuzzed, { simulatedRoots: maker.roots, now: NOW })));
      }
    });
  }).timeout(300_000);

  it("are refused by name, whatever their signed payload says", async () => {
    const said = encode(payloadOf(maker));
    await fuzz(async (random) => {
      for (let run = 0; run < 1_000; run++) {
        const fuzzed = await signDocument(maker, mutated(said, random));
        // A change of its user data or its module is no fault of a document that is signed.
        await verifyNitro(fuzzed, { simulatedRoots: maker.roots, now: NOW }).catch(refusalOf);
      }
    });
  }).timeout(300_000);

  it("are refused by name as CBOR, or read as the lenient reader reads them", async () => {
    const { payload } = readCoseSign1(document);
    await fuzz((random) => {
      for (let run = 0; run < 20_000; run++) {
        const fuzzed = mutated(payload, random);
        const value = readOr(CborError, () => readCbor(fuzzed, 20_000));
        if (value !== REFUSED) expect(value).to.deep.equal(decode(fuzzed, LENIENT));
      }
    });
  }).timeout(300_000);

  it("have certificates that are refused by name, or read as OpenSSL reads them", async () => {
    const [der = new Uint8Array()] = maker.chain;
    let read = 0;
    await fuzz((random) => {
      for (let run = 0; run < 20_000; run++) {
        const fuzzed = mutated(der, random);
        if (readOr(DerError, () => requireDer(fuzzed)) === REFUSED) continue;
        const ours = readOr(CertificateError, () => parseCertificate(fuzzed));
        if (ours === REFUSED) continue;
        const theirs = new X509Certificate(fuzzed);
        expect(ours.isAuthority).to.equal(theirs.ca);
        expect([ours.notBefore, ours.notAfter]).to.deep.equal([theirs.validFrom, theirs.validTo].map(secondsOf));
        read++;
      }
    });
    expect(read, "of all changes, some touch a name or a signature alone").to.be.greaterThan(100);
  }).timeout(300_000);

  it("have lists of revoked certificates that are refused by name", async () => {
    const signer = await newKey();
    const list = { issuer: "level 0", signer, thisUpdate: NOW, nextUpdate: NOW, serials: [Uint8Array.of(7)] };
    const der = await issueCrl(list);
    const issuer = parseCertificate(maker.chain.at(-1) ?? new Uint8Array());
    await fuzz(async (random) => {
      for (let run = 0; run < 2_000; run++) {
        const error = await errorOf(checkCrl({ der: mutated(der, random), issuer, now: NOW }));
        expect(error).to.be.instanceOf(CertificateError);
      }
    });
  });
});
