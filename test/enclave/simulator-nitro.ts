import type { CborMap } from "assay-simulator/cbor";
import type { CertificatePlan } from "assay-simulator/certificate";
import { DEBUG_PCRS, SIMULATED_PCRS, simulateNitro, type NitroOptions } from "assay-simulator/nitro";
import { expect } from "chai";
import { bytesToHex } from "viem";

import { verifyNitro } from "../../src/enclave/nitro.ts";
import { errorOf } from "../helpers/errors.ts";

const NOW = 1_800_000_000;
const USER_DATA = new Uint8Array(32).fill(7);
const NONCE = new Uint8Array(32).fill(9);

const at = () => NOW;

/** Verifies what a simulator makes, with its root among those of simulators. */
function verified(options: NitroOptions, now = NOW) {
  const nitro = simulateNitro({ now: at, ...options });
  const document = nitro.attest({ userData: USER_DATA, nonce: NONCE });
  return verifyNitro(document, { simulatedRoots: [nitro.root], now });
}

type Change = (plan: CertificatePlan, position: number) => CertificatePlan;

/** Changes each certificate below the root; the leaf is the fourth. */
function certified(change: Change): NitroOptions {
  return { distort: { certificates: (plans) => plans.map(change) } };
}

const LEAF = 3;

function leaf(changed: Partial<CertificatePlan>): NitroOptions {
  return certified((plan, position) => (position === LEAF ? { ...plan, ...changed } : plan));
}

function documented(change: (map: CborMap) => CborMap): NitroOptions {
  return { distort: { document: change } };
}

function withAuthorities(count: number): NitroOptions {
  return {
    distort: {
      certificates: ([first, ...rest]) => {
        if (first === undefined) return rest;
        const { authority: _unbounded, ...plan } = first;
        const unbounded = { ...plan, authority: {} };
        return [...Array.from({ length: count }, () => unbounded), first, ...rest];
      },
    },
  };
}

const AUTHORITY = { authority: {}, keyUsages: ["keyCertSign"] } as const satisfies Partial<CertificatePlan>;

const REFUSED: readonly (readonly [name: string, options: NitroOptions, error: string, because?: string])[] = [
  ["an enclave in debug mode", { pcrs: DEBUG_PCRS }, "NitroDocumentError", "debug"],
  ["a debug image beside its own kernel", { pcrs: { ...SIMULATED_PCRS, 0: new Uint8Array(48) } }, "NitroDocumentError"],
  ["an expired leaf", leaf({ notAfter: NOW - 1 }), "CertificateError", "expired"],
  ["a leaf that is not valid yet", leaf({ notBefore: NOW + 1 }), "CertificateError", "not-yet-valid"],
  [
    "an expired authority",
    certified((plan, position) => (position === 1 ? { ...plan, notAfter: NOW - 1 } : plan)),
    "CertificateError",
    "expired",
  ],
  ["an authority as leaf", leaf(AUTHORITY), "CertificateError", "authority-as-leaf"],
  [
    "a leaf as authority",
    { distort: { certificates: (plans) => [...plans, ...plans.slice(LEAF)] } },
    "CertificateError",
    "not-authority",
  ],
  [
    "an authority below one that allows none",
    { distort: { certificates: (plans) => [...plans.slice(0, 3), ...plans.slice(2)] } },
    "CertificateError",
    "path-length",
  ],
  ["a leaf that signs nothing but certificates", leaf({ keyUsages: ["nonRepudiation"] }), "CertificateError", "usage"],
  [
    "an authority that may sign no certificates",
    certified((plan, position) => (position === 2 ? { ...plan, keyUsages: ["digitalSignature"] } : plan)),
    "CertificateError",
    "usage",
  ],
  [
    "a key on another curve",
    certified((plan, position) => (position === 1 ? { ...plan, curve: "P-256" } : plan)),
    "CertificateError",
    "curve",
  ],
  [
    "a critical extension that nobody knows",
    leaf({ extensions: [{ oid: "1.3.6.1.4.1.99999.1", isCritical: true, value: Uint8Array.of(5, 0) }] }),
    "CertificateError",
    "critical-extension",
  ],
  [
    "an extension twice",
    leaf({ extensions: [{ oid: "2.5.29.19", isCritical: true, value: Uint8Array.of(0x30, 0) }] }),
    "CertificateError",
    "duplicate-extension",
  ],
  ["more certificates than any chain has", withAuthorities(4), "NitroDocumentError", "fields"],
  [
    "a field twice",
    documented((map) => ({ ...map, entries: [...map.entries, ["nonce", NONCE]] })),
    "CborError",
    "duplicate-key",
  ],
  [
    "a field that skips checks",
    documented((map) => ({ ...map, entries: [...map.entries, ["test", 1]] })),
    "NitroDocumentError",
    "fields",
  ],
  [
    "a document of the next second",
    documented((map) => ({
      ...map,
      entries: map.entries.map(([key, value]) => (key === "timestamp" ? [key, (NOW + 1) * 1000] : [key, value])),
    })),
    "NitroDocumentError",
    "time",
  ],
  ["another algorithm", { distort: { headers: { entries: [[1, -7]] } } }, "CoseError", "header"],
  [
    "a header twice",
    { distort: { headers: { entries: [1, 1].map((key) => [key, -35]) } } },
    "CborError",
    "duplicate-key",
  ],
  ["a header that nobody signed", { distort: { unprotected: { entries: [[4, "key"]] } } }, "CoseError", "unprotected"],
];

describe("the Nitro simulator", () => {
  it("makes documents that verify where its root is pinned as a simulator's, and are marked", async () => {
    const nitro = simulateNitro({ now: at });
    const document = nitro.attest({ userData: USER_DATA, nonce: NONCE, publicKey: Uint8Array.of(1) });
    expect(await verifyNitro(document, { simulatedRoots: [nitro.root], now: NOW })).to.deep.equal({
      measurement: nitro.measurement,
      isSimulated: true,
      bound: { kind: "fields", userData: bytesToHex(USER_DATA), nonce: bytesToHex(NONCE) },
      madeAt: NOW,
      tcb: undefined,
    });
  });

  it("is believed nowhere else: not without its root, nor where another simulator's is pinned", async () => {
    const nitro = simulateNitro({ now: at });
    const other = simulateNitro({ now: at });
    const document = nitro.attest({ userData: USER_DATA, nonce: NONCE });
    for (const anchors of [
      { now: NOW },
      { simulatedRoots: [], now: NOW },
      { simulatedRoots: [other.root], now: NOW },
    ]) {
      const error = await errorOf(verifyNitro(document, anchors));
      expect(error).to.include({ name: "CertificateError", because: "root" });
    }
  });

  it("leaves out what was not asked for", async () => {
    const nitro = simulateNitro({ now: at });
    const { bound } = await verifyNitro(nitro.attest({}), { simulatedRoots: [nitro.root], now: NOW });
    expect(bound).to.deep.equal({ kind: "fields", userData: undefined, nonce: undefined });
  });

  it("writes maps of definite length as well, and chains as long as any, which verify alike", async () => {
    const whole = await verified(documented((map) => ({ ...map, isIndefinite: false })));
    expect(whole.madeAt).to.equal(NOW);
    const long = await verified(withAuthorities(3));
    expect(long.isSimulated).to.equal(true);
  });

  it("makes documents for three hours, like the platform", async () => {
    const hours = 3 * 3_600;
    await verified({}, NOW + hours);
    const error = await errorOf(verified({}, NOW + hours + 1));
    expect(error).to.include({ name: "CertificateError", because: "expired" });
  });

  for (const [name, options, error, because] of REFUSED) {
    it(`makes what is refused: ${name}`, async () => {
      const refused = await errorOf(verified(options));
      expect(refused).to.include(because === undefined ? { name: error } : { name: error, because });
    });
  }
});
