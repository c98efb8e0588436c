/** Asks what was deployed whether it is what was meant. */
import { isDeepStrictEqual } from "node:util";

import type { PublicClient } from "viem";

import { enclaveVerifierAbi } from "../protocol/abi/enclave-verifier.ts";
import { escrowAbi } from "../protocol/abi/escrow.ts";
import { groth16VerifierAbi } from "../protocol/abi/groth16-verifier.ts";
import type { DeployedContract, DeploymentRecord } from "./record.ts";
import { phase1Arguments } from "./settings.ts";
import type { Arguments, ContractName, EnclaveVerifierArguments } from "./settings.ts";

type Reader = Pick<PublicClient, "readContract">;

/** Reads back what the constructors were given. */
export async function checkDeployed(client: Reader, { contracts }: DeploymentRecord): Promise<void> {
  const { Escrow, Groth16Verifier, EnclaveVerifier } = contracts;
  const escrow = { address: Escrow.address, abi: escrowAbi };
  const feeBps = await client.readContract({ ...escrow, functionName: "FEE_BPS" });
  const feeRecipient = await client.readContract({ ...escrow, functionName: "FEE_RECIPIENT" });
  const token = await client.readContract({ ...escrow, functionName: "TOKEN" });
  expectSame("Escrow", Escrow.arguments, { feeBps: feeBps.toString(), feeRecipient, token });
  if (Groth16Verifier !== undefined) {
    const { address } = Groth16Verifier;
    const abi = groth16VerifierAbi;
    const [alpha, beta, gamma] = await client.readContract({ address, abi, functionName: "phase1" });
    expectSame("Groth16Verifier", Groth16Verifier.arguments, phase1Arguments({ alpha, beta, gamma }));
  }
  if (EnclaveVerifier !== undefined) await checkAttesters(client, EnclaveVerifier);
}

/** The contract keeps no list: that each is one of them, and how many they are, says that there are no others. */
async function checkAttesters(client: Reader, { address, arguments: given }: DeployedContract): Promise<void> {
  const { attesters } = given as EnclaveVerifierArguments;
  const verifier = { address, abi: enclaveVerifierAbi };
  const threshold = await client.readContract({ ...verifier, functionName: "THRESHOLD" });
  const count = await client.readContract({ ...verifier, functionName: "attesterCount" });
  const found = await Promise.all(
    attesters.map(async (attester) =>
      client.readContract({ ...verifier, functionName: "isAttester", args: [attester] }),
    ),
  );
  expectSame("EnclaveVerifier", given, { threshold: threshold.toString() });
  if (Number(count) !== attesters.length || found.includes(false)) {
    throw new ReadBackError("EnclaveVerifier", "attesters");
  }
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
