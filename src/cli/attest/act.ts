/** What a quorum of attesters does to a verifier: enrol a key, revoke one, or revoke a measurement. */
import { encodeFunctionData, hashTypedData, type Address, type Hex, type TypedDataDefinition } from "viem";

import type { Call } from "../../chain/gas.ts";
import { enclaveVerifierAbi } from "../../protocol/abi/enclave-verifier.ts";
import {
  typedDataOfEnrolment,
  typedDataOfKeyRevocation,
  typedDataOfMeasurementRevocation,
  type Enrolment,
} from "../../protocol/attested.ts";
import { recover, sign, type Signature, type Signer } from "../../protocol/signature.ts";
import { timeText } from "../tab/show.ts";
import { isMeasurementRevoked, readKey } from "./known.ts";
import type { AttestPlace } from "./place.ts";

export type Act =
  | { readonly kind: "enrolment"; readonly enrolment: Enrolment }
  | { readonly kind: "key-revocation"; readonly key: Address }
  | { readonly kind: "measurement-revocation"; readonly measurement: Hex };

type Where = Pick<AttestPlace, "chainId" | "verifier">;

/** What each attester signs. */
export function typedDataOf(act: Act, { chainId, verifier }: Where): TypedDataDefinition {
  switch (act.kind) {
    case "enrolment":
      return typedDataOfEnrolment(act.enrolment, { chainId, verifier });
    case "key-revocation":
      return typedDataOfKeyRevocation(act.key, { chainId, verifier });
    case "measurement-revocation":
      return typedDataOfMeasurementRevocation(act.measurement, { chainId, verifier });
  }
}

export async function signAct(act: Act, where: Where, signer: Signer): Promise<Signature> {
  return sign(typedDataOf(act, where), signer);
}

export async function signerOf(act: Act, where: Where, signature: Signature): Promise<Address> {
  return recover(typedDataOf(act, where), signature);
}

export function isSameAct(one: Act, other: Act, where: Where): boolean {
  return hashTypedData(typedDataOf(one, where)) === hashTypedData(typedDataOf(other, where));
}

/** In a few words, to follow "to" or stand alone. */
export function actText(act: Act): string {
  switch (act.kind) {
    case "enrolment":
      return `enrol the key ${act.enrolment.key} until ${timeText(act.enrolment.expiry)}`;
    case "key-revocation":
      return `revoke the key ${act.key}, for good`;
    case "measurement-revocation":
      return `revoke the measurement ${act.measurement} and all its keys, for good`;
  }
}

/** The transaction that does it. @param signatures Of a quorum, in the order of their signers. */
export function callOf(act: Act, { verifier }: Where, signatures: readonly Signature[]): Call {
  return { to: verifier, data: dataOf(act, signatures), what: actText(act) };
}

function dataOf(act: Act, signatures: readonly Signature[]): Hex {
  const abi = enclaveVerifierAbi;
  switch (act.kind) {
    case "enrolment":
      return encodeFunctionData({ abi, functionName: "enrol", args: [act.enrolment, signatures] });
    case "key-revocation":
      return encodeFunctionData({ abi, functionName: "revokeKey", args: [act.key, signatures] });
    case "measurement-revocation":
      return encodeFunctionData({ abi, functionName: "revokeMeasurement", args: [act.measurement, signatures] });
  }
}

/** Makes sure that the chain says now what the transaction was for. */
export async function checkDone(act: Act, place: AttestPlace, transaction: Hex): Promise<void> {
  if (!(await isDone(act, place))) throw new NotDoneError(act, transaction);
}

async function isDone(act: Act, place: AttestPlace): Promise<boolean> {
  if (act.kind === "measurement-revocation") return isMeasurementRevoked(place, act.measurement);
  if (act.kind === "key-revocation") return (await readKey(place, act.key)).isRevoked;
  const { key, measurement, attestation, platform, expiry } = act.enrolment;
  const { enrolled } = await readKey(place, key);
  return (
    enrolled?.measurement === measurement &&
    enrolled.attestation === attestation &&
    enrolled.platform === platform &&
    enrolled.expiry === expiry
  );
}

/** A transaction was mined, and the chain does not say what it should. */
export class NotDoneError extends Error {
  override readonly name = "NotDoneError";

  constructor(act: Act, transaction: Hex) {
    super(
      `The transaction ${transaction} was mined to ${actText(act)}, and the verifier does not say so: another came after ` +
        'it, or the node lies. See what "assay attest status" says.',
    );
  }
}
