/** An enclave's signature as a proof: of whom it is, and whether the chain has that key as the model's. */
import { BaseError, size, type Address, type Hex, type PublicClient } from "viem";

import { findEnrolled, findMeasurement } from "../../chain/enrolled.ts";
import { isUnreachable } from "../../chain/rpc.ts";
import { recoverAnswer } from "../../protocol/attested.ts";
import type { Claim } from "../../protocol/claim.ts";
import { fromHex } from "../../protocol/signature.ts";

/** Of one claim, in bytes. */
export const SIGNATURE_BYTES = 64;

export function isAttested(proof: Hex): boolean {
  return size(proof) === SIGNATURE_BYTES;
}

/**
 * Whether a signature shows a claim: it is by a key that a quorum enrolled for the code that the model names. A key that
 * expired or was revoked since counts, as it did when the escrow paid.
 */
export async function isSignedByEnclave(
  client: PublicClient,
  { chainId, verifier }: { readonly chainId: number; readonly verifier: Address },
  { request, model, input, output, charge }: Claim,
  proof: Hex,
): Promise<boolean> {
  const answer = { request, model, input, output, charge };
  const key = await recoverAnswer(answer, { chainId, verifier }, fromHex(proof)).catch(() => null);
  if (key === null) return false;
  const [enrolled, measurement] = await Promise.all([
    findEnrolled(client, verifier, key),
    findMeasurement(client, verifier, model),
  ]).catch((error: unknown) => {
    if (error instanceof BaseError && isUnreachable(error)) throw error;
    // The contract that the request names is no verifier of enclaves.
    return [];
  });
  return enrolled !== undefined && measurement !== undefined && enrolled.measurement === measurement;
}
