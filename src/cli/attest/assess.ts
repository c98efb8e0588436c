/** Whether an attester's policy, and the chain, let it vouch for an enclave. */
import { BlockNotFoundError, isAddressEqual, type Hex } from "viem";

import { checkEvidence, type CheckedEnclave } from "../../enclave/check.ts";
import type { Evidence } from "../../enclave/evidence.ts";
import type { AttestedManifest } from "../../enclave/manifest.ts";
import type { Measurement } from "../../enclave/measurement.ts";
import { isRealRoot } from "../../enclave/roots.ts";
import type { AttesterConfig } from "../config/schema.ts";
import { isMeasurementRevoked, readKey, type KnownKey } from "./known.ts";
import { fromChain, type AttestPlace } from "./place.ts";

/** An enclave that stood every check. */
export type Assessed = {
  readonly evidence: Evidence;
  readonly enclave: CheckedEnclave;
  /** What was measured, register by register. */
  readonly measured: Measurement;
  /** What is known of its key so far. */
  readonly known: KnownKey;
  /** Of the newest block, in seconds of Unix time. */
  readonly headTime: number;
  /** How long ago the block was made that the document is over. */
  readonly blockAge: number;
};

/** Checks an enclave against a policy, and against the chain as it is now. */
export async function assess(place: AttestPlace, policy: AttesterConfig, evidence: Evidence): Promise<Assessed> {
  const measured = measuredIn(evidence);
  const simulated = isRealRoot(measured) ? [] : [measured.root];
  if (simulated.length > 0) {
    if (!policy.allowSimulated) throw new SimulatedEnclaveError("attester.allowSimulated does not allow it");
    if (!place.isLocal) throw new SimulatedEnclaveError(`chain ${place.chainId} is not a local one`);
  }
  const { measurements, tcb } = policy;
  // The list of measurements names the root with the code: a simulator that is not in it gets no further.
  const rules = { measurements, tcb, simulatedRoots: simulated };
  const enclave = await checkEvidence(evidence, rules, Math.floor(Date.now() / 1000));
  const { statement, measurement } = enclave;
  if (statement.chainId !== place.chainId) {
    throw new ElsewhereError(`the chain ${statement.chainId}, not ${place.chainId}`);
  }
  if (!isAddressEqual(statement.verifier, place.verifier)) {
    throw new ElsewhereError(`the verifier ${statement.verifier}, not ${place.verifier}`);
  }
  const fresh = await checkBlock(place, policy.maxAgeSeconds, enclave.block);
  const known = await readKey(place, statement.key);
  if (known.isRevoked) throw new RevokedError("key", statement.key);
  if (await isMeasurementRevoked(place, measurement)) throw new RevokedError("measurement", measurement);
  if (known.enrolled !== undefined && known.enrolled.measurement !== measurement) {
    throw new OtherCodeError(statement.key, known.enrolled.measurement);
  }
  return { evidence, enclave, measured, known, ...fresh };
}

/** As the first model has it: `checkEvidence` makes sure that the others have the same, and the document too. */
function measuredIn({ policy: { models } }: Evidence): Measurement {
  // A policy has at least one.
  const [{ enclave }] = models as [AttestedManifest, ...AttestedManifest[]];
  return enclave;
}

async function findBlock({ client }: AttestPlace, number: number): Promise<{ hash: Hex; timestamp: bigint } | null> {
  try {
    return await client.getBlock({ blockNumber: BigInt(number) });
  } catch (error) {
    if (error instanceof BlockNotFoundError) return null;
    throw error;
  }
}

/** Nobody can have made a document over a block before there was one. */
async function checkBlock(
  place: AttestPlace,
  most: number,
  { number, hash }: Evidence["block"],
): Promise<{ readonly headTime: number; readonly blockAge: number }> {
  const { client, isLocal } = place;
  const [head, block] = await Promise.all([
    fromChain(place, client.getBlock()),
    fromChain(place, findBlock(place, number)),
  ]);
  if (block?.hash !== hash) throw new UnknownBlockError(number, hash);
  const headTime = Number(head.timestamp);
  // A node that was left behind would take what is old for new. A local chain makes no blocks while nobody uses it.
  const behind = Math.floor(Date.now() / 1000) - headTime;
  if (!isLocal && behind > most) throw new NodeBehindError(behind, most);
  // A block may have come since the head was asked for.
  const blockAge = Math.max(0, headTime - Number(block.timestamp));
  if (blockAge > most) throw new StaleEvidenceError(blockAge, most);
  return { headTime, blockAge };
}

/** An enclave is simulated. */
export class SimulatedEnclaveError extends Error {
  override readonly name = "SimulatedEnclaveError";

  constructor(reason: string) {
    super(`The enclave is SIMULATED, and ${reason}. What a simulator says proves nothing: do not vouch for it.`);
  }
}

/** An enclave serves another chain or contract. */
export class ElsewhereError extends Error {
  override readonly name = "ElsewhereError";

  constructor(what: string) {
    super(
      `The enclave's statement is for ${what}. Name the right one, or have the enclave started with the right one.`,
    );
  }
}

/** A document is over a block that is not on the chain. */
export class UnknownBlockError extends Error {
  override readonly name = "UnknownBlockError";

  constructor(number: number, hash: Hex) {
    super(
      `The enclave's document is over the block ${number} with the hash ${hash}, which is not on this chain: it is of ` +
        "another, or was taken back. Fetch it again in a minute.",
    );
  }
}

/** A document is over a block of long ago. */
export class StaleEvidenceError extends Error {
  override readonly name = "StaleEvidenceError";

  constructor(age: number, most: number) {
    super(
      `The enclave's document is over a block of ${age} seconds ago, and at most ${most} are accepted. Nobody knows ` +
        "whether it still runs: fetch what it shows now.",
    );
  }
}

/** The node's newest block is old. */
export class NodeBehindError extends Error {
  override readonly name = "NodeBehindError";

  constructor(age: number, most: number) {
    super(
      `The newest block that your node knows is ${age} seconds old, and at most ${most} are accepted. Let it catch up, ` +
        "or name another.",
    );
  }
}

/** A key, or the code that it belongs to, counts no more. */
export class RevokedError extends Error {
  override readonly name = "RevokedError";

  constructor(what: "key" | "measurement", value: Hex) {
    super(`The enclave's ${what} ${value} was revoked, for good. Its provider has to start another.`);
  }
}

/** A key is enrolled for other code. */
export class OtherCodeError extends Error {
  override readonly name = "OtherCodeError";

  constructor(key: Hex, measurement: Hex) {
    super(`The key ${key} is enrolled for the measurement ${measurement}. No enclave shares a key: revoke it.`);
  }
}
