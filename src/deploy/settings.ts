/** What is to be deployed, and with which constructor arguments. */
import { zeroAddress } from "viem";
import type { Address } from "viem";

import type { Attesters } from "./attesters.ts";
import type { Phase1 } from "./phase1.ts";

/** What the protocol takes of each charge, and for whom. */
export type Fee = { readonly bps: bigint; readonly recipient: Address };

export const NO_FEE: Fee = { bps: 0n, recipient: zeroAddress };

/** Everything that a deployment's user decides. */
export type Settings = {
  /** Undefined for a test token that is deployed with the rest. */
  readonly token: Address | undefined;
  readonly fee: Fee;
  /** Undefined for no verifier. */
  readonly phase1: Phase1 | undefined;
  /** Undefined for no verifier of enclaves' answers. */
  readonly attesters: Attesters | undefined;
};

/** In the order of their deployment: a bad phase 1 should cost nothing, and the escrow needs its token. */
export const CONTRACTS = ["TestUSDC", "Groth16Verifier", "EnclaveVerifier", "Escrow", "CommitmentLog"] as const;

export type ContractName = (typeof CONTRACTS)[number];

/** Constructor arguments by name, numbers in decimal digits: as JSON holds them. */
export type Arguments = {
  readonly [name: string]: string | readonly string[] | { readonly [coordinate: string]: string };
};

export type EscrowArguments = { readonly feeBps: string; readonly feeRecipient: string; readonly token: string };

export type EnclaveVerifierArguments = { readonly attesters: readonly Address[]; readonly threshold: string };

/** The contracts that the settings ask for. */
export function contractsOf({ token, phase1, attesters }: Settings): ContractName[] {
  const left = new Set<ContractName>([
    ...(token === undefined ? [] : (["TestUSDC"] as const)),
    ...(phase1 === undefined ? (["Groth16Verifier"] as const) : []),
    ...(attesters === undefined ? (["EnclaveVerifier"] as const) : []),
  ]);
  return CONTRACTS.filter((contract) => !left.has(contract));
}

/** What a contract's constructor is given. The escrow's token is empty as long as it has no address. */
export function argumentsOf(contract: ContractName, { token, fee, phase1, attesters }: Settings): Arguments {
  if (contract === "Escrow") {
    const given: EscrowArguments = { feeBps: fee.bps.toString(), feeRecipient: fee.recipient, token: token ?? "" };
    return given;
  }
  if (contract === "Groth16Verifier" && phase1 !== undefined) return phase1Arguments(phase1);
  if (contract === "EnclaveVerifier" && attesters !== undefined) {
    const { accounts, threshold } = attesters;
    const given: EnclaveVerifierArguments = { attesters: accounts, threshold: threshold.toString() };
    return given;
  }
  return {};
}

export function phase1Arguments({ alpha, beta, gamma }: Phase1): Arguments {
  return { alpha: decimals(alpha), beta: decimals(beta), gamma: decimals(gamma) };
}

function decimals(point: { readonly [coordinate: string]: bigint }): { readonly [coordinate: string]: string } {
  return Object.fromEntries(Object.entries(point).map(([name, value]) => [name, value.toString()]));
}
