/** Deploys contracts through the modules that tests use too. */
import { deploy, DeploymentResultType, listTransactions, wipe } from "@nomicfoundation/ignition-core";
import type { DeploymentParameters, DeploymentResult, IgnitionModule } from "@nomicfoundation/ignition-core";
import type { Address, Hash } from "viem";

import { artifactResolver } from "./artifact.ts";
import type { Chain } from "./chain.ts";
import { recoverLost } from "./lost.ts";
import { assay, enclaveVerifier, groth16Verifier, testToken } from "./modules.ts";
import type { ContractName, Settings } from "./settings.ts";

/** Where a contract came to be. */
export type Placed = { readonly address: Address; readonly transaction: Hash };

/** Who is told how far a deployment is. */
export type Progress = { readonly advance: () => void; readonly note: (words: string) => void };

/** How often to look for a new block. */
const POLLING_MS = { local: 50, elsewhere: 1_000 };

/**
 * Deploys contracts, or those of them that the journal does not know as deployed.
 *
 * @returns All of them, with those that the journal knew.
 */
export async function ignite(
  chain: Chain,
  journal: string,
  contracts: readonly ContractName[],
  settings: Settings,
  progress: Progress,
): Promise<ReadonlyMap<ContractName, Placed>> {
  const run = async (ignitionModule: IgnitionModule, deploymentParameters: DeploymentParameters): Promise<void> => {
    const result = await deploy({
      artifactResolver,
      provider: chain.provider,
      accounts: [chain.deployer],
      deploymentDir: journal,
      ignitionModule,
      deploymentParameters,
      config: { blockPollingInterval: chain.isLocal ? POLLING_MS.local : POLLING_MS.elsewhere },
    });
    if (result.type === DeploymentResultType.SUCCESSFUL_DEPLOYMENT) return;
    const failures = failuresOf(result);
    // What failed left nothing behind; the journal would refuse to try it again.
    for (const { future } of failures) await wipe(journal, artifactResolver, future);
    throw new DeploymentFailedError(failures.map(({ future, reason }) => `${future}: ${reason}`));
  };
  const placed = async (): Promise<ReadonlyMap<ContractName, Placed>> => {
    const transactions = await listTransactions(journal, artifactResolver);
    // One that was dropped or replaced has no address.
    const mined = transactions.filter(({ address }) => address !== undefined);
    return new Map(
      mined.map(({ name, address, txHash }) => [
        name as ContractName,
        { address: address as Address, transaction: txHash as Hash },
      ]),
    );
  };

  await recoverLost(chain, journal);
  if (contracts.includes("TestUSDC")) {
    progress.note("deploying the test token");
    await run(testToken, {});
  }
  progress.advance();
  if (contracts.includes("Groth16Verifier") && settings.phase1 !== undefined) {
    progress.note("deploying the verifier");
    const { alpha, beta, gamma } = settings.phase1;
    await run(groth16Verifier, { Groth16Verifier: { alpha, beta, gamma } });
  }
  progress.advance();
  if (contracts.includes("EnclaveVerifier") && settings.attesters !== undefined) {
    progress.note("deploying the verifier of enclaves");
    const { accounts, threshold } = settings.attesters;
    await run(enclaveVerifier, { EnclaveVerifier: { attesters: [...accounts], threshold } });
  }
  progress.advance();
  if (contracts.includes("Escrow")) {
    progress.note("deploying the escrow and the log");
    const { fee, token = (await placed()).get("TestUSDC")?.address ?? "" } = settings;
    await run(assay, { Assay: { token, feeBps: fee.bps, feeRecipient: fee.recipient } });
  }
  progress.advance();
  return placed();
}

type Failure = { readonly future: string; readonly reason: string };

function failuresOf(
  result: Exclude<DeploymentResult, { type: DeploymentResultType.SUCCESSFUL_DEPLOYMENT }>,
): Failure[] {
  if (result.type === DeploymentResultType.EXECUTION_ERROR) {
    return [
      ...result.failed.map(({ futureId, error }) => ({ future: futureId, reason: error })),
      ...result.timedOut.map(({ futureId }) => ({ future: futureId, reason: "no block included its transaction" })),
    ];
  }
  return Object.entries(result.errors).map(([future, reasons]) => ({ future, reason: reasons.join("; ") }));
}

/** The chain did not take a contract. */
export class DeploymentFailedError extends Error {
  override readonly name = "DeploymentFailedError";
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super(
      `Not everything could be deployed. ${reasons.join(". ")}. Run the same command again: it goes on where this one ` +
        "ended.",
    );
    this.reasons = reasons;
  }
}
