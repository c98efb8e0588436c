/** The file that says what was deployed on a chain, and where. */
import { randomUUID } from "node:crypto";
import { copyFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { isAddress, isHash } from "viem";
import type { Address, Hash } from "viem";

import type { Compiler } from "./artifact.ts";
import type { Arguments, ContractName } from "./settings.ts";
import { CONTRACTS } from "./settings.ts";

export type DeployedContract = {
  readonly address: Address;
  readonly arguments: Arguments;
  readonly block: number;
  /** Of the code at the address, immutables and all. */
  readonly codeHash: Hash;
  /** Of what created it, without the constructor's arguments. */
  readonly creationCodeHash: Hash;
  readonly deployer: Address;
  readonly transaction: Hash;
};

/** A deployment always has an escrow and a log; the test token and the verifiers are not everywhere. */
export type DeploymentRecord = {
  readonly chainId: number;
  readonly compiler: Compiler;
  readonly contracts: { readonly [name in ContractName]?: DeployedContract } & {
    readonly Escrow: DeployedContract;
    readonly CommitmentLog: DeployedContract;
  };
  readonly token: Address;
};

export function recordFile(folder: string, chainId: number): string {
  return join(folder, `${chainId}.json`);
}

/** The record of a chain in a folder, or undefined when nothing was deployed there. */
export async function readRecord(folder: string, chainId: number): Promise<DeploymentRecord | undefined> {
  return readRecordFile(recordFile(folder, chainId), chainId);
}

/** The record of a chain in a file, or undefined when there is no such file. */
export async function readRecordFile(file: string, chainId: number): Promise<DeploymentRecord | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return parseRecord(text, file, chainId);
}

/** Writes the record of a chain: whoever reads it sees the old one or the new one, never half of either. */
export async function writeRecord(folder: string, record: DeploymentRecord): Promise<void> {
  const file = recordFile(folder, record.chainId);
  const unfinished = `${file}.${randomUUID()}`;
  await mkdir(folder, { recursive: true });
  await writeFile(unfinished, formatRecord(record), { flush: true });
  await rename(unfinished, file);
}

/** Keeps a copy of the record that is about to be replaced, named after the block of its escrow. */
export async function archiveRecord(folder: string, { chainId, contracts }: DeploymentRecord): Promise<void> {
  await copyFile(recordFile(folder, chainId), join(folder, `${chainId}.${contracts.Escrow.block}.json`));
}

/** Sorted, so that the same deployment is always the same text. */
export function formatRecord(record: DeploymentRecord): string {
  return `${JSON.stringify(record, withSortedKeys, 2)}\n`;
}

function withSortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function parseRecord(text: string, file: string, chainId: number): DeploymentRecord {
  let record: Partial<DeploymentRecord>;
  try {
    record = (JSON.parse(text) ?? {}) as Partial<DeploymentRecord>;
  } catch (cause) {
    throw new DamagedRecordError(file, "it is not JSON", { cause });
  }
  const { contracts, token } = record;
  if (record.chainId !== chainId) throw new DamagedRecordError(file, `its chainId is not ${chainId}`);
  if (!isAddress(token ?? "")) throw new DamagedRecordError(file, "its token is no address");
  for (const name of CONTRACTS) {
    const contract = contracts?.[name];
    const isOptional = name !== "Escrow" && name !== "CommitmentLog";
    if (contract === undefined && isOptional) continue;
    if (contract === undefined || !isContract(contract)) throw new DamagedRecordError(file, `its ${name} is not whole`);
  }
  return record as DeploymentRecord;
}

function isContract(contract: DeployedContract): boolean {
  const { address, arguments: given, block, codeHash, creationCodeHash, deployer, transaction } = contract;
  return (
    [address, deployer].every((account) => isAddress(account)) &&
    typeof given === "object" &&
    Number.isSafeInteger(block) &&
    [codeHash, creationCodeHash, transaction].every((hash) => isHash(hash))
  );
}

/** A record was edited, cut off, or is of another chain. */
export class DamagedRecordError extends Error {
  override readonly name = "DamagedRecordError";
  readonly file: string;
  readonly reason: string;

  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file} is no record of a deployment: ${reason}. Restore it, or move it away to deploy anew.`, options);
    this.file = file;
    this.reason = reason;
  }
}
