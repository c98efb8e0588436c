/** What a deployment came to: its record, and its cost. */
import { keccak256 } from "viem";

import { compiler, creationCodeHash } from "./artifact.ts";
import type { Chain } from "./chain.ts";
import type { Placed } from "./ignite.ts";
import type { DeployedContract, DeploymentRecord } from "./record.ts";
import { argumentsOf, CONTRACTS } from "./settings.ts";
import type { ContractName, Settings } from "./settings.ts";

/** What a contract cost to deploy: its gas, and that in the smallest unit of the chain's coin. */
export type Cost = { readonly gas: bigint; readonly price: bigint };

export type Outcome = {
  readonly record: DeploymentRecord;
  /** Of what was deployed now, and not found. */
  readonly costs: ReadonlyMap<ContractName, Cost>;
};

/** Puts what was placed on the chain together with what was kept. */
export async function outcomeOf(
  chain: Chain,
  settings: Settings,
  placed: ReadonlyMap<ContractName, Placed>,
  kept: DeploymentRecord | undefined,
): Promise<Outcome> {
  const token = settings.token ?? placed.get("TestUSDC")?.address ?? kept?.token;
  const contracts: Partial<Record<ContractName, DeployedContract>> = { ...kept?.contracts };
  const costs = new Map<ContractName, Cost>();
  for (const name of CONTRACTS) {
    const found = placed.get(name);
    if (found === undefined) continue;
    const { address, transaction } = found;
    const receipt = await chain.client.getTransactionReceipt({ hash: transaction });
    const code = await chain.client.getCode({ address });
    if (code === undefined) throw new VanishedError(name);
    contracts[name] = {
      address,
      arguments: argumentsOf(name, { ...settings, token }),
      block: Number(receipt.blockNumber),
      codeHash: keccak256(code),
      creationCodeHash: await creationCodeHash(name),
      deployer: chain.deployer,
      transaction,
    };
    costs.set(name, { gas: receipt.gasUsed, price: receipt.gasUsed * receipt.effectiveGasPrice });
  }
  const { Escrow, CommitmentLog } = contracts;
  if (Escrow === undefined) throw new VanishedError("Escrow");
  if (CommitmentLog === undefined) throw new VanishedError("CommitmentLog");
  if (token === undefined) throw new VanishedError("TestUSDC");
  const record = {
    chainId: chain.chainId,
    compiler: kept?.compiler ?? (await compiler()),
    contracts: { ...contracts, Escrow, CommitmentLog },
    token,
  };
  return { record, costs };
}

/** A contract that was just deployed is not there. */
export class VanishedError extends Error {
  override readonly name = "VanishedError";
  readonly contract: ContractName;

  constructor(contract: ContractName) {
    super(`${contract} was deployed and is not there: the chain was reorganised, or restarted. Run this again.`);
    this.contract = contract;
  }
}
