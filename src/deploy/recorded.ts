/** Whether what a record says is still true of the chain, and is what is wanted. */
import { isDeepStrictEqual } from "node:util";

import { keccak256 } from "viem";
import type { Address } from "viem";

import { creationCodeHash } from "./artifact.ts";
import type { Chain } from "./chain.ts";
import type { DeploymentRecord } from "./record.ts";
import { argumentsOf, CONTRACTS, contractsOf } from "./settings.ts";
import type { ContractName, Settings } from "./settings.ts";

/**
 * Whether all that a record names is on the chain. A local chain may have been restarted; on any other, code does not
 * vanish, so the record or the chain is a wrong one.
 */
export async function isStillThere({ client, isLocal }: Chain, { contracts }: DeploymentRecord): Promise<boolean> {
  for (const name of CONTRACTS) {
    const contract = contracts[name];
    if (contract === undefined) continue;
    const { address, codeHash } = contract;
    const code = await client.getCode({ address });
    if (code !== undefined && keccak256(code) === codeHash) continue;
    if (isLocal) return false;
    throw new RecordMismatchError(name, address, code === undefined ? "no code" : "other code");
  }
  return true;
}

/** The contracts that are wanted and not yet recorded. What is recorded must be what is wanted. */
export async function missingFrom({ contracts }: DeploymentRecord, settings: Settings): Promise<ContractName[]> {
  const wanted = contractsOf(settings);
  const expected = { ...settings, token: settings.token ?? contracts.TestUSDC?.address };
  const differences: string[] = [];
  for (const name of wanted) {
    const recorded = contracts[name];
    if (recorded === undefined) continue;
    if (recorded.creationCodeHash !== (await creationCodeHash(name))) differences.push(`${name}'s source`);
    for (const [argument, value] of Object.entries(argumentsOf(name, expected))) {
      if (!isDeepStrictEqual(recorded.arguments[argument], value)) differences.push(`${name}'s ${argument}`);
    }
  }
  if (differences.length > 0) throw new DifferentDeploymentError(differences);
  return wanted.filter((name) => contracts[name] === undefined);
}

/** On a chain that is not local, the record names an address with other code than it says, or none. */
export class RecordMismatchError extends Error {
  override readonly name = "RecordMismatchError";
  readonly contract: ContractName;
  readonly address: Address;
  readonly found: "no code" | "other code";

  constructor(contract: ContractName, address: Address, found: "no code" | "other code") {
    super(
      `The record says that ${contract} is at ${address}, and this chain has ${found} there. Check that --rpc leads ` +
        "to the right chain, and where the record came from; only then deploy anew with --new.",
    );
    this.contract = contract;
    this.address = address;
    this.found = found;
  }
}

/** Something else was deployed already. */
export class DifferentDeploymentError extends Error {
  override readonly name = "DifferentDeploymentError";
  /** What differs, as "contract's argument". */
  readonly differences: readonly string[];

  constructor(differences: readonly string[]) {
    super(
      `What was deployed here differs from what you ask for in ${differences.join(", ")}. Ask for the same, or give ` +
        "--new to deploy a second time beside the first, whose record is kept.",
    );
    this.differences = differences;
  }
}
