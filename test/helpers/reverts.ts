import { AssertionError } from "chai";
import { BaseError, ContractFunctionRevertedError } from "viem";

/** A contract's custom error: its name and what it says. */
export type Revert = { readonly name: string; readonly args: readonly unknown[] };

/** The custom error that a call or a transaction reverts with. */
export async function revertOf(call: Promise<unknown>): Promise<Revert> {
  try {
    await call;
  } catch (error) {
    const revert =
      error instanceof BaseError ? error.walk((cause) => cause instanceof ContractFunctionRevertedError) : null;
    if (revert instanceof ContractFunctionRevertedError && revert.data !== undefined) {
      return { name: revert.data.errorName, args: revert.data.args ?? [] };
    }
    throw error;
  }
  throw new AssertionError("the call should have reverted, and did not");
}
