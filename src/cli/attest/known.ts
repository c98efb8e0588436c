/** What a verifier knows of keys and models. */
import type { Address, Hex } from "viem";

import { findMeasurement } from "../../chain/enrolled.ts";
import { enclaveVerifierAbi } from "../../protocol/abi/enclave-verifier.ts";
import { fromChain, type AttestPlace } from "./place.ts";

export type KnownKey = {
  readonly key: Address;
  /** As far as it was enrolled; a key can be revoked without ever having been. */
  readonly enrolled:
    | { readonly measurement: Hex; readonly attestation: Hex; readonly platform: number; readonly expiry: number }
    | undefined;
  readonly isRevoked: boolean;
  /** Whether the code that it was enrolled for is. */
  readonly isCodeRevoked: boolean;
  /** Whether its answers count in the newest block. */
  readonly isLive: boolean;
};

export async function readKey(place: AttestPlace, key: Address): Promise<KnownKey> {
  const contract = contractAt(place);
  const [{ measurement, attestation, platform, expiry, isRevoked }, isLive] = await fromChain(
    place,
    Promise.all([
      place.client.readContract({ ...contract, functionName: "keyOf", args: [key] }),
      place.client.readContract({ ...contract, functionName: "isLive", args: [key] }),
    ]),
  );
  return {
    key,
    enrolled: expiry === 0 ? undefined : { measurement, attestation, platform, expiry },
    isRevoked,
    isCodeRevoked: await isMeasurementRevoked(place, measurement),
    isLive,
  };
}

export async function isMeasurementRevoked(place: AttestPlace, measurement: Hex): Promise<boolean> {
  const call = { ...contractAt(place), functionName: "isRevoked", args: [measurement] } as const;
  return fromChain(place, place.client.readContract(call));
}

export async function isAttester(place: AttestPlace, account: Address): Promise<boolean> {
  const call = { ...contractAt(place), functionName: "isAttester", args: [account] } as const;
  return fromChain(place, place.client.readContract(call));
}

/** The measurement that a model was published with; undefined of one that was not. */
export async function publishedAs(place: AttestPlace, model: Hex): Promise<Hex | undefined> {
  return fromChain(place, findMeasurement(place.client, place.verifier, model));
}

/** Seconds of Unix time, as the chain's newest block has it. */
export async function headTime(place: AttestPlace): Promise<number> {
  const { timestamp } = await fromChain(place, place.client.getBlock());
  return Number(timestamp);
}

function contractAt({ verifier }: AttestPlace) {
  return { address: verifier, abi: enclaveVerifierAbi } as const;
}
