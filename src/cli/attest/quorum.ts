/** Several attesters' signatures of one thing, as a verifier takes them. */
import { isAddressEqual, type Address } from "viem";

import { inSignerOrder } from "../../protocol/attested.ts";
import type { Signature } from "../../protocol/signature.ts";
import { isSameAct, signerOf, typedDataOf, type Act } from "./act.ts";
import { isAttester } from "./known.ts";
import type { AttestPlace } from "./place.ts";
import type { SignedAct } from "./signed-file.ts";

export type Quorum = { readonly act: Act; readonly signatures: readonly Signature[]; readonly signers: Address[] };

/** Refuses signatures of different things, of strangers, twice of one attester, and fewer than it takes. */
export async function gatherQuorum(place: AttestPlace, signed: readonly [SignedAct, ...SignedAct[]]): Promise<Quorum> {
  const [{ act, file: first }] = signed;
  const signers: Address[] = [];
  for (const each of signed) {
    if (!isSameAct(act, each.act, place)) throw new DifferentActsError(first, each.file);
    const signer = await signerOf(act, place, each.signature);
    if (!(await isAttester(place, signer))) throw new NotAttesterError(signer, each.file);
    if (signers.some((other) => isAddressEqual(other, signer))) throw new SignedTwiceError(signer, each.file);
    signers.push(signer);
  }
  if (signers.length < place.threshold) throw new TooFewAttestersError(signers.length, place.threshold);
  const signatures = signed.map(({ signature }) => signature);
  return { act, signatures: await inSignerOrder(typedDataOf(act, place), signatures), signers };
}

/** Two files are not of the same thing. */
export class DifferentActsError extends Error {
  override readonly name = "DifferentActsError";

  constructor(first: string, other: string) {
    super(
      `${first} and ${other} are signatures of different things. Attesters who sign what another signed give that ` +
        'file to "assay attest sign".',
    );
  }
}

/** Somebody signed whom the verifier does not know. */
export class NotAttesterError extends Error {
  override readonly name = "NotAttesterError";

  constructor(signer: Address, from: string) {
    super(
      `${signer}, who signed ${from}, is no attester of this verifier. Its attesters were fixed at its deployment.`,
    );
  }
}

/** One attester counts once. */
export class SignedTwiceError extends Error {
  override readonly name = "SignedTwiceError";

  constructor(signer: Address, file: string) {
    super(`${file} is a second signature of ${signer}, who counts once. Leave one of them out.`);
  }
}

/** It takes more attesters. */
export class TooFewAttestersError extends Error {
  override readonly name = "TooFewAttestersError";

  constructor(count: number, threshold: number) {
    super(
      `This is signed by ${count} of the ${threshold} attesters that the verifier asks for. Get the files of others who ` +
        "sign the very same, and submit all of them together.",
    );
  }
}
