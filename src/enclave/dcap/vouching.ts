/** Who vouches for a platform, and for what is published about platforms: chains of certificates up to one root. */
import { hexToBytes, stringToBytes, type Hex } from "viem";

import { isSame } from "../x509/asn1.ts";
import type { Certificate } from "../x509/certificate.ts";
import { checkChain } from "../x509/chain.ts";
import { checkCrl } from "../x509/crl.ts";
import { isSignedBy } from "../x509/ecdsa.ts";
import { readPem } from "./pem.ts";

export type VouchingTerms = {
  /** SHA-256 of the roots that are believed. */
  readonly roots: readonly Hex[];
  /** Seconds of Unix time. */
  readonly now: number;
};

/** A platform's chain, checked. */
export type PlatformChain = {
  /** Its key signs reports of quoting enclaves. */
  readonly platform: Certificate;
  readonly authority: Certificate;
  readonly top: Certificate;
  /** SHA-256 of the root's certificate. */
  readonly root: Hex;
};

/** A text that Intel publishes, and what came with it. */
export type Publication = {
  readonly name: string;
  readonly text: string;
  /** In hex: two numbers of 32 bytes. */
  readonly signature: string;
  readonly issuerChain: string;
};

// A root vouches for many things: that a key is under it does not make it a platform's, or a publisher's.
const PLATFORM = ["Intel SGX PCK Certificate"];
const PLATFORM_AUTHORITIES = ["Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"];
const PUBLISHER = ["Intel SGX TCB Signing"];

const SIGNATURE_BYTES = 64;
const MOST_CRL_BYTES = 262_144;

/** @param certificates The platform's own, its authority's and the root's, as text. */
export async function checkPlatformChain(certificates: string, terms: VouchingTerms): Promise<PlatformChain> {
  const chain = readPem(certificates, "platform's chain");
  const checked = await checkChain({ ...terms, chain, curve: "P-256", mostCertificates: 3, leaf: "signer" });
  const [authority, top] = checked.authorities;
  if (authority === undefined || top === undefined) throw new OtherSignerError("platform's chain", "its root itself");
  requireName("platform's chain", checked.leaf, PLATFORM);
  requireName("platform's chain", authority, PLATFORM_AUTHORITIES);
  return { platform: checked.leaf, authority, top, root: checked.root };
}

/** Checks that its publisher signed a text, and answers the publisher's certificate. */
export async function checkPublication(publication: Publication, terms: VouchingTerms): Promise<Certificate> {
  const { name, text, signature, issuerChain } = publication;
  const chain = readPem(issuerChain, `chain of the ${name}`);
  const checked = await checkChain({ ...terms, chain, curve: "P-256", mostCertificates: 2, leaf: "signer" });
  requireName(name, checked.leaf, PUBLISHER);
  const numbers = bytesOf(`signature of the ${name}`, signature, SIGNATURE_BYTES);
  const isSigned =
    numbers.length === SIGNATURE_BYTES && (await isSignedBy(checked.leaf.key, numbers, stringToBytes(text)));
  if (!isSigned) throw new OtherSignerError(name, "another key, or another text");
  return checked.leaf;
}

/** Lists of revoked certificates, in hex: the root's, the platform's authority's, and who signed the latter. */
export type RevocationLists = { readonly root: string; readonly platforms: string; readonly issuerChain: string };

/** Refuses certificates that were revoked, and lists that are not of now, or not of whoever issued the certificates. */
export async function refuseRevoked(
  { root, platforms, issuerChain }: RevocationLists,
  { platform, authority, top }: Omit<PlatformChain, "root">,
  publishers: readonly Certificate[],
  terms: VouchingTerms,
): Promise<void> {
  const { now } = terms;
  const chain = readPem(issuerChain, "chain of the list of revoked platforms");
  const { leaf: issuer } = await checkChain({
    ...terms,
    chain,
    curve: "P-256",
    mostCertificates: 2,
    leaf: "authority",
  });
  // It may have been certified again since the platform was; its name and key stay.
  if (issuer.subject !== authority.subject || !isSame(issuer.key.point, authority.key.point)) {
    throw new OtherSignerError("list of revoked platforms", "another authority than the platform's");
  }
  const byRoot = await checkCrl({ der: bytesOf("root's list", root, MOST_CRL_BYTES), issuer: top, now });
  const byAuthority = await checkCrl({
    der: bytesOf("list of revoked platforms", platforms, MOST_CRL_BYTES),
    issuer: authority,
    now,
  });
  for (const certificate of [top, authority, issuer, ...publishers]) {
    if (byRoot.revoked.has(certificate.serial)) throw new RevokedError(certificate.commonName);
  }
  if (byAuthority.revoked.has(platform.serial)) throw new RevokedError(platform.commonName);
}

function requireName(signed: string, { commonName = "nobody" }: Certificate, names: readonly string[]): void {
  if (!names.includes(commonName)) throw new OtherSignerError(signed, commonName);
}

const LOWER_CASE = /^(?:[0-9a-f]{2})+$/;

function bytesOf(name: string, hex: string, most: number): Uint8Array {
  if (hex.length > 2 * most || !LOWER_CASE.test(hex)) throw new MalformedHexError(name, most);
  return hexToBytes(`0x${hex}`);
}

/** Something is signed below the root, but not by whom it should be. */
export class OtherSignerError extends Error {
  override readonly name = "OtherSignerError";

  constructor(signed: string, signer: string) {
    super(
      `The ${signed} is signed by ${signer}, whom its platform gave nothing of this kind to sign. Do not believe it.`,
    );
  }
}

/** A certificate in a chain was revoked. */
export class RevokedError extends Error {
  override readonly name = "RevokedError";

  constructor(commonName: string | undefined) {
    super(`The certificate ${commonName ?? "without a name"} has been revoked. Believe nothing that it vouches for.`);
  }
}

/** A part of a quote's collateral is not in hex. */
export class MalformedHexError extends Error {
  override readonly name = "MalformedHexError";

  constructor(name: string, most: number) {
    super(`The ${name} must be at most ${most} bytes in lower-case hex. Give it as Intel's provisioning service does.`);
  }
}
