/** Where Ignition writes down each step before it takes it, so that a deployment that was killed can continue. */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { creationCodeHash } from "./artifact.ts";
import type { Chain } from "./chain.ts";
import { formatRecord } from "./record.ts";
import type { DeploymentRecord } from "./record.ts";
import { argumentsOf } from "./settings.ts";
import type { ContractName, Settings } from "./settings.ts";

/**
 * The folder of one deployment's journal. Its name is a hash of all that makes the deployment what it is, so that only
 * the very same one finds it again; it ends with its being recorded, as the next one has another record before it.
 */
export async function journalFolder(
  folder: string,
  chain: Chain,
  contracts: readonly ContractName[],
  settings: Settings,
  before: DeploymentRecord | undefined,
): Promise<string> {
  const { chainId, isLocal, deployer, client } = chain;
  // Blocks of a local chain are gone when it restarts, and its first one then has another hash.
  const genesis = isLocal ? (await client.getBlock({ blockNumber: 0n })).hash : null;
  const codes = await Promise.all(contracts.map(creationCodeHash));
  const parts = contracts.map((name, index) => [name, codes[index], argumentsOf(name, settings)]);
  const identity = [genesis, deployer, parts, before === undefined ? null : formatRecord(before)];
  const hash = createHash("sha256").update(JSON.stringify(identity)).digest("hex");
  return join(folder, `${chainId}-${hash.slice(0, 16)}.unfinished`);
}

/** Forgets a journal whose deployment was recorded. */
export async function removeJournal(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
