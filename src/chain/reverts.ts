/** Why a call reverts, in words. */
import { BaseError, decodeErrorResult, isHex, type Abi, type Hex } from "viem";

import { commitmentLogAbi } from "../protocol/abi/commitment-log.ts";
import { escrowAbi } from "../protocol/abi/escrow.ts";
import { groth16VerifierAbi } from "../protocol/abi/groth16-verifier.ts";
import { vaultAbi } from "../protocol/abi/vault.ts";
import { saidBy } from "./rpc.ts";

/** Of the contracts that Assay's transactions go to. */
const ERRORS: Abi = [...escrowAbi, ...groth16VerifierAbi, ...commitmentLogAbi, ...vaultAbi].filter(
  ({ type }) => type === "error",
);

/** The custom error by name and arguments, or what the node says; undefined for an error that is no revert at all. */
export function revertReasonOf(error: unknown): string | undefined {
  if (!(error instanceof BaseError)) return undefined;
  const data = dataIn(error);
  const said = saidBy(error);
  if (data === undefined && codeOf(error) !== REVERTED && !/revert/i.test(said)) return undefined;
  return (data === undefined ? undefined : decoded(data)) ?? said;
}

/** JSON-RPC's code for a call that reverted. */
const REVERTED = 3;

function codeOf(error: BaseError): unknown {
  const coded = error.walk((each) => typeof (each as { code?: unknown }).code === "number");
  return (coded as { code?: unknown } | null)?.code;
}

/** What the contract gave with its revert. Nodes put it into the error's data, or one level below. */
function dataIn(error: BaseError): Hex | undefined {
  const { data } = (error.walk((each) => (each as { data?: unknown }).data !== undefined) ?? {}) as { data?: unknown };
  const given = typeof data === "object" && data !== null ? (data as { data?: unknown }).data : data;
  return isHex(given) && given.length > 2 ? given : undefined;
}

function decoded(data: Hex): string | undefined {
  try {
    const { errorName, args = [] } = decodeErrorResult({ abi: ERRORS, data });
    const [message] = args;
    return errorName === "Error" ? String(message) : `${errorName}(${args.map(String).join(", ")})`;
  } catch {
    // Of some other contract: the node may know its name.
    return undefined;
  }
}
