/** Providers, each a process of its own with a gateway and, unless it only answers, provers. */
import { join } from "node:path";

import type { ProvingSettings } from "../../src/cli/serve/provider.ts";
import type { ProverEvent } from "../../src/prover/prover-events.ts";
import { forkProvider, type ForkedProvider } from "../local/fork-provider.ts";
import { DOLLAR, privateKeyOf } from "../local/marketplace.ts";
import type { Stage } from "./stage.ts";

export type SellerOptions = {
  /** How many processes prove; with none the provider only answers. */
  readonly workers: number;
  readonly limits?: ProvingSettings["limits"];
  /** Whose key settles, if not the provider's own. */
  readonly prover?: "prover";
  /** How many of the models it sells. */
  readonly models?: number;
  readonly onEvent?: (event: ProverEvent) => void;
};

/** What a broken promise costs, put beside each tab that has money. */
const STAKE = { perTab: DOLLAR, total: 10n * DOLLAR, leastFunds: DOLLAR };
const POLL_MS = 100;

export async function startSeller(
  { market, attested, cast, closing }: Stage,
  name: "provider" | "sleeper" | "liar",
  { workers, limits = {}, prover, models = market.models.length, onEvent = () => {} }: SellerOptions,
): Promise<ForkedProvider> {
  const own = market.settings({
    privateKey: privateKeyOf(cast[name]),
    store: { folder: join(market.scratch, name) },
    stake: STAKE,
  });
  const proving: ProvingSettings = {
    program: { kind: "snarkjs" },
    workers,
    limits,
    prices: { kind: "none" },
    ...(prover !== undefined && { privateKey: privateKeyOf(cast[prover]) }),
    pollMs: POLL_MS,
  };
  const sales = own.sales.slice(0, models);
  // The enclave serves one provider.
  const settings = name === "provider" ? { ...own, sales, enclaves: [attested.sale] } : { ...own, sales };
  const seller = await forkProvider(settings, workers === 0 ? undefined : proving, { onEvent });
  // Whoever interrupts the demo does not wait for proofs.
  closing.push(() => seller.kill());
  return seller;
}
