/** What a page runs, in a browser. */
import { verifyDcap } from "../../src/enclave/dcap.ts";
import type { Attested, Collateral } from "../../src/enclave/evidence.ts";

export type Given = {
  readonly quote: readonly number[];
  readonly collateral: Collateral;
  readonly times: readonly number[];
};

/** At each time: what was attested, or the name of the error. */
export async function verifyInPage({ quote, collateral, times }: Given): Promise<readonly (Attested | string)[]> {
  return Promise.all(
    times.map(async (now) =>
      verifyDcap(Uint8Array.from(quote), collateral, { now }).catch((error: unknown) =>
        error instanceof Error ? `${error.name}: ${error.message}` : "no error",
      ),
    ),
  );
}
