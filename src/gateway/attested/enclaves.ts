/** The enclaves that a gateway sells answers of: what they show of themselves, and whether the chain knows their keys. */
import type { Address, Hex, PublicClient } from "viem";

import { LOCAL_CHAIN_ID } from "../../chain/local-chain.ts";
import type { Evidence } from "../../enclave/evidence.ts";
import { attestedModelOf, type AttestedManifest } from "../../enclave/manifest.ts";
import { isRealRoot } from "../../enclave/roots.ts";
import type { Deployment } from "../../protocol/deployment.ts";
import { keepEvidence, noteEnrolled } from "../../store/evidence.ts";
import type { Database } from "../../store/database.ts";
import type { ChainTime } from "../chain-time.ts";
import { Problem } from "../problem.ts";
import type { AttestedSale } from "../settings.ts";
import { linkEnclave, type EnclaveLink } from "./enclave-link.ts";
import { inspectEnclave, MARGIN_SECONDS } from "./inspect.ts";

/** How often an enclave shows itself anew, and the chain is asked about its key. */
const REFRESH_MS = 60_000;

/** One attested model, and the enclave that answers for it. */
export type AttestedWare = {
  readonly id: Hex;
  readonly manifest: AttestedManifest;
  readonly sale: AttestedSale;
  readonly isSimulated: boolean;
  readonly link: EnclaveLink;
  /** What the enclave last showed; refuses when it shows nothing that holds. */
  readonly evidence: () => Evidence;
  /** Until when its answers can be verified; refuses when they cannot now. */
  readonly answersUntil: () => number;
};

export type Enclaves = {
  readonly wares: ReadonlyMap<Hex, AttestedWare>;
  /** By its id, or by a name that only one model has. */
  readonly find: (model: string) => AttestedWare;
  readonly refresh: () => Promise<void>;
  readonly stop: () => void;
};

export type EnclavesOptions = {
  readonly sales: readonly AttestedSale[];
  readonly deployment: Deployment;
  readonly provider: Address;
  readonly client: PublicClient;
  readonly database: Database;
  readonly time: ChainTime;
  /** How many blocks have to follow one before it counts: on one that vanishes, evidence is worth nothing. */
  readonly confirmations: number;
  readonly onError: (error: Error) => void;
  readonly refreshMs?: number;
};

/** What is known of one enclave at a time. */
type Showing =
  | { readonly evidence: Evidence; readonly models: readonly Hex[]; readonly until: number }
  | { readonly evidence: Evidence; readonly models: readonly Hex[]; readonly reason: string }
  | { readonly evidence: undefined; readonly reason: string };

/** Asks each enclave what it is, and goes on asking. One that cannot be sold now is listed, and refuses to answer. */
export async function openEnclaves(options: EnclavesOptions): Promise<Enclaves> {
  const { sales, deployment, refreshMs = REFRESH_MS, onError } = options;
  const wares = new Map<Hex, AttestedWare>();
  const watched: WatchedEnclave[] = [];
  for (const sale of sales) {
    const enclave = await watchEnclave(sale, options);
    watched.push(enclave);
    for (const manifest of enclave.evidence().policy.models) {
      const ware = wareOf(manifest, enclave);
      if (ware.isSimulated && deployment.chainId !== LOCAL_CHAIN_ID) throw new SimulatedSaleError(manifest.name);
      if (wares.has(ware.id)) throw new TwoEnclavesError(manifest.name, ware.id);
      wares.set(ware.id, ware);
    }
  }
  const refresh = async (): Promise<void> => {
    const results = await Promise.allSettled(watched.map((each) => each.refresh()));
    for (const result of results) if (result.status === "rejected") onError(result.reason as Error);
  };
  const timer = setInterval(() => void refresh(), refreshMs);
  return {
    wares,
    refresh,
    find(model) {
      const found = wares.get(model.toLowerCase() as Hex);
      if (found !== undefined) return found;
      const [named, ...others] = [...wares.values()].filter(({ manifest }) => manifest.name === model);
      if (named !== undefined && others.length === 0) return named;
      throw new Problem("unknown-model", `This gateway has no enclave for ${model.slice(0, 80)}. See /v1/enclaves.`);
    },
    stop: () => clearInterval(timer),
  };
}

type WatchedEnclave = Pick<AttestedWare, "sale" | "link" | "evidence"> & {
  readonly answersUntil: (model: Hex) => number;
  readonly refresh: () => Promise<void>;
};

async function watchEnclave(sale: AttestedSale, options: EnclavesOptions): Promise<WatchedEnclave> {
  const link = linkEnclave(sale.url);
  let showing = await show(sale, link, options);
  return {
    sale,
    link,
    evidence: () => shown(showing),
    answersUntil(model) {
      // One that was started anew may have another policy, and so other models.
      if (showing.evidence !== undefined && !showing.models.includes(model)) {
        throw new Problem("not-attested", "The enclave does not answer for this model any more.");
      }
      if ("reason" in showing) throw new Problem("not-attested", showing.reason);
      return showing.until;
    },
    async refresh() {
      try {
        showing = await show(sale, link, options);
      } catch (error) {
        showing = { evidence: undefined, reason: (error as Error).message };
        throw error;
      }
    },
  };
}

function wareOf(manifest: AttestedManifest, { sale, link, evidence, answersUntil }: WatchedEnclave): AttestedWare {
  const id = attestedModelOf(manifest);
  return {
    id,
    manifest,
    sale,
    isSimulated: !isRealRoot(manifest.enclave),
    link,
    evidence,
    answersUntil: () => answersUntil(id),
  };
}

/** The models that enclaves answer for, as they say themselves. */
export async function attestedModels(
  sales: readonly Pick<AttestedSale, "url">[],
  client: PublicClient,
): Promise<Hex[]> {
  if (sales.length === 0) return [];
  const { number, hash } = await client.getBlock();
  const evidence = await Promise.all(sales.map(({ url }) => linkEnclave(url).evidence({ number, hash })));
  return evidence.flatMap(({ policy }) => policy.models.map(attestedModelOf));
}

function shown(showing: Showing): Evidence {
  if (showing.evidence === undefined) throw new Problem("not-attested", showing.reason);
  return showing.evidence;
}

async function show(sale: AttestedSale, link: EnclaveLink, options: EnclavesOptions): Promise<Showing> {
  const { database, time } = options;
  const { evidence, checked, payable } = await inspectEnclave(sale, link, { ...options, now: time.latest() });
  await keepEvidence(database, checked.attestation, evidence);
  const { models } = checked;
  if (typeof payable === "string") return { evidence, models, reason: payable };
  await noteEnrolled(database, payable.attestation);
  return { evidence, models, until: Math.min(payable.expiry, evidence.statement.expires) - MARGIN_SECONDS };
}

/** Two enclaves of one gateway answer for one model. */
export class TwoEnclavesError extends Error {
  override readonly name = "TwoEnclavesError";

  constructor(name: string, id: Hex) {
    super(`Two enclaves answer for the model ${name} (${id}). Name one of them.`);
  }
}

/** A simulated enclave is for sale where there is money. */
export class SimulatedSaleError extends Error {
  override readonly name = "SimulatedSaleError";

  constructor(name: string) {
    super(
      `The enclave of ${name} is simulated: it proves nothing, and the chain is not a local one. Run it on a platform that ` +
        "attests.",
    );
  }
}
