/** Whether an enclave may be sent a question: all of it, each time anew, before anything is sent or signed. */
import { BlockNotFoundError, isAddressEqual, type Address, type Hex, type PublicClient } from "viem";

import { findEnrolled, findMeasurement } from "../../chain/enrolled.ts";
import { checkEvidence, servesProvider, type CheckedEnclave } from "../../enclave/check.ts";
import type { Evidence } from "../../enclave/evidence.ts";
import { attestedModelOf } from "../../enclave/manifest.ts";
import { hashMeasurement } from "../../enclave/measurement.ts";
import { isRealRoot } from "../../enclave/roots.ts";
import type { Escrow, Head } from "../chain.ts";
import { FalseListingError } from "../model.ts";
import type { TrustedEnclaves } from "../trust.ts";
import type { AttestedListing } from "./messages.ts";

/** With whom, and by which chain, an enclave has to deal. */
export type Surroundings = {
  readonly client: PublicClient;
  readonly escrow: Pick<Escrow, "chainId" | "address">;
  readonly provider: Address;
  /** That of the listing, where none are named. */
  readonly verifiers: readonly Address[] | undefined;
  readonly head: () => Promise<Head>;
  readonly trusted: TrustedEnclaves;
};

/** An attested model whose enclave stood every check. */
export type VettedModel = {
  readonly listing: AttestedListing;
  readonly enclave: CheckedEnclave;
  /** The last deadline for which its answers can be verified. */
  readonly until: number;
};

const MAX_AGE_SECONDS = 3_600;

/** Refuses a listing that is not what its id says, or whose code nobody named: nothing more need be asked for it. */
export function checkListing(listing: AttestedListing, { measurements, allowSimulated }: TrustedEnclaves): void {
  const { id, manifest } = listing;
  const actual = attestedModelOf(manifest);
  if (actual !== id) throw new FalseListingError(id, `its manifest is that of ${actual}`);
  const isSimulated = !isRealRoot(manifest.enclave);
  if (isSimulated && allowSimulated !== true) throw new SimulatedEnclaveError(id);
  if (listing.simulated !== isSimulated) throw new FalseListingError(id, "its root says otherwise who attests");
  for (const field of ["name", "purpose", "kind"] as const) {
    if (listing[field] !== manifest[field]) throw new FalseListingError(id, `its manifest has another ${field}`);
  }
  const measurement = hashMeasurement(manifest.enclave);
  if (!isNamed(measurement, measurements)) throw new UntrustedEnclaveError("unnamed-code", measurement);
}

/** Checks what the enclave of a listed model shows, and what the chain knows of it. */
export async function vet(
  listing: AttestedListing,
  evidence: Evidence,
  surroundings: Surroundings,
): Promise<VettedModel> {
  const { client, trusted, escrow, provider, verifiers } = surroundings;
  const { id, manifest, verifier, answersUntil } = listing;
  checkListing(listing, trusted);
  const policy = {
    measurements: trusted.measurements.map((each) => each.toLowerCase() as Hex),
    ...(trusted.tcb !== undefined && { tcb: trusted.tcb }),
    // The measurement was named, and a root is part of it: no other simulator can have the same.
    ...(!isRealRoot(manifest.enclave) && { simulatedRoots: [manifest.enclave.root] }),
  };
  const enclave = await checkEvidence(evidence, policy, Math.floor(Date.now() / 1000));
  const { statement, models } = enclave;
  if (statement.chainId !== escrow.chainId) refuse("other-chain", statement.chainId);
  if (!isAddressEqual(evidence.policy.escrow, escrow.address)) refuse("other-escrow", evidence.policy.escrow);
  if (!isAddressEqual(statement.verifier, verifier)) refuse("other-verifier", statement.verifier);
  const isTrusted = verifiers?.some((each) => isAddressEqual(each, verifier)) ?? true;
  if (!isTrusted) refuse("untrusted-verifier", verifier);
  if (!servesProvider(statement, provider)) refuse("other-provider", statement.gateways.join(", "));
  if (!models.includes(id)) refuse("other-model", models.join(", "));
  if ((await client.getCode({ address: verifier })) === undefined) refuse("no-verifier", verifier);
  const expiry = await checkKey(enclave, surroundings);
  await checkPublished(id, enclave, surroundings);
  await checkBlock(enclave, surroundings);
  if (answersUntil === null) throw new EnclaveNotSellingError(id, listing.reason ?? "");
  return { listing, enclave, until: Math.min(expiry, statement.expires, answersUntil) };
}

/** Refuses a key that the chain does not have as this code's, or not any more. Returns its last second. */
export async function checkKey(
  { statement: { key, verifier }, measurement }: CheckedEnclave,
  { client }: Pick<Surroundings, "client">,
): Promise<number> {
  const enrolled = await findEnrolled(client, verifier, key);
  if (enrolled === undefined) return refuse("unknown-key", key);
  if (enrolled.isRevoked) refuse("revoked", key);
  if (enrolled.measurement !== measurement) refuse("other-code", enrolled.measurement);
  return enrolled.expiry;
}

async function checkPublished(
  id: Hex,
  { statement: { verifier }, measurement }: CheckedEnclave,
  { client }: Surroundings,
): Promise<void> {
  const published = await findMeasurement(client, verifier, id);
  if (published !== measurement) refuse("unpublished", id);
}

/** The block that a document was made after is on the client's own chain, and lately so. */
async function checkBlock(
  { block: { number, hash } }: CheckedEnclave,
  { client, head, trusted: { maxAgeSeconds = MAX_AGE_SECONDS } }: Surroundings,
): Promise<void> {
  const own = await client.getBlock({ blockNumber: BigInt(number) }).catch((error: unknown) => {
    if (error instanceof BlockNotFoundError) return refuse("foreign-block", hash);
    throw error;
  });
  if (own.hash !== hash) refuse("foreign-block", hash);
  const age = (await head()).timestamp - Number(own.timestamp);
  if (age > maxAgeSeconds) refuse("stale", `${age} seconds`);
}

function isNamed(measurement: Hex, measurements: readonly Hex[]): boolean {
  return measurements.some((each) => each.toLowerCase() === measurement);
}

function refuse(because: UntrustedEnclave, given: number | string): never {
  throw new UntrustedEnclaveError(because, String(given));
}

const REASONS = {
  "foreign-block": "the block that its document was made after is not on the chain as your node has it",
  "no-verifier": "there is no contract where it says that its verifier is",
  "other-chain": "it serves another chain than yours",
  "other-code": "the chain has its key as that of other code",
  "other-escrow": "its answers are paid through another escrow",
  "other-model": "it does not answer for this model",
  "other-provider": "it does not answer to this gateway's provider",
  "other-verifier": "its answers verify under another contract than the gateway says",
  "unknown-key": "no quorum of attesters has enrolled its key",
  "unnamed-code": "you named other code than it runs",
  "untrusted-verifier": "its answers verify under a contract that you do not trust",
  expires: "its key expires before an answer would be due",
  revoked: "its key or its code was revoked",
  stale: "its document is too old",
  unpublished: "its model is not published under the code that it runs",
} as const;

export type UntrustedEnclave = keyof typeof REASONS;

/** An enclave is not one that may be asked. */
export class UntrustedEnclaveError extends Error {
  override readonly name = "UntrustedEnclaveError";
  readonly because: UntrustedEnclave;

  constructor(because: UntrustedEnclave, given: string) {
    super(`The enclave is not asked: ${REASONS[because]} (${given}). Nothing was sent or signed.`);
    this.because = because;
  }
}

/** An enclave is a simulated one, which nobody allowed. */
export class SimulatedEnclaveError extends Error {
  override readonly name = "SimulatedEnclaveError";

  constructor(id: Hex) {
    super(
      `The enclave of the model ${id} is simulated: no platform vouches for it, and it proves nothing. Nothing was sent or ` +
        "signed. Ask another model, or give trust.enclaves.allowSimulated to try things out.",
    );
  }
}

/** A gateway says itself that an enclave's answers could not be verified now. */
export class EnclaveNotSellingError extends Error {
  override readonly name = "EnclaveNotSellingError";

  constructor(id: Hex, reason: string) {
    super(
      `The gateway does not sell answers of ${id} now: ${reason.slice(0, 300) || "it does not say why"} ` +
        "Nothing was sent or signed.",
    );
  }
}
