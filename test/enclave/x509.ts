import { AlgorithmIdentifier, Version, type TBSCertificate } from "@peculiar/asn1-x509";
import { expect } from "chai";
import { hexToBytes } from "viem";

import { REAL_ROOTS } from "../../src/enclave/roots.ts";
import { CertificateError, type RefusedCertificate } from "../../src/enclave/x509/certificate-error.ts";
import { parseCertificate } from "../../src/enclave/x509/certificate.ts";
import { ChainLengthError, checkChain, type ChainTerms } from "../../src/enclave/x509/chain.ts";
import { errorOf } from "../helpers/errors.ts";
import {
  changed,
  CERTIFIES,
  DAY,
  extension,
  fingerprint,
  flipped,
  issue,
  LISTS,
  makeChain,
  newKey,
  NOW,
  SIGNS,
  type Key,
  type Wish,
} from "./authority.ts";
import { fromPem, readVector } from "./vectors.ts";

const ECDSA_SHA1 = "1.2.840.10045.4.1";
const ECDSA_SHA256 = "1.2.840.10045.4.3.2";
const RSA = "1.2.840.113549.1.1.1";
const NULL = Uint8Array.from(hexToBytes("0x0500")).buffer;
const SECP256K1 = Uint8Array.from(hexToBytes("0x06052b8104000a")).buffer;

describe("a chain of certificates", () => {
  let keys: readonly [Key, Key, Key, Key];
  let stranger: Key;

  before(async () => {
    keys = [await newKey(), await newKey(), await newKey(), await newKey()];
    stranger = await newKey();
  });

  function terms(chain: readonly Uint8Array[], changes: Partial<ChainTerms> = {}): ChainTerms {
    const roots = [fingerprint(chain)];
    return { chain, roots, curve: "P-384", now: NOW, mostCertificates: 8, leaf: "signer", ...changes };
  }

  async function refusal(chain: readonly Uint8Array[], changes: Partial<ChainTerms> = {}): Promise<unknown> {
    return errorOf(checkChain(terms(chain, changes)));
  }

  async function refusalWith(position: number, change: Partial<Wish>): Promise<unknown> {
    return refusal(await makeChain(keys, changed(position, change)));
  }

  function expectRefused(error: unknown, because: RefusedCertificate, position?: number): void {
    if (!(error instanceof CertificateError)) throw error;
    expect({ because: error.because, position: error.position }).to.deep.equal({ because, position });
  }

  it("is believed when a pinned root vouches for its leaf, and says which", async () => {
    const chain = await makeChain(keys);
    const { leaf, authorities, root } = await checkChain(terms(chain));
    expect(leaf.commonName).to.equal("level 0");
    expect(authorities.map(({ commonName }) => commonName)).to.deep.equal(["level 1", "level 2", "level 3"]);
    expect(root).to.equal(fingerprint(chain));
  });

  it("is believed up to the first and the last second of its validity", async () => {
    const chain = await makeChain(keys);
    await checkChain(terms(chain, { now: NOW - DAY }));
    await checkChain(terms(chain, { now: NOW + DAY }));
  });

  it("may end in an authority where one is asked for, and in nothing else", async () => {
    const [, ...authorities] = await makeChain(keys);
    await checkChain(terms(authorities, { leaf: "authority" }));
    await checkChain(terms(authorities.slice(-1), { leaf: "authority" }));
    expectRefused(await refusal(authorities), "authority-as-leaf", 0);
    expectRefused(await refusal(await makeChain(keys), { leaf: "authority" }), "not-authority", 0);
  });

  it("is refused with another root, or with none pinned", async () => {
    const chain = await makeChain(keys);
    const other = fingerprint(await makeChain(keys));
    expectRefused(await refusal(chain, { roots: [other] }), "root", 3);
    expectRefused(await refusal(chain, { roots: [] }), "root", 3);
    // A root that is pinned, and signed none of the rest.
    expectRefused(await refusal([...chain.slice(0, 3), ...(await makeChain([stranger]))]), "not-authority", 3);
  });

  it("is refused a second after it ends, a second before it begins, and at no time at all", async () => {
    const chain = await makeChain(keys);
    expectRefused(await refusal(chain, { now: NOW + DAY + 1 }), "expired", 0);
    expectRefused(await refusal(chain, { now: NOW - DAY - 1 }), "not-yet-valid", 0);
    expectRefused(await refusal(chain, { now: Number.NaN }), "not-yet-valid", 0);
    const short = await makeChain(keys, changed(2, { notAfter: NOW - 1 }));
    expectRefused(await refusal(short), "expired", 2);
    expectRefused(await refusal(await makeChain(keys, changed(3, { notAfter: NOW - 1 }))), "expired", 3);
  });

  it("is refused when it is empty or over-long", async () => {
    expect(await errorOf(checkChain(terms([])))).to.be.instanceOf(ChainLengthError);
    const chain = await makeChain(keys);
    await checkChain(terms(chain, { mostCertificates: 4 }));
    expect(await refusal(chain, { mostCertificates: 3 })).to.be.instanceOf(ChainLengthError);
  });

  it("is refused when a leaf acts as an authority", async () => {
    const chain = await makeChain(keys);
    const [below] = await makeChain([stranger, keys[0]], changed(0, { issuer: "level 0" }));
    expectRefused(await refusal([below ?? new Uint8Array(), ...chain]), "not-authority", 1);
  });

  const wrong: readonly (readonly [title: string, Partial<Wish>, number, RefusedCertificate])[] = [
    ["an authority as its leaf", { isAuthority: true }, 0, "authority-as-leaf"],
    ["a leaf that may sign certificates", { uses: SIGNS | CERTIFIES }, 0, "authority-as-leaf"],
    ["a leaf that may not sign", { uses: LISTS }, 0, "usage"],
    ["a leaf without a use", { uses: undefined }, 0, "no-usage"],
    ["an authority that is none", { isAuthority: false, mostBelow: undefined }, 1, "not-authority"],
    ["an authority that does not say so", { isAuthority: undefined, mostBelow: undefined }, 1, "not-authority"],
    ["an authority that may only sign statements", { uses: SIGNS }, 1, "usage"],
    ["a root that may not sign certificates", { uses: LISTS }, 3, "usage"],
    ["fewer authorities allowed than there are", { mostBelow: 0 }, 2, "path-length"],
    ["fewer authorities allowed by the root", { mostBelow: 1 }, 3, "path-length"],
    ["a path length on what is no authority", { isAuthority: false, mostBelow: 0 }, 0, "constraints"],
    ["another issuer's name", { issuer: "level 3" }, 1, "issuer"],
    ["a name in other letters", { issuer: "LEVEL 2" }, 1, "issuer"],
    ["a root that names another", { issuer: "level 2" }, 3, "issuer"],
    [
      "an unknown critical extension",
      { more: [extension("1.2.3.4", new Uint8Array(1), true)] },
      1,
      "critical-extension",
    ],
    ["name constraints", { more: [extension("2.5.29.30", new Uint8Array(1), true)] }, 2, "critical-extension"],
    ["an extension twice", { more: [extension("2.5.29.15", hexToBytes("0x03020780"))] }, 0, "duplicate-extension"],
    [
      "more uses than there are",
      { uses: undefined, more: [extension("2.5.29.15", hexToBytes("0x030400800001"))] },
      0,
      "malformed",
    ],
    ["more bytes than any has", { more: [extension("1.2.3.4", new Uint8Array(4_096))] }, 1, "malformed"],
    [
      "zeros before its serial number",
      { edit: (body) => (body.serialNumber = new Uint8Array(3).buffer) },
      1,
      "malformed",
    ],
    ["version 1", { version: Version.v1, edit: withoutExtensions }, 1, "version"],
    ["version 2", { version: Version.v2 }, 1, "version"],
    ["a unique identifier", { edit: (body) => (body.subjectUniqueID = new Uint8Array(4).buffer) }, 1, "unique-id"],
    ["SHA-1", { hash: "SHA-1", algorithm: ecdsa(ECDSA_SHA1) }, 1, "algorithm"],
    ["an RSA signature", { algorithm: ecdsa("1.2.840.113549.1.1.11") }, 1, "algorithm"],
    ["an algorithm with parameters", { algorithm: ecdsa("1.2.840.10045.4.3.3", NULL) }, 1, "algorithm"],
    ["two algorithms", { outside: ecdsa(ECDSA_SHA256) }, 1, "algorithm"],
    ["another curve's hash", { hash: "SHA-256", algorithm: ecdsa(ECDSA_SHA256) }, 1, "malformed"],
    ["an RSA key", { edit: (body) => (body.subjectPublicKeyInfo.algorithm = ecdsa(RSA, NULL)) }, 1, "key"],
    ["a key on an unknown curve", { edit: onUnknownCurve }, 1, "key"],
    ["a key for agreements", { edit: forAgreements }, 1, "key"],
    ["a key in the hybrid form", { edit: hybrid }, 1, "key"],
    ["a compressed key", { edit: compressed }, 1, "key"],
    ["a key that is on no curve", { edit: offCurve }, 2, "signature"],
    ["an impossible path length", { isAuthority: true, mostBelow: 2 ** 40 }, 1, "constraints"],
  ];

  for (const [title, change, position, because] of wrong) {
    it(`is refused with ${title}`, async () => {
      // Whose key is on no curve signed nothing.
      const found = because === "signature" ? position - 1 : position;
      expectRefused(await refusalWith(position, change), because, found);
    });
  }

  it("is refused when another key signed a link, the root's own too", async () => {
    for (const position of [0, 1, 2, 3]) {
      expectRefused(
        await refusal(await makeChain(keys, changed(position, { signer: stranger }))),
        "signature",
        position,
      );
    }
  });

  it("is refused with a key of another curve anywhere, though all is signed well", async () => {
    for (const position of [0, 1, 2, 3]) {
      const mixed = await Promise.all(keys.map(async (key, each) => (each === position ? newKey("P-256") : key)));
      expectRefused(await refusal(await makeChain(mixed)), "curve", position);
    }
    for (const curve of ["P-256", "P-521"] as const) {
      const chain = await makeChain([await newKey(curve), await newKey(curve)]);
      await checkChain(terms(chain, { curve }));
      expectRefused(await refusal(chain), "curve", 0);
    }
  });

  it("carries extensions that are unknown, and not critical", async () => {
    const chain = await makeChain(keys, changed(0, { more: [extension("1.2.3.4", Uint8Array.of(5, 0))] }));
    const { leaf } = await checkChain(terms(chain));
    expect(leaf.extensions.get("1.2.3.4")).to.deep.equal(Uint8Array.of(5, 0));
  });

  it("has no common name where there are two: nobody knows which one counts", async () => {
    const twice = (body: TBSCertificate) => void body.subject.push(...body.subject);
    const { leaf } = await checkChain(terms(await makeChain(keys, changed(0, { edit: twice }))));
    expect(leaf.commonName).to.equal(undefined);
  });

  it("is refused with a certificate in any other encoding than its one", async () => {
    const [key] = keys;
    const wish = { subject: "one", issuer: "one", key, signer: key, notBefore: NOW, notAfter: NOW + DAY } as const;
    const der = await issue({ ...wish, isAuthority: true, mostBelow: undefined, uses: CERTIFIES });
    const text = Buffer.from(der).toString("latin1");
    const replaced = (from: string, to: string) => Uint8Array.from(Buffer.from(text.replace(from, to), "latin1"));
    const month = /\d\d(\d\d)\d{8}Z/.exec(text)?.[0] ?? "";
    const forms = [
      Uint8Array.of(...der, 0),
      der.subarray(0, -1),
      new Uint8Array(),
      // A month that calendars do not have, and a time zone.
      replaced(month, `${month.slice(0, 2)}13${month.slice(4)}`),
      replaced(month, `${month.slice(0, -1)}+`),
      // True as 1.
      replaced("\u0001\u0001\u00FF", "\u0001\u0001\u0001"),
      // Text that is not in UTF-8.
      replaced("\u000C\u0003one", "\u000C\u0003\u00FFne"),
    ];
    for (const form of forms) {
      const error = await errorOf(Promise.resolve().then(() => parseCertificate(form)));
      expectRefused(error, "malformed");
    }
  });

  it("is refused with any bit of it turned over", async () => {
    const chain = await makeChain(keys);
    const roots = [fingerprint(chain)];
    for (const [position, der] of chain.entries()) {
      for (let index = position; index < der.length; index += 7) {
        const error = await refusal(chain.with(position, flipped(der, index)), { roots });
        expect(error).to.be.instanceOf(CertificateError);
      }
    }
  }).timeout(120_000);

  it("holds for Intel's own, and for none with a bit of them turned over", async function () {
    type Chains = { readonly tcb_info_issuer_chain: string; readonly tcb_info: string };
    const collateral = JSON.parse(new TextDecoder().decode(readVector(this, "tdx/collateral.json"))) as Chains;
    const { issueDate } = JSON.parse(collateral.tcb_info) as { readonly issueDate: string };
    const chain = fromPem(collateral.tcb_info_issuer_chain);
    const intel = { roots: [REAL_ROOTS.dcap], curve: "P-256", now: Date.parse(issueDate) / 1_000 } as const;
    const { leaf } = await checkChain(terms(chain, intel));
    expect(leaf.commonName).to.equal("Intel SGX TCB Signing");
    for (const [position, der] of chain.entries()) {
      for (let index = 0; index < der.length; index++) {
        const error = await refusal(chain.with(position, flipped(der, index)), intel);
        expect(error).to.be.instanceOf(CertificateError);
      }
    }
  }).timeout(120_000);
});

function ecdsa(algorithm: string, parameters?: ArrayBuffer): AlgorithmIdentifier {
  return new AlgorithmIdentifier({ algorithm, ...(parameters === undefined ? {} : { parameters }) });
}

function withoutExtensions(body: TBSCertificate): void {
  delete body.extensions;
}

function onUnknownCurve({ subjectPublicKeyInfo }: TBSCertificate): void {
  subjectPublicKeyInfo.algorithm.parameters = SECP256K1;
}

function compressed({ subjectPublicKeyInfo }: TBSCertificate): void {
  const point = new Uint8Array(subjectPublicKeyInfo.subjectPublicKey);
  subjectPublicKeyInfo.subjectPublicKey = Uint8Array.of(2, ...point.subarray(1, 49)).buffer;
}

function hybrid({ subjectPublicKeyInfo }: TBSCertificate): void {
  const [, ...point] = new Uint8Array(subjectPublicKeyInfo.subjectPublicKey);
  subjectPublicKeyInfo.subjectPublicKey = Uint8Array.of(6 + ((point.at(-1) ?? 0) & 1), ...point).buffer;
}

function forAgreements({ subjectPublicKeyInfo }: TBSCertificate): void {
  subjectPublicKeyInfo.algorithm.algorithm = "1.3.132.1.12";
}

function offCurve({ subjectPublicKeyInfo }: TBSCertificate): void {
  subjectPublicKeyInfo.subjectPublicKey = flipped(new Uint8Array(subjectPublicKeyInfo.subjectPublicKey), 9).buffer;
}
