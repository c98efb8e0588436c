/** What enclaves showed of themselves: the chain keeps a hash of it, and whoever checks the attesters needs the whole. */
import type { Hex } from "viem";

import type { Evidence } from "../enclave/evidence.ts";
import { asJson, type Database } from "./database.ts";

/** Of one key: those that may still be enrolled by somebody who fetched them. */
const KEPT_PER_KEY = 200;

/** Keeps an evidence by the hash that the chain may have of it. The newest of each key are kept, and all that were enrolled. */
export async function keepEvidence(database: Database, attestation: Hex, evidence: Evidence): Promise<void> {
  const key = evidence.statement.key.toLowerCase();
  await database.query(
    "INSERT INTO assay.evidence (attestation, key, evidence) VALUES ($1, $2, $3::jsonb) ON CONFLICT DO NOTHING",
    [attestation, key, asJson(evidence)],
  );
  await database.query(
    "DELETE FROM assay.evidence WHERE key = $1 AND NOT is_enrolled AND attestation NOT IN " +
      `(SELECT attestation FROM assay.evidence WHERE key = $1 ORDER BY shown_at DESC LIMIT ${KEPT_PER_KEY})`,
    [key],
  );
}

/** Marks what a key was enrolled by, so that it stays. */
export async function noteEnrolled(database: Database, attestation: Hex): Promise<void> {
  await database.query("UPDATE assay.evidence SET is_enrolled = true WHERE attestation = $1", [attestation]);
}

export async function findEvidence(database: Database, attestation: Hex): Promise<Evidence | undefined> {
  const [row] = await database.query<{ evidence: Evidence }>(
    "SELECT evidence FROM assay.evidence WHERE attestation = $1",
    [attestation],
  );
  return row?.evidence;
}
