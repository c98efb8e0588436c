/** Attested models that were found to be what they say, each looked at anew every minute. */
import { findListing, type Trusted, type TrustedEnclaves } from "../trust.ts";
import type { Gateway } from "../gateway.ts";
import { checkListing, UntrustedEnclaveError, vet, type Surroundings, type VettedModel } from "./enclave.ts";

export type Vetting = {
  /**
   * A model that may be asked, with what was found out about it at most a minute ago.
   *
   * @param least A deadline for which its answers have to be verifiable.
   */
  readonly find: (model: string, least: number) => Promise<VettedModel>;
  /** Looks at a model anew next time. */
  readonly forget: (model: string) => void;
};

export type VettingOptions = Omit<Surroundings, "trusted"> & {
  readonly gateway: Pick<Gateway, "enclaves" | "evidence">;
  readonly trust: Trusted;
  /** In milliseconds. */
  readonly now?: () => number;
};

const KEPT_MS = 60_000;

/** What is found is kept, so that a second question asks no chain; all of it or nothing, and no option makes it longer. */
export function openVetting(options: VettingOptions): Vetting {
  const { gateway, trust, escrow, now = () => performance.now() } = options;
  const kept = new Map<string, { readonly until: number; readonly vetted: Promise<VettedModel> }>();

  const look = async (model: string, trusted: TrustedEnclaves): Promise<VettedModel> => {
    const listing = findListing(await gateway.enclaves(), model, trust, escrow.chainId);
    checkListing(listing, trusted);
    return vet(listing, await gateway.evidence(listing.id), { ...options, trusted });
  };
  const fresh = (model: string): Promise<VettedModel> => {
    const vetted = look(model, enclavesIn(trust));
    const entry = { until: now() + KEPT_MS, vetted };
    kept.set(model, entry);
    vetted.catch(() => {
      if (kept.get(model) === entry) kept.delete(model);
    });
    return vetted;
  };

  return {
    async find(model, least) {
      const known = kept.get(model);
      if (known !== undefined && now() < known.until) {
        const vetted = await known.vetted;
        if (vetted.until >= least) return vetted;
      }
      const vetted = await fresh(model);
      if (vetted.until < least) throw new UntrustedEnclaveError("expires", `at ${vetted.until}, wanted ${least}`);
      return vetted;
    },
    forget: (model) => void kept.delete(model),
  };
}

/** Whoever expects no code in particular cannot tell an enclave from a thief. */
function enclavesIn({ enclaves }: Trusted): TrustedEnclaves {
  if (enclaves === undefined || enclaves.measurements.length === 0) throw new NoMeasurementError();
  return enclaves;
}

/** No code is named that may see what is asked. */
export class NoMeasurementError extends Error {
  override readonly name = "NoMeasurementError";

  constructor() {
    super(
      "You name no code that you trust, so no enclave is asked anything. Build the enclave's image from its source, and " +
        "give what it measures as trust.enclaves.measurements.",
    );
  }
}
