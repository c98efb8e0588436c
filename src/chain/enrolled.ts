/** What the chain knows of an enclave's key. */
import type { Address, Hex, PublicClient } from "viem";

import { enclaveVerifierAbi } from "../protocol/abi/enclave-verifier.ts";

/** A key that a quorum of attesters enrolled. */
export type Enrolled = {
  readonly measurement: Hex;
  /** Of the document that the attesters checked. */
  readonly attestation: Hex;
  /** The last second at which the key's answers count. */
  readonly expiry: number;
  /** Whether the key, or the code that it belongs to, counts no more. */
  readonly isRevoked: boolean;
};

/** Undefined when nobody ever enrolled the key. */
export async function findEnrolled(
  client: PublicClient,
  verifier: Address,
  key: Address,
): Promise<Enrolled | undefined> {
  const contract = { address: verifier, abi: enclaveVerifierAbi } as const;
  const known = await client.readContract({ ...contract, functionName: "keyOf", args: [key] });
  if (known.expiry === 0) return undefined;
  const { measurement, attestation, expiry, isRevoked } = known;
  const isCodeRevoked = await client.readContract({ ...contract, functionName: "isRevoked", args: [measurement] });
  return { measurement, attestation, expiry, isRevoked: isRevoked || isCodeRevoked };
}

/** The measurement that a published model names; undefined when it is not published. */
export async function findMeasurement(client: PublicClient, verifier: Address, model: Hex): Promise<Hex | undefined> {
  const contract = { address: verifier, abi: enclaveVerifierAbi } as const;
  const measurement = await client.readContract({ ...contract, functionName: "measurementOf", args: [model] });
  return BigInt(measurement) === 0n ? undefined : measurement;
}
