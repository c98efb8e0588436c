/** Deploys Assay on a chain, or finds it deployed. */
import { getAddress } from "viem";
import type { Address, Hex } from "viem";

import { chooseAttesters } from "./attesters.ts";
import type { Attesters } from "./attesters.ts";
import { connect } from "./chain.ts";
import { ignite } from "./ignite.ts";
import type { Progress } from "./ignite.ts";
import { journalFolder, removeJournal } from "./journal.ts";
import { outcomeOf } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { choosePhase1 } from "./phase1.ts";
import type { Phase1 } from "./phase1.ts";
import { checkDeployed } from "./read-back.ts";
import { archiveRecord, readRecord, recordFile, writeRecord } from "./record.ts";
import { isStillThere, missingFrom } from "./recorded.ts";
import { contractsOf, NO_FEE } from "./settings.ts";
import type { ContractName, Fee, Settings } from "./settings.ts";
import { chooseToken } from "./token.ts";

export type DeployOptions = {
  /** The address of the chain's node. */
  readonly rpc: string;
  /** Where the record is, or will be. */
  readonly folder: string;
  /** The account that deploys. A local chain lends its first. */
  readonly privateKey?: Hex | undefined;
  /** By default a local chain gets a test token, and any other uses its USDC. */
  readonly token?: Address | undefined;
  readonly fee?: Fee | undefined;
  /** By default a local chain gets a verifier for development, and any other gets none. */
  readonly phase1?: Phase1 | undefined;
  /** Without them there is no verifier of enclaves' answers. */
  readonly attesters?: Attesters | undefined;
  /** Whether a deployment that is recorded already counts, or is replaced by another. */
  readonly recorded?: "keep" | "replace";
  /** Asked before the first transaction on a chain that is not local. */
  readonly confirm?: (plan: Plan) => Promise<boolean>;
  /** Advanced `STEPS` times, or not to its end when there is nothing to deploy. */
  readonly progress?: Progress;
};

/** What is about to be deployed. */
export type Plan = {
  readonly chainId: number;
  readonly deployer: Address;
  readonly contracts: readonly ContractName[];
  readonly settings: Settings;
};

/** What is deployed, and in which file it is recorded. */
export type Deployed = Outcome & { readonly file: string };

export const STEPS = 7;

const UNSEEN: Progress = { advance() {}, note() {} };

/**
 * Deploys what is missing, and records it. Doing so again deploys nothing; after it was killed half-way, it goes on.
 */
export async function deploy(options: DeployOptions): Promise<Deployed> {
  const attesters = chooseAttesters(options.attesters);
  const chain = await connect(options.rpc, options.privateKey);
  const { folder, fee = NO_FEE, recorded = "keep", progress = UNSEEN } = options;
  progress.note("looking at the chain");
  const file = recordFile(folder, chain.chainId);
  const before = await readRecord(folder, chain.chainId);
  const kept = before !== undefined && recorded === "keep" && (await isStillThere(chain, before)) ? before : undefined;
  const token = await chooseToken(chain, options.token);
  progress.advance();
  const phase1 = choosePhase1(chain, options.phase1);
  progress.advance();

  const settings = { token, fee: { bps: fee.bps, recipient: getAddress(fee.recipient) }, phase1, attesters };
  const contracts = kept === undefined ? contractsOf(settings) : await missingFrom(kept, settings);
  if (kept !== undefined && contracts.length === 0) {
    await checkDeployed(chain.client, kept);
    return { file, record: kept, costs: new Map() };
  }
  const plan = { chainId: chain.chainId, deployer: chain.deployer, contracts, settings };
  if (!chain.isLocal && options.confirm && !(await options.confirm(plan))) throw new NotConfirmedError();

  const journal = await journalFolder(folder, chain, contracts, settings, before);
  const placed = await ignite(chain, journal, contracts, settings, progress);
  progress.note("reading back");
  const { record, costs } = await outcomeOf(chain, settings, placed, kept);
  await checkDeployed(chain.client, record);
  if (before !== undefined && recorded === "replace") await archiveRecord(folder, before);
  await writeRecord(folder, record);
  await removeJournal(journal);
  progress.advance();
  return { file, record, costs };
}

/** Whoever was asked said no. */
export class NotConfirmedError extends Error {
  override readonly name = "NotConfirmedError";

  constructor() {
    super("Nothing was deployed, because you did not say yes.");
  }
}
