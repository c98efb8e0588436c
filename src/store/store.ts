/** Everything that a provider keeps: one database for its journal, its queue and what it knows of the chain. */
import { randomBytes } from "node:crypto";

import { isAddressEqual, type Address, type Hex } from "viem";

import type { Deployment } from "../protocol/deployment.ts";
import { openDatabase, type Database, type StoreLocation } from "./database.ts";
import { openJobs, type JobQueue } from "./jobs.ts";
import { openJournal, type Journal, type JournalRules } from "./journal.ts";
import { migrate } from "./schema.ts";

export type Store = {
  readonly database: Database;
  readonly journal: Journal;
  readonly jobs: JobQueue;
  /** Whose promises these are. */
  readonly provider: Address;
  /** What quotes are authenticated with, on every gateway of this provider. */
  readonly quoteKey: Hex;
  readonly close: () => Promise<void>;
};

export type StoreOptions = {
  readonly location: StoreLocation;
  readonly deployment: Deployment;
  /** Whose it is; a prover that joins a provider's store takes that from the store. */
  readonly provider?: Address;
  readonly rules: JournalRules;
  readonly onError: (error: Error) => void;
};

/** Opens a provider's store, and makes its tables where there are none. A store belongs to one provider on one escrow. */
export async function openStore({ location, deployment, provider, rules, onError }: StoreOptions): Promise<Store> {
  const database = await openDatabase(location);
  try {
    await migrate(database);
    const identity = await checkIdentity(database, deployment, provider);
    const jobs = await openJobs(database, onError);
    return {
      database,
      journal: openJournal(database, rules),
      jobs,
      ...identity,
      async close() {
        await jobs.stop();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function checkIdentity(
  database: Database,
  { chainId, escrow }: Deployment,
  provider: Address | undefined,
): Promise<Pick<Store, "provider" | "quoteKey">> {
  if (provider !== undefined) {
    await database.query(
      "INSERT INTO assay.identity (chain_id, escrow, provider, quote_key) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
      [chainId, escrow, provider, `0x${randomBytes(32).toString("hex")}`],
    );
  }
  const [row] = await database.query<{ chain_id: string; escrow: Address; provider: Address; quote_key: Hex }>(
    "SELECT chain_id, escrow, provider, quote_key FROM assay.identity",
  );
  if (row === undefined) throw new EmptyStoreError();
  const isOurs =
    Number(row.chain_id) === chainId &&
    isAddressEqual(row.escrow, escrow) &&
    isAddressEqual(row.provider, provider ?? row.provider);
  if (!isOurs) throw new OtherStoreError(row.provider, `escrow ${row.escrow} of chain ${row.chain_id}`);
  return { provider: row.provider, quoteKey: row.quote_key };
}

/** A prover was pointed at a store that no gateway has used. */
export class EmptyStoreError extends Error {
  override readonly name = "EmptyStoreError";

  constructor() {
    super(
      "No gateway has used this store yet, so there is nothing to prove. Check the database's name, or start a gateway.",
    );
  }
}

/** A store is another provider's, or of another escrow. */
export class OtherStoreError extends Error {
  override readonly name = "OtherStoreError";

  constructor(provider: string, escrow: string) {
    super(
      `This store belongs to provider ${provider} on ${escrow}. Name another folder or database: what one promised ` +
        "says nothing of what another can.",
    );
  }
}
