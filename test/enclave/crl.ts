import { Version } from "@peculiar/asn1-x509";
import { expect } from "chai";
import { bytesToHex, hexToBytes, type Hex } from "viem";

import { REAL_ROOTS } from "../../src/enclave/roots.ts";
import { CertificateError, type RefusedCertificate } from "../../src/enclave/x509/certificate-error.ts";
import type { Certificate } from "../../src/enclave/x509/certificate.ts";
import { checkChain } from "../../src/enclave/x509/chain.ts";
import { checkCrl } from "../../src/enclave/x509/crl.ts";
import { errorOf } from "../helpers/errors.ts";
import {
  CERTIFIES,
  changed,
  DAY,
  extension,
  fingerprint,
  flipped,
  issueCrl,
  makeChain,
  newKey,
  NOW,
  SIGNS,
  type CrlWish,
  type Key,
  type Wish,
} from "./authority.ts";
import { fromPem, readVector } from "./vectors.ts";

type IntelCollateral = {
  readonly pck_crl_issuer_chain: string;
  readonly pck_crl: string;
  readonly root_ca_crl: string;
};

const SERIAL = Uint8Array.of(0, 0x9f, 7);

describe("a list of revoked certificates", () => {
  let root: Key;
  let issuer: Certificate;

  before(async () => {
    root = await newKey();
    issuer = await authority();
  });

  /** A chain of a root alone. */
  async function authority(change: Partial<Wish> = {}): Promise<Certificate> {
    const sound = { isAuthority: true, uses: 0x60, ...change };
    const chain = await makeChain([root], changed(0, sound));
    const terms = { chain, roots: [fingerprint(chain)], curve: "P-384", now: NOW, mostCertificates: 1 } as const;
    const { leaf } = await checkChain({ ...terms, leaf: "authority" });
    return leaf;
  }

  async function list(change: Partial<CrlWish> = {}): Promise<Uint8Array> {
    const sound = { issuer: "level 0", signer: root, thisUpdate: NOW - DAY, nextUpdate: NOW + DAY, serials: [SERIAL] };
    return issueCrl({ ...sound, ...change });
  }

  async function refusalWith(change: Partial<CrlWish>): Promise<unknown> {
    return errorOf(checkCrl({ der: await list(change), issuer, now: NOW }));
  }

  function expectRefused(error: unknown, because: RefusedCertificate): void {
    if (!(error instanceof CertificateError)) throw error;
    expect(error.because).to.equal(because);
  }

  it("says which certificates its issuer does not stand by any more", async () => {
    const { revoked, nextUpdate } = await checkCrl({ der: await list(), issuer, now: NOW });
    expect([...revoked]).to.deep.equal(["0x009f07"]);
    expect(nextUpdate).to.equal(NOW + DAY);
    const none = await checkCrl({ der: await list({ serials: [] }), issuer, now: NOW });
    expect(none.revoked.size).to.equal(0);
  });

  const wrong: readonly (readonly [title: string, Partial<CrlWish>, RefusedCertificate])[] = [
    ["of another issuer", { issuer: "level 1" }, "issuer"],
    ["that is stale", { nextUpdate: NOW - 1 }, "expired"],
    ["that does not say until when", { nextUpdate: undefined, serials: [] }, "expired"],
    ["of version 1", { version: Version.v1 }, "version"],
    ["of the future", { thisUpdate: NOW + 1 }, "not-yet-valid"],
    ["of changes alone", { more: [extension("2.5.29.27", Uint8Array.of(2, 1, 1), true)] }, "critical-extension"],
    ["of a part alone", { more: [extension("2.5.29.28", Uint8Array.of(0x30, 0), true)] }, "critical-extension"],
    [
      "of others' certificates",
      { ofEntries: [extension("2.5.29.29", Uint8Array.of(0x30, 0), true)] },
      "critical-extension",
    ],
  ];

  for (const [title, change, because] of wrong) {
    it(`is refused when it is one ${title}`, async () => {
      expectRefused(await refusalWith(change), because);
    });
  }

  it("is refused when another key signed it", async () => {
    expectRefused(await refusalWith({ signer: await newKey() }), "signature");
    expectRefused(await refusalWith({ signer: await newKey("P-256") }), "signature");
  });

  it("is refused from an authority that may not sign it", async () => {
    const other = await authority({ uses: CERTIFIES | SIGNS });
    expectRefused(await errorOf(checkCrl({ der: await list(), issuer: other, now: NOW })), "usage");
    const leaf = { ...issuer, isAuthority: false };
    expectRefused(await errorOf(checkCrl({ der: await list(), issuer: leaf, now: NOW })), "not-authority");
  });

  it("is refused when it is empty, cut, followed by more, or a certificate", async () => {
    const der = await list();
    for (const form of [new Uint8Array(), der.subarray(0, -1), Uint8Array.of(...der, 0), issuer.der]) {
      expectRefused(await errorOf(checkCrl({ der: form, issuer, now: NOW })), "malformed");
    }
  });

  it("holds for Intel's own, and for none with a bit of them turned over", async function () {
    const text = new TextDecoder().decode(readVector(this, "tdx/collateral.json"));
    const collateral = JSON.parse(text) as IntelCollateral & { readonly tcb_info: string };
    const { issueDate } = JSON.parse(collateral.tcb_info) as { readonly issueDate: string };
    const now = Date.parse(issueDate) / 1_000;
    const chain = fromPem(collateral.pck_crl_issuer_chain);
    const terms = { chain, roots: [REAL_ROOTS.dcap], curve: "P-256", now, mostCertificates: 2 } as const;
    const { leaf, authorities } = await checkChain({ ...terms, leaf: "authority" });
    const [intel = expect.fail("the chain has no root")] = authorities;
    const lists: readonly [Hex, Certificate][] = [
      [`0x${collateral.pck_crl}`, leaf],
      [`0x${collateral.root_ca_crl}`, intel],
    ];
    for (const [hex, by] of lists) {
      const der = hexToBytes(hex);
      const { revoked } = await checkCrl({ der, issuer: by, now });
      expect(revoked.has(bytesToHex(SERIAL))).to.equal(false);
      for (let index = 0; index < der.length; index += 5) {
        const error = await errorOf(checkCrl({ der: flipped(der, index), issuer: by, now }));
        expect(error).to.be.instanceOf(CertificateError);
      }
    }
    // The root's list is not the platform authority's, though one root vouches for both.
    const swapped = checkCrl({ der: hexToBytes(`0x${collateral.root_ca_crl}`), issuer: leaf, now });
    expectRefused(await errorOf(swapped), "issuer");
  }).timeout(120_000);
});
