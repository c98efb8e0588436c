/** Whether a model can be settled: its key is stored by a verifier. */
import {
  BaseError,
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  type Address,
  type Hex,
  type PublicClient,
} from "viem";

import { groth16VerifierAbi } from "../protocol/abi/groth16-verifier.ts";

/** Whether a verifier has the key of a model. */
export async function isPublished(client: PublicClient, verifier: Address, model: Hex): Promise<boolean> {
  if ((await client.getCode({ address: verifier })) === undefined) return false;
  try {
    await client.readContract({ address: verifier, abi: groth16VerifierAbi, functionName: "keyOf", args: [model] });
    return true;
  } catch (error) {
    // Whatever reverts is no verifier that has it; a node that does not answer is another matter.
    const refusal = error instanceof BaseError && error.walk((each) => REFUSALS.some((kind) => each instanceof kind));
    if (refusal === null || refusal === false) throw error;
    return false;
  }
}

const REFUSALS = [ContractFunctionRevertedError, ContractFunctionZeroDataError] as const;
