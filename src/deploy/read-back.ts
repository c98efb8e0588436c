/** Asks what was deployed whether it is what was meant. */
import { isDeepStrictEqual } from "node:util";

import type { PublicClient } from "viem";

import { escrowAbi } from "../protocol/abi/escrow.ts";
import { groth16VerifierAbi } from "../protocol/abi/groth16-verifier.ts";
import type { DeploymentRecord } from "./record.ts";
import { phase1Arguments } from "./settings.ts";
import type { Arguments, ContractName } from "./settings.ts";

/** Reads back what the constructors were given. */
export async function checkDeployed(
  client: Pick<PublicClient, "readContract">,
  { contracts: { Escrow, Groth16Verifier } }: DeploymentRecord,
): Promise<void> {
  const escrow = { address: Escrow.address, abi: escrowAbi };
  const feeBps = await client.readContract({ ...escrow, functionName: "FEE_BPS" });
  const feeRecipient = await client.readContract({ ...escrow, functionName: "FEE_RECIPIENT" });
  const token = await client.readContract({ ...escrow, functionName: "TOKEN" });
  expectSame("Escrow", Escrow.arguments, { feeBps: feeBps.toString(), feeRecipient, token });
  if (Groth16Verifier === undefined) return;

  const { address } = Groth16Verifier;
  const [alpha, beta, gamma] = await client.readContract({ address, abi: groth16VerifierAbi, functionName: "phase1" });
  expectSame("Groth16Verifier", Groth16Verifier.arguments, phase1Arguments({ alpha, beta, gamma }));
}

function expectSame(contract: ContractName, given: Arguments, found: Arguments): void {
  for (const [name, value] of Object.entries(found)) {
    if (!isDeepStrictEqual(value, given[name])) throw new ReadBackError(contract, name);
  }
}

/** A contract on the chain answers something else than what it was deployed with. */
export class ReadBackError extends Error {
  override readonly name = "ReadBackError";
  readonly contract: ContractName;
  readonly argument: string;

  constructor(contract: ContractName, argument: string) {
    super(
      `The ${contract} on the chain has another ${argument} than it was deployed with. Do not use this deployment.`,
    );
    this.contract = contract;
    this.argument = argument;
  }
}
