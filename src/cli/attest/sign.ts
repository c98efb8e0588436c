/** `assay attest sign`: an attester's word for an enclave, which it gives for nothing that its checks refuse. */
import { parseArgs } from "node:util";

import type { Address, Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import type { Evidence } from "../../enclave/evidence.ts";
import type { Enrolment } from "../../protocol/attested.ts";
import { keyOf } from "../tab/role.ts";
import { only, print, required } from "../usage.ts";
import { actText, signAct, type Act } from "./act.ts";
import { assess, type Assessed } from "./assess.ts";
import { fetchEvidence, gatewayOption } from "./evidence.ts";
import { isAttester } from "./known.ts";
import { adoptEnrolment, offerEnrolment, untilOption } from "./offer.ts";
import { findAttestPlace, PLACE_OPTIONS, policyIn, type AttestPlace } from "./place.ts";
import { readSigned, writeSigned, type SignedAct } from "./signed-file.ts";

export async function signCommand(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      ...PLACE_OPTIONS,
      model: { type: "string" },
      until: { type: "string" },
      out: { type: "string" },
      keystore: { type: "string" },
      json: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  const source = only(positionals, "a gateway's address, or the file of another attester");
  const file = required("--out", values.out);
  const until = untilOption(values.until);
  const place = await findAttestPlace(values, process.env);
  const privateKey = await keyOf("attester", values.keystore, place.config);
  const attester = privateKeyToAccount(privateKey).address;
  await requireAttester(place, attester);
  const { evidence, other } = await readSource(place, source, values.model);
  const assessed = await assess(place, policyIn(place), evidence);
  const signed = await signAssessed(place, privateKey, assessed, { other, until, file });
  await writeSigned(signed, place);
  const { isSimulated } = assessed.enclave;
  const text = `${isSimulated ? "SIMULATED. " : ""}Wrote ${file}: ${attester} signs to ${actText(signed.act)}.`;
  const { chainId, verifier, threshold } = place;
  const found = { file, attester, ...signed.act, chainId, verifier, threshold, simulated: isSimulated };
  print(values.json ? JSON.stringify(found) : text);
}

export type Shown = {
  readonly evidence: Evidence;
  /** What another attester signed of it. */
  readonly other: Enrolment;
};

async function readSource(
  place: AttestPlace,
  source: string,
  model: string | undefined,
): Promise<Pick<Shown, "evidence"> & Partial<Shown>> {
  if (/^https?:/.test(source)) {
    return { evidence: await fetchEvidence(gatewayOption(source), model) };
  }
  return readOther(place, source);
}

/** What another attester checked, and signed. */
export async function readOther(place: AttestPlace, file: string): Promise<Shown> {
  const { act, evidence } = await readSigned(file, place);
  if (act.kind !== "enrolment" || evidence === undefined) throw new NoEnrolmentError(file);
  return { evidence, other: act.enrolment };
}

export type Wish = {
  readonly other: Enrolment | undefined;
  readonly until: number | undefined;
  readonly file: string;
};

/** Signs for an enclave that was checked: by itself, or what another attester signed of the same. */
export async function signAssessed(
  place: AttestPlace,
  privateKey: Hex,
  assessed: Assessed,
  { other, until, file }: Wish,
): Promise<SignedAct> {
  const enrolment =
    other === undefined ? offerEnrolment(place, assessed, until) : adoptEnrolment(place, assessed, other, until);
  const act: Act = { kind: "enrolment", enrolment };
  const signature = await signAct(act, place, privateKeyToAccount(privateKey));
  return { file, act, signature, evidence: assessed.evidence };
}

export async function requireAttester(place: AttestPlace, account: Address): Promise<void> {
  if (!(await isAttester(place, account))) throw new NoAttesterKeyError(account, place.verifier);
}

/** A key signs for nothing. */
export class NoAttesterKeyError extends Error {
  override readonly name = "NoAttesterKeyError";

  constructor(account: Address, verifier: Address) {
    super(`${account} is no attester of ${verifier}: its signature would count for nothing. Name the attester's key.`);
  }
}

/** A file has nothing to sign as well. */
export class NoEnrolmentError extends Error {
  override readonly name = "NoEnrolmentError";

  constructor(file: string) {
    super(`${file} is of a revocation. Sign one with "assay attest revoke", and name this file with --with.`);
  }
}
