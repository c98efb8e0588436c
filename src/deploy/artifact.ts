/** What the compiler made of the contracts: in a clone where Hardhat puts it, in the package where the build copied it. */
import { readFile } from "node:fs/promises";

import type { Artifact, ArtifactResolver } from "@nomicfoundation/ignition-core";
import { keccak256 } from "viem";
import type { Hash, Hex } from "viem";

import { CONTRACTS } from "./settings.ts";
import type { ContractName } from "./settings.ts";

/** What decides the code, next to the sources. */
export type Compiler = {
  readonly version: string;
  readonly evmVersion: string;
  readonly optimizerRuns: number;
  readonly viaIR: boolean;
};

/** What is read of the file that says how the contracts were built. */
export type BuildInfo = {
  readonly solcLongVersion: string;
  readonly input: {
    readonly settings: {
      readonly evmVersion: string;
      readonly viaIR: boolean;
      readonly optimizer: { readonly runs: number };
    };
  };
};

const FOLDER = new URL(import.meta.url.endsWith(".ts") ? "../../artifacts/" : "../artifacts/", import.meta.url);

const SOURCES: Readonly<Record<ContractName, string>> = {
  TestUSDC: "contracts/mocks/TestUSDC.sol",
  Groth16Verifier: "contracts/verifiers/Groth16Verifier.sol",
  EnclaveVerifier: "contracts/verifiers/EnclaveVerifier.sol",
  Escrow: "contracts/Escrow.sol",
  CommitmentLog: "contracts/CommitmentLog.sol",
};

/** Where a contract's artifact is, below the folder of all. */
export function artifactPath(contract: ContractName): string {
  return `${SOURCES[contract]}/${contract}.json`;
}

/** Where it is told how a contract was built, below the same folder. */
export function buildInfoPath({ buildInfoId }: Pick<Artifact, "buildInfoId">): string {
  return `build-info/${buildInfoId}.json`;
}

/** The hash of a contract's creation code, without the constructor's arguments. */
export async function creationCodeHash(contract: ContractName): Promise<Hash> {
  const { bytecode } = await readArtifact(contract);
  return keccak256(bytecode as Hex);
}

/** The compiler that made the artifacts. */
export async function compiler(): Promise<Compiler> {
  const info = (await read(buildInfoPath(await readArtifact("Escrow")))) as BuildInfo;
  const { evmVersion, optimizer, viaIR } = info.input.settings;
  return { version: info.solcLongVersion, evmVersion, optimizerRuns: optimizer.runs, viaIR };
}

/** The artifacts as Ignition asks for them. */
export const artifactResolver: ArtifactResolver = {
  async loadArtifact(name) {
    const contract = CONTRACTS.find((known) => known === name);
    if (contract === undefined) throw new NotBuiltError(name);
    return readArtifact(contract);
  },
  // Only of use to who verifies the sources from Ignition's journal, which does not stay.
  async getBuildInfo(): Promise<undefined> {},
};

async function readArtifact(contract: ContractName): Promise<Artifact> {
  return (await read(artifactPath(contract))) as Artifact;
}

async function read(path: string): Promise<unknown> {
  const text = await readFile(new URL(path, FOLDER), "utf8").catch((cause: unknown) => {
    throw new NotBuiltError(path, { cause });
  });
  return JSON.parse(text) as unknown;
}

/** The compiler's output is gone, or was never there. */
export class NotBuiltError extends Error {
  override readonly name = "NotBuiltError";

  constructor(missing: string, options?: ErrorOptions) {
    super(`The contracts are not built: ${missing} is missing. Run "npm run build" in a clone of Assay.`, options);
  }
}
