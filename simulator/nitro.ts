/** Attestation documents in the format of the Nitro security module: COSE_Sign1 by ES384 over a map in CBOR. */
import { createHash, randomBytes, sign } from "node:crypto";

import { encodeCbor, type Cbor, type CborMap } from "./cbor.ts";
import { chain, type CertificatePlan, type Certified } from "./certificate.ts";
import { fingerprintOf, makeRoot, SIMULATOR } from "./root.ts";

type Hex = `0x${string}`;

/** By index; those that are not named are zero, as on a real enclave without them. */
export type Pcrs = Readonly<Record<number, Uint8Array>>;

/** What an enclave may have bound into its document. */
export type NitroRequest = {
  readonly userData?: Uint8Array;
  readonly nonce?: Uint8Array;
  readonly publicKey?: Uint8Array;
};

/** What a test changes before it is signed. */
export type NitroDistortion = {
  /** From below the root down to the leaf, whose key signs the document. */
  readonly certificates?: (plans: readonly CertificatePlan[]) => readonly CertificatePlan[];
  readonly document?: (map: CborMap) => CborMap;
  readonly headers?: CborMap;
  readonly unprotected?: CborMap;
};

export type NitroOptions = {
  readonly root?: Certified;
  readonly pcrs?: Pcrs;
  /** Seconds of Unix time. */
  readonly now?: () => number;
  readonly distort?: NitroDistortion;
};

export type SimulatedNitro = {
  readonly root: Hex;
  /** What an honest verifier finds, in the form in which models name it. */
  readonly measurement: {
    readonly platform: "nitro";
    readonly root: Hex;
    readonly registers: { readonly pcr0: Hex; readonly pcr1: Hex; readonly pcr2: Hex };
  };
  readonly attest: (request: NitroRequest) => Buffer;
};

const PCR_SIZE = 48;
const PCR_COUNT = 16;
const HOUR = 3_600;

/** What the module shows of an enclave that was started with `--debug-mode`. */
export const DEBUG_PCRS: Pcrs = { 3: pcrOf("role"), 4: pcrOf("instance") };

export const SIMULATED_PCRS: Pcrs = { 0: pcrOf("image"), 1: pcrOf("kernel"), 2: pcrOf("application"), ...DEBUG_PCRS };

/** {1: -35}: ES384. */
const ES384: CborMap = { entries: [[1, -35]] };

export function simulateNitro(options: NitroOptions = {}): SimulatedNitro {
  const { pcrs = SIMULATED_PCRS, now = () => Math.floor(Date.now() / 1000), distort = {} } = options;
  const root = options.root ?? makeRoot("nitro", now());
  const fingerprint = fingerprintOf(root);
  const registers = { pcr0: hexOf(pcrs, 0), pcr1: hexOf(pcrs, 1), pcr2: hexOf(pcrs, 2) };
  return {
    root: fingerprint,
    measurement: { platform: "nitro", root: fingerprint, registers },
    attest: (request) => {
      const at = now();
      const instance = `i-${randomBytes(8).toString("hex")}`;
      const plans = plansOf(instance, at);
      // As on AWS, none below the root lives for long: each document has its own.
      const certified = chain(root, distort.certificates?.(plans) ?? plans);
      const map = documentOf({ instance, at, pcrs, certified, request });
      return seal(distort.document?.(map) ?? map, certified.at(-1) ?? root, distort);
    },
  };
}

type DocumentParts = {
  readonly instance: string;
  readonly at: number;
  readonly pcrs: Pcrs;
  readonly certified: readonly Certified[];
  readonly request: NitroRequest;
};

function documentOf({ instance, at, pcrs, certified, request }: DocumentParts): CborMap {
  const certificates = certified.map(({ certificate }) => certificate);
  const registers = Array.from({ length: PCR_COUNT }, (_, index): readonly [Cbor, Cbor] => [
    index,
    pcrs[index] ?? new Uint8Array(PCR_SIZE),
  ]);
  return {
    isIndefinite: true,
    entries: [
      ["module_id", `${instance}-enc${randomBytes(8).toString("hex")}`],
      ["digest", "SHA384"],
      ["timestamp", at * 1000],
      ["pcrs", { entries: registers }],
      ["certificate", certificates.at(-1) ?? null],
      ["cabundle", certificates.slice(0, -1)],
      ["public_key", request.publicKey ?? null],
      ["user_data", request.userData ?? null],
      ["nonce", request.nonce ?? null],
    ],
  };
}

/** RFC 9052, section 4.4: what is signed is not what is sent. */
function seal(map: CborMap, { privateKey }: Certified, distort: NitroDistortion): Buffer {
  const headers = encodeCbor(distort.headers ?? ES384);
  const payload = encodeCbor(map);
  const structure = encodeCbor(["Signature1", headers, Buffer.alloc(0), payload]);
  const signature = sign("sha384", structure, { key: privateKey, dsaEncoding: "ieee-p1363" });
  return encodeCbor([headers, distort.unprotected ?? { entries: [] }, payload, signature]);
}

/** Region, zone and instance are authorities; the enclave's own certificate is the leaf. */
function plansOf(instance: string, at: number): readonly CertificatePlan[] {
  const authority = (name: string, pathLength: number, hours: number): CertificatePlan => ({
    subject: { CN: `${name}.simulated.nitro-enclaves`, OU: "Simulator", ...SIMULATOR },
    curve: "P-384",
    notBefore: at - hours * HOUR,
    notAfter: at + hours * HOUR,
    authority: { pathLength },
    keyUsages: pathLength === 0 ? ["keyCertSign"] : ["digitalSignature", "keyCertSign", "cRLSign"],
  });
  const leaf: CertificatePlan = {
    subject: { CN: `${instance}-enclave.simulated`, OU: "Simulator", ...SIMULATOR },
    curve: "P-384",
    notBefore: at - 1,
    notAfter: at + 3 * HOUR,
    keyUsages: ["digitalSignature", "nonRepudiation"],
  };
  return [authority("region", 2, 480), authority("zonal", 1, 144), authority(instance, 0, 24), leaf];
}

function pcrOf(label: string): Buffer {
  return createHash("sha384").update(`assay simulator ${label}`).digest();
}

function hexOf(pcrs: Pcrs, index: number): Hex {
  return `0x${Buffer.from(pcrs[index] ?? new Uint8Array(PCR_SIZE)).toString("hex")}`;
}
