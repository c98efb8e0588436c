/** A model as an agent knows it: by its id, which fixes all that its gateway says about it. */
import type { Hex, PublicClient } from "viem";

import { LOCAL_CHAIN_ID } from "../chain/local-chain.ts";
import { encodeInput } from "../model/bundle/input.ts";
import { canonicalJson } from "../protocol/canonical-json.ts";
import { isDevelopmentSetup } from "../model/development-setup.ts";
import { inputCommitmentOf } from "../model/manifest/commitments.ts";
import { manifestHashOf, parseManifest, type Manifest } from "../model/manifest/manifest.ts";
import { isPublished } from "../chain/published.ts";
import { modelOf } from "../protocol/model.ts";
import { keyFromSnarkjs } from "../protocol/snarkjs.ts";
import type { Offer } from "../x402/scheme.ts";
import type { Listing } from "./messages.ts";
import type { Trusted } from "./trust.ts";

export type Model = Omit<Offer, "escrow" | "provider"> & {
  readonly name: string;
  readonly purpose: string;
  readonly manifest: Manifest;
  /** The integers that an input is, by the units and steps of the model's fields. */
  readonly encode: (input: unknown) => number[];
  /** The commitment to them. */
  readonly commit: (fields: readonly number[], salt: bigint) => Hex;
};

/** Reads a listing, which has to be what its id says, and to be provable on this chain. */
export async function readListing(
  listing: Listing,
  client: PublicClient,
  { chainId, trusted }: { readonly chainId: number; readonly trusted: Trusted },
): Promise<Model> {
  const { id, verifier, price, proverFee, penalty, timeout } = listing;
  const manifest = manifestOf(listing);
  const isDevelopment = isDevelopmentSetup(manifest.phase1);
  if (isDevelopment && chainId !== LOCAL_CHAIN_ID && trusted.developmentModels === undefined) {
    throw new DevelopmentModelError(id, chainId);
  }
  if (!(await isPublished(client, verifier, id))) throw new NotProvableError(id, verifier);
  return {
    model: id,
    name: manifest.name,
    purpose: manifest.purpose,
    verifier,
    price,
    proverFee,
    penalty,
    timeout,
    manifest,
    encode: (input) => encodeInput(manifest.input.fields, input),
    commit: inputCommitmentOf(manifest),
  };
}

function manifestOf({ id, key, manifest: json }: Listing): Manifest {
  let manifest: Manifest;
  let actual: Hex;
  try {
    manifest = parseManifest(canonicalJson(json));
    actual = modelOf(keyFromSnarkjs(key), manifestHashOf(manifest));
  } catch (cause) {
    throw new FalseListingError(id, "its manifest or key is malformed", { cause });
  }
  if (actual !== id) throw new FalseListingError(id, `its manifest and key are those of ${actual}`);
  return manifest;
}

/** A gateway lists a model as another than it is. */
export class FalseListingError extends Error {
  override readonly name = "FalseListingError";
  readonly id: Hex;

  constructor(id: Hex, reason: string, options?: ErrorOptions) {
    super(`The gateway's listing of the model ${id} is false: ${reason}. Do not ask it there.`, options);
    this.id = id;
  }
}

/** A model's setup is for development: somebody may be able to prove anything with it. */
export class DevelopmentModelError extends Error {
  override readonly name = "DevelopmentModelError";

  constructor(id: Hex, chainId: number) {
    super(
      `The model ${id} was set up for development, and chain ${chainId} has real money: whoever knows the setup's secret ` +
        "can prove any answer. Ask a model of a public ceremony.",
    );
  }
}

/** A verifier does not have a model's key, so no answer of it can ever be proven there. */
export class NotProvableError extends Error {
  override readonly name = "NotProvableError";

  constructor(id: Hex, verifier: string) {
    super(
      `The verifier ${verifier} does not have the model ${id}, so that no answer can be proven. Nothing was signed.`,
    );
  }
}
