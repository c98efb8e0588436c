/** Whom an agent trusts before it has asked anything, which no gateway can tell it. */
import { isHex, type Address, type Hex } from "viem";

import { LOCAL_CHAIN_ID } from "../chain/local-chain.ts";
import type { TcbStatus } from "../enclave/evidence.ts";
import type { Trust } from "../x402/terms.ts";
import type { Listing, Provider } from "./messages.ts";

/** Escrow and verifiers have to be named off local chains: whoever names them himself can take what is put there. */
export type Trusted = {
  readonly escrow?: Address;
  readonly verifiers?: readonly Address[];
  readonly provider?: Address;
  /** Names for the ids of models. A name alone says what its gateway wants it to say. */
  readonly models?: Readonly<Record<string, Hex>>;
  /** Models whose keys somebody may be able to forge with: on local chains alone, unless they are allowed here. */
  readonly developmentModels?: "allowed";
  /** Enclaves that may see what is asked of attested models: none, where none are named. */
  readonly enclaves?: TrustedEnclaves;
};

/**
 * Which enclaves are sent anything. Whatever is given here, each is checked in full: its document, its code, its freshness,
 * what it says of itself, and its key on chain.
 */
export type TrustedEnclaves = {
  /** What the code measures that may answer, by `hashMeasurement`: build it from its source to know. */
  readonly measurements: readonly Hex[];
  /** Of Intel's platforms; up to date ones alone, where none are named. */
  readonly tcb?: readonly TcbStatus[];
  /** How old the block may be that a document was made after; an hour, where nothing is said. */
  readonly maxAgeSeconds?: number;
  /** Simulators too, whose documents prove nothing. Their roots are in their measurements, so they have to be named as well. */
  readonly allowSimulated?: true;
};

/** Completes what an agent trusts by what its gateway says, where nothing is at stake. */
export function trustIn(provider: Provider, trusted: Trusted): Omit<Trust, "verifiers"> & Pick<Trusted, "verifiers"> {
  const isLocal = provider.chainId === LOCAL_CHAIN_ID;
  const { escrow = isLocal ? provider.escrow : undefined, verifiers, provider: named } = trusted;
  if (escrow === undefined) throw new TrustNeededError("escrow", provider.escrow, provider.chainId);
  if (verifiers === undefined && !isLocal) throw new TrustNeededError("verifiers", "the gateway's", provider.chainId);
  const { address, name, version } = provider.token;
  return {
    escrow,
    token: { address, name, version },
    provider: named ?? provider.provider,
    ...(verifiers === undefined ? {} : { verifiers }),
  };
}

/** Finds a model in a price list, by its id or by a name that says which id is meant. */
export function findListing<Entry extends Named>(
  listings: readonly Entry[],
  model: string,
  { models = {} }: Pick<Trusted, "models">,
  chainId: number,
): Entry {
  const id = isHex(model) ? model.toLowerCase() : Object.hasOwn(models, model) && models[model]?.toLowerCase();
  if (id !== false && id !== undefined) {
    const found = listings.find((each) => each.id === id);
    if (found === undefined) throw new UnknownModelError(model, listings);
    return found;
  }
  const named = listings.filter(({ name }) => name === model);
  const [found] = named;
  if (found === undefined) throw new UnknownModelError(model, listings);
  if (chainId !== LOCAL_CHAIN_ID || named.length > 1) throw new NameNotTrustedError(model, found.id);
  return found;
}

type Named = Pick<Listing, "id" | "name">;

/** An agent has to say whom it trusts. */
export class TrustNeededError extends Error {
  override readonly name = "TrustNeededError";

  constructor(what: "escrow" | "verifiers", given: string, chainId: number) {
    super(
      `On chain ${chainId} you have to name what you trust: give trust.${what}. The gateway names ${given}, but it could ` +
        "name anything. Compare it with a source of your own.",
    );
  }
}

/** A gateway does not sell a model. */
export class UnknownModelError extends Error {
  override readonly name = "UnknownModelError";

  constructor(model: string, listings: readonly Named[]) {
    const sold = listings.slice(0, 8).map(({ name, id }) => `${name} (${id})`);
    super(`The gateway does not sell the model ${JSON.stringify(model)}. It sells ${sold.join(", ") || "none"}.`);
  }
}

/** A model is asked for by a name that its gateway alone explains. */
export class NameNotTrustedError extends Error {
  override readonly name = "NameNotTrustedError";

  constructor(model: string, id: Hex) {
    super(
      `Only the gateway says that ${JSON.stringify(model)} is the model ${id}. Ask by the id, or give trust.models with it.`,
    );
  }
}
