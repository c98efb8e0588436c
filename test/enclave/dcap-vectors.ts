/** Real quotes, where they are at hand, and what their verifier may throw. */
import { expect } from "chai";

import { TwoChainsError, verifyDcap } from "../../src/enclave/dcap.ts";
import { PlatformRefusedError } from "../../src/enclave/dcap/evaluation.ts";
import { MalformedQuoteError } from "../../src/enclave/dcap/layout.ts";
import { MalformedPemError } from "../../src/enclave/dcap/pem.ts";
import { NoPlatformCertificateError } from "../../src/enclave/dcap/platform-certificate.ts";
import { MalformedCollateralError, StaleCollateralError } from "../../src/enclave/dcap/published.ts";
import { ExposedEnclaveError } from "../../src/enclave/dcap/report.ts";
import { QuoteSignatureError } from "../../src/enclave/dcap/signatures.ts";
import { RefusedPartError } from "../../src/enclave/dcap/standing.ts";
import { OtherCollateralError } from "../../src/enclave/dcap/status.ts";
import { MalformedHexError, OtherSignerError, RevokedError } from "../../src/enclave/dcap/vouching.ts";
import { collateralSchema, type Anchors, type Attested, type Collateral } from "../../src/enclave/evidence.ts";
import { CertificateError } from "../../src/enclave/x509/certificate-error.ts";
import { ChainLengthError } from "../../src/enclave/x509/chain.ts";
import { readVector } from "./vectors.ts";

export type Vector = { readonly quote: Uint8Array<ArrayBuffer>; readonly collateral: Collateral };

export const KINDS = ["tdx", "sgx"] as const;

export type Kind = (typeof KINDS)[number];

/** 20 June 2025, the day after both collaterals were published. */
export const THEIR_TIME = 1_750_377_600;

/** Describes a real quote; its tests are skipped where it is not at hand. */
export function describeVector(kind: Kind, title: string, describeIt: (vector: () => Vector) => void): void {
  describe(title, () => {
    let vector: Vector | undefined;
    before(function () {
      const collateral: unknown = JSON.parse(new TextDecoder().decode(readVector(this, `${kind}/collateral.json`)));
      const quote = Uint8Array.from(readVector(this, `${kind}/quote.bin`));
      vector = { quote, collateral: collateralSchema.parse(collateral) };
    });
    describeIt(() => vector ?? expect.fail("no vector was read"));
  });
}

const REFUSALS = [
  CertificateError,
  ChainLengthError,
  ExposedEnclaveError,
  MalformedCollateralError,
  MalformedHexError,
  MalformedPemError,
  MalformedQuoteError,
  NoPlatformCertificateError,
  OtherCollateralError,
  OtherSignerError,
  PlatformRefusedError,
  QuoteSignatureError,
  RefusedPartError,
  RevokedError,
  StaleCollateralError,
  TwoChainsError,
];

/** What verification ends with: what was attested, or the name of the error. Errors of no kind of its own are thrown on. */
export async function outcomeOf(
  { quote, collateral }: Vector,
  { now = THEIR_TIME, ...anchors }: Partial<Anchors> = {},
): Promise<Attested | string> {
  try {
    return await verifyDcap(quote, collateral, { now, ...anchors });
  } catch (error) {
    const isRefusal = REFUSALS.some((each) => error instanceof each);
    if (!isRefusal || !(error instanceof Error)) throw error;
    return "because" in error ? `${error.name}: ${String(error.because)}` : error.name;
  }
}
