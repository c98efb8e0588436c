/** Where Assay is on a chain, as somebody wrote it down here: what strangers' files and gateways are held against. */
import { readRecordFile, recordFile, type DeploymentRecord } from "../deploy/record.ts";
import type { Config } from "./config/schema.ts";

const RECORDS = "deployments";

/** The record of a chain, where the config says that it is or where "assay deploy" writes it; undefined without one. */
export async function recordNear(config: Config | undefined, chainId: number): Promise<DeploymentRecord | undefined> {
  const file = config?.chain.id === chainId ? config.chain.deployment : recordFile(RECORDS, chainId);
  return readRecordFile(file, chainId);
}
