/** What the compiler made of the contracts, as far as a deployment has to know it. */
import { readFile } from "node:fs/promises";

import { artifacts } from "hardhat";
import { keccak256 } from "viem";
import type { Hash, Hex } from "viem";

import type { ContractName } from "./settings.ts";

/** What decides the code, next to the sources. */
export type Compiler = {
  readonly version: string;
  readonly evmVersion: string;
  readonly optimizerRuns: number;
  readonly viaIR: boolean;
};

type BuildInfo = {
  readonly solcLongVersion: string;
  readonly input: {
    readonly settings: {
      readonly evmVersion: string;
      readonly viaIR: boolean;
      readonly optimizer: { readonly runs: number };
    };
  };
};

/** The hash of a contract's creation code, without the constructor's arguments. */
export async function creationCodeHash(contract: ContractName): Promise<Hash> {
  const { bytecode } = await artifacts.readArtifact(contract);
  return keccak256(bytecode as Hex);
}

/** The compiler that made the artifacts. */
export async function compiler(): Promise<Compiler> {
  const id = await artifacts.getBuildInfoId("Escrow");
  const path = id === undefined ? undefined : await artifacts.getBuildInfoPath(id);
  if (path === undefined) throw new NotBuiltError();
  const { solcLongVersion, input } = JSON.parse(await readFile(path, "utf8")) as BuildInfo;
  const { evmVersion, optimizer, viaIR } = input.settings;
  return { version: solcLongVersion, evmVersion, optimizerRuns: optimizer.runs, viaIR };
}

/** The compiler's output is gone, or was never there. */
export class NotBuiltError extends Error {
  override readonly name = "NotBuiltError";

  constructor() {
    super('The contracts are not built. Run "npm run build".');
  }
}
