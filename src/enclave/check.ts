/** Whether an enclave is what somebody wants to ask: its document, the code it names, and what it says of itself. */
import { isAddressEqual, sha256, type Address, type Hex } from "viem";

import { attestedModelOf } from "./manifest.ts";
import { hashMeasurement, type Platform } from "./measurement.ts";
import type { Attested, Evidence, TcbStatus } from "./evidence.ts";
import { verifyNitro } from "./nitro.ts";
import { hashServingPolicy, hashStatement, isBoundTo, type Statement } from "./statement.ts";

/** What somebody accepts. Nothing is accepted that is not named. */
export type AttestationPolicy = {
  /** The code that may answer, by `hashMeasurement`. */
  readonly measurements: readonly Hex[];
  /** Of Intel's platforms; up to date ones alone, where none are named. */
  readonly tcb?: readonly TcbStatus[];
  /** Roots of simulators, by the SHA-256 of their certificates: what they say proves nothing, and is marked. */
  readonly simulatedRoots?: readonly Hex[];
};

/** An enclave that stood every check that needs no chain. */
export type CheckedEnclave = {
  readonly platform: Platform;
  readonly measurement: Hex;
  readonly root: Hex;
  readonly isSimulated: boolean;
  readonly tcb: Attested["tcb"];
  readonly madeAt: number | undefined;
  readonly statement: Statement;
  /** The ids of the models that it answers for. */
  readonly models: readonly Hex[];
  /** The hash by which the verifier knows the document. */
  readonly attestation: Hex;
  /** No older than this block, which whoever relies on it has to find on the chain. */
  readonly block: Evidence["block"];
};

const UP_TO_DATE: readonly TcbStatus[] = ["UpToDate"];

/** Checks all of an evidence but the chain's part of it. @param now Seconds of Unix time. */
export async function checkEvidence(
  evidence: Evidence,
  { measurements, tcb: accepted = UP_TO_DATE, simulatedRoots = [] }: AttestationPolicy,
  now: number,
): Promise<CheckedEnclave> {
  const { platform, statement, policy, block } = evidence;
  const document = bytesOf(evidence.document);
  const attested = await verify(evidence, document, { simulatedRoots, now });
  const { measurement, isSimulated, bound, madeAt, tcb } = attested;
  if (measurement.platform !== platform) refuse("other-platform");
  const hash = hashMeasurement(measurement);
  // An empty list allows nothing: an enclave of unknown code proves nothing.
  if (!measurements.includes(hash)) throw new UnknownMeasurementError(hash, measurements);
  if (tcb !== undefined && !accepted.includes(tcb.status)) throw new OutdatedPlatformError(tcb.status, accepted);
  if (!isBoundTo(bound, hashStatement(statement), block.hash)) refuse("not-bound");
  if (statement.policy !== hashServingPolicy(policy)) refuse("other-policy");
  if (statement.chainId !== policy.chainId) refuse("other-chain");
  if (!isAddressEqual(statement.verifier, policy.verifier)) refuse("other-verifier");
  if (statement.expires < now) refuse("expired");
  const isOwn = policy.models.every(({ enclave }) => hashMeasurement(enclave) === hash);
  if (!isOwn) refuse("other-code");
  return {
    platform,
    measurement: hash,
    root: measurement.root,
    isSimulated,
    tcb,
    madeAt,
    statement,
    models: policy.models.map(attestedModelOf),
    attestation: sha256(document),
    block,
  };
}

/** The address that a statement's answers are paid through, and whose gateways it serves. */
export function servesProvider({ gateways }: Statement, provider: Address): boolean {
  return gateways.some((gateway) => isAddressEqual(gateway, provider));
}

function refuse(because: RefusedEnclave): never {
  throw new EnclaveRefusedError(because);
}

async function verify(
  { platform, collateral }: Evidence,
  document: Uint8Array,
  anchors: { readonly simulatedRoots: readonly Hex[]; readonly now: number },
): Promise<Attested> {
  if (platform === "nitro") {
    if (collateral !== undefined) refuse("collateral");
    return verifyNitro(document, anchors);
  }
  if (collateral === undefined) return refuse("no-collateral");
  // A client that meets no quote of Intel's does without all that reads them.
  const { verifyDcap } = await import("./dcap.ts");
  return verifyDcap(document, collateral, anchors);
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.codePointAt(0) ?? 0);
}

const REASONS = {
  "other-platform": "its document is of another platform than it says",
  "not-bound": "its document is not over its statement and block",
  "other-policy": "its statement is of another serving policy",
  "other-chain": "its statement and its policy are of different chains",
  "other-verifier": "its statement and its policy name different verifiers",
  "other-code": "its policy has a model that other code is to answer for",
  expired: "its statement has expired",
  collateral: "a document of its platform has no collateral",
  "no-collateral": "a quote cannot be verified without its collateral",
} as const;

export type RefusedEnclave = keyof typeof REASONS;

/** What an enclave shows does not hold together. */
export class EnclaveRefusedError extends Error {
  override readonly name = "EnclaveRefusedError";
  readonly because: RefusedEnclave;

  constructor(because: RefusedEnclave) {
    super(`The enclave is refused: ${REASONS[because]}. Do not send it anything.`);
    this.because = because;
  }
}

/** An enclave runs code that nobody named. */
export class UnknownMeasurementError extends Error {
  override readonly name = "UnknownMeasurementError";
  readonly measurement: Hex;

  constructor(measurement: Hex, accepted: readonly Hex[]) {
    super(
      `The enclave's code measures ${measurement}, and you accept ${accepted.length === 0 ? "none" : accepted.join(", ")}. ` +
        "Build the code that you trust, and name what it measures.",
    );
    this.measurement = measurement;
  }
}

/** An enclave's platform lacks what its maker published against known attacks. */
export class OutdatedPlatformError extends Error {
  override readonly name = "OutdatedPlatformError";
  readonly status: TcbStatus;

  constructor(status: TcbStatus, accepted: readonly TcbStatus[]) {
    super(
      `The enclave's platform is ${status}, and you accept ${accepted.join(", ") || "none"}. Have its firmware updated, ` +
        "or accept this status by name.",
    );
    this.status = status;
  }
}
