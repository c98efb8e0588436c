/** Quotes of a simulated machine, and every wrong one that somebody with a root of their own could make. */
import { createHash } from "node:crypto";

import { QuoteVerifier } from "@phala/dcap-qvl";
import { expect } from "chai";
import type { Hex } from "viem";

import type { CertificatePlan } from "../../simulator/certificate.ts";
import type { JsonObject } from "../../simulator/tcb.ts";
import { simulateTdx, type TdxDistortion, type TdxOptions } from "../../simulator/tdx.ts";
import { outcomeOf, THEIR_TIME, type Vector } from "./dcap-vectors.ts";

export const DAY = 86_400;
const REPORT_DATA = createHash("sha512").update("report data").digest();

export type Forged = Vector & { readonly roots: readonly Hex[]; readonly rootCertificate: Buffer };

/** A quote of a simulated machine, signed down from its root by whoever should, or not. */
export function forge(distort: TdxDistortion = {}, options: TdxOptions = {}): Forged {
  const tdx = simulateTdx({ now: () => THEIR_TIME, ...options, distort });
  return {
    quote: Uint8Array.from(tdx.quote(REPORT_DATA)),
    collateral: tdx.collateral(),
    roots: [tdx.root],
    rootCertificate: tdx.rootCertificate,
  };
}

export const outcomeUnder = async (forged: Forged, roots = forged.roots) =>
  outcomeOf(forged, { simulatedRoots: roots });

/** What the library by itself makes of it. */
export function statusByLibrary({ quote, collateral, rootCertificate }: Forged): string | undefined {
  try {
    return QuoteVerifier.newWithRootCa(rootCertificate).verify(quote, collateral, THEIR_TIME).status;
  } catch {
    return undefined;
  }
}

/** The first of an array of objects in JSON, changed. */
export function withFirst(json: JsonObject, name: string, change: (first: JsonObject) => JsonObject): JsonObject {
  const [first = {}, ...rest] = json[name] as readonly JsonObject[];
  return { ...json, [name]: [change(first), ...rest] };
}

export const atLevel = (level: JsonObject) => (info: JsonObject) =>
  withFirst(info, "tdxModuleIdentities", (identity) =>
    withFirst(identity, "tcbLevels", (first) => ({ ...first, ...level })),
  );

export const certificates =
  (
    change: (authority: CertificatePlan, platform: CertificatePlan) => readonly CertificatePlan[],
  ): NonNullable<TdxDistortion["certificates"]> =>
  ([authority, platform]) =>
    authority === undefined || platform === undefined ? expect.fail("two were planned") : change(authority, platform);

export const named = (plan: CertificatePlan, name: string): CertificatePlan => ({
  ...plan,
  subject: { ...plan.subject, CN: name },
});

export const withoutAuthority = ({ authority: _none, ...plan }: CertificatePlan): CertificatePlan => plan;

/** What stands in a quote's own certification, with its three sizes made to fit. */
export function withCertification(forged: Forged, text: string): Forged {
  const view = Buffer.from(forged.quote);
  const start = view.indexOf("-----BEGIN");
  const longer = Buffer.concat([view.subarray(0, start), Buffer.from(text, "latin1")]);
  // Of the signature data, of the quoting enclave's certification, and of the platform's.
  for (const sizeAt of [632, 766, start - 4]) longer.writeUInt32LE(longer.length - sizeAt - 4, sizeAt);
  return { ...forged, quote: Uint8Array.from(longer) };
}

/** Bytes behind the platform's certification, in the quoting enclave's, with both outer sizes made to fit. */
export function withBytesInside(forged: Forged): Forged {
  const longer = Buffer.from([...forged.quote, 1]);
  for (const sizeAt of [632, 766]) longer.writeUInt32LE(longer.length - sizeAt - 4, sizeAt);
  return { ...forged, quote: Uint8Array.from(longer) };
}

export const chainOf = (forged: Forged): string => {
  const view = Buffer.from(forged.quote);
  return view.subarray(view.indexOf("-----BEGIN")).toString("latin1");
};

export const withCollateral = (forged: Forged, change: Partial<Vector["collateral"]>): Forged => ({
  ...forged,
  collateral: { ...forged.collateral, ...change },
});

/** What is forged, how, and why it is refused. */
export type Row = readonly [string, () => Forged, string];
