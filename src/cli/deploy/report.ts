/** What a deployment tells its user. */
import { formatEther, formatUnits } from "viem";

import { LOCAL_CHAIN_ID } from "../../chain/local-chain.ts";
import type { Deployed, Plan } from "../../deploy/deploy.ts";
import type { Cost } from "../../deploy/outcome.ts";
import type { DeploymentRecord } from "../../deploy/record.ts";
import { CONTRACTS } from "../../deploy/settings.ts";
import type { EnclaveVerifierArguments, EscrowArguments } from "../../deploy/settings.ts";

const NO_VERIFIER = "There is no verifier among them. Give --phase1 KEY.json to add one; models are published on it.";

/** A summary for people. */
export function summaryOf({ file, record, costs }: Deployed): string {
  const { chainId, contracts, token } = record;
  const { feeBps, feeRecipient } = contracts.Escrow.arguments as EscrowArguments;
  const lines = CONTRACTS.flatMap((name) => {
    const contract = contracts[name];
    if (contract === undefined) return [];
    const cost = costs.get(name);
    const gas = cost === undefined ? "as before" : `${thousands(cost.gas)} gas`;
    return `  ${name.padEnd(16)} ${contract.address}  block ${contract.block}  ${gas}`;
  });
  const total = totalOf(costs);
  return [
    costs.size === 0 ? `Nothing to deploy: all of this is on ${nameOf(chainId)}.` : `Deployed on ${nameOf(chainId)}:`,
    "",
    ...lines,
    "",
    `  token  ${token}`,
    `  fee    ${feeBps === "0" ? "none" : `${percent(feeBps)}% to ${feeRecipient}`}`,
    ...attestersOf(record),
    ...(costs.size === 0
      ? []
      : [`  cost   ${thousands(total.gas)} gas, ${formatEther(total.price)} of the chain's coin`]),
    "",
    ...(contracts.Groth16Verifier === undefined ? [NO_VERIFIER] : []),
    `${costs.size === 0 ? "Read from" : "Written to"} ${file}`,
  ].join("\n");
}

function attestersOf({ contracts: { EnclaveVerifier } }: DeploymentRecord): string[] {
  if (EnclaveVerifier === undefined) return [];
  const { attesters, threshold } = EnclaveVerifier.arguments as EnclaveVerifierArguments;
  return [`  enclaves are vouched for by ${threshold} of ${attesters.join(", ")}`];
}

/** The record, with what this run did, for programs. */
export function jsonOf({ file, record, costs }: Deployed): string {
  const { gas, price } = totalOf(costs);
  const run = { deployed: [...costs.keys()], file, gas: Number(gas), cost: price.toString() };
  return JSON.stringify({ ...record, ...run }, null, 2);
}

/** What is about to happen, as a question. */
export function questionOf({ chainId, deployer, contracts, settings }: Plan): string {
  const { token, fee, attesters } = settings;
  const terms = fee.bps === 0n ? "no fee" : `a fee of ${percent(fee.bps.toString())}% to ${fee.recipient}`;
  const enclaves =
    attesters === undefined ? "" : `, and with ${attesters.threshold} of ${attesters.accounts.join(", ")} as attesters`;
  return (
    `Deploy ${contracts.join(", ")} on ${nameOf(chainId)} from ${deployer}, for the token ${token ?? "that is new"} ` +
    `with ${terms}${enclaves}? Nothing of it can be changed later.`
  );
}

function totalOf(costs: ReadonlyMap<unknown, Cost>): Cost {
  const all = [...costs.values()];
  return { gas: all.reduce((sum, { gas }) => sum + gas, 0n), price: all.reduce((sum, { price }) => sum + price, 0n) };
}

function nameOf(chainId: number): string {
  return chainId === LOCAL_CHAIN_ID ? "the local chain" : `chain ${chainId}`;
}

function percent(bps: string): string {
  return formatUnits(BigInt(bps), 2);
}

function thousands(value: bigint): string {
  return value.toLocaleString("en-US");
}
