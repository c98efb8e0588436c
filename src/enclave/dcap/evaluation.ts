/** How up to date Intel says that a platform is. */
import { stringToBytes } from "viem";

import { TCB_STATUSES, type Collateral, type TcbStatus } from "../evidence.ts";

export type Evaluation = { readonly status: TcbStatus; readonly advisories: readonly string[] };

export type EvaluationTerms = {
  readonly quote: Uint8Array;
  /** The platform's chain, as the quote has it, down from the platform to the root. */
  readonly certificates: string;
  readonly collateral: Collateral;
  /** Seconds of Unix time. */
  readonly now: number;
};

/**
 * Finds the level of the platform and of its quoting enclave, the worse of the two.
 * The library does so after it has verified all once more by itself, which must not be relied on: it takes lists that
 * nobody signed, any key below the root for any purpose, and in browsers certificates of any time.
 */
export async function evaluatePlatform({ quote, certificates, collateral, now }: EvaluationTerms): Promise<Evaluation> {
  const { QuoteVerifier, utils } = await import("@phala/dcap-qvl");
  const report = refusing(() => {
    // Any bytes will do, whatever its types say; what it returns is of the kind that it needs, in browsers too.
    const root = utils.extractCerts(stringToBytes(certificates) as Buffer).at(-1);
    if (root === undefined) throw new PlatformRefusedError("there is no root");
    return QuoteVerifier.newWithRootCa(root).verify(quote, collateral, now);
  });
  const status = TCB_STATUSES.find((each) => each === report.status);
  if (status === undefined) throw new PlatformRefusedError(`its status is ${report.status}`);
  return { status, advisories: report.advisory_ids };
}

function refusing<T>(evaluate: () => T): T {
  try {
    return evaluate();
  } catch (cause) {
    if (cause instanceof PlatformRefusedError) throw cause;
    throw new PlatformRefusedError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** A platform, or its quoting enclave, is at no level that Intel stands by. */
export class PlatformRefusedError extends Error {
  override readonly name = "PlatformRefusedError";

  constructor(reason: string, options?: ErrorOptions) {
    super(`Intel does not stand by the quote's platform: ${reason}. Have its firmware and software updated.`, options);
  }
}
