/** From a config and a deployment's record to what a gateway and a prover are started with. */
import type { Address, Hex } from "viem";

import { LOCAL_CHAIN_ID } from "../../chain/local-chain.ts";
import { connectChain } from "../../chain/rpc.ts";
import { readToken } from "../../chain/token.ts";
import { readRecordFile, type DeploymentRecord } from "../../deploy/record.ts";
import type { AttestedSale, GatewaySettings, Sale } from "../../gateway/settings.ts";
import type { Config, ProverConfig, ProviderConfig } from "../config/schema.ts";
import type { ProvingSettings } from "./provider.ts";

const LOCAL_POLL_MS = 200;
const POLL_MS = 1000;
const LOCAL_WAIT_SECONDS = 5;
const WAIT_SECONDS = 60;
/** Many times the pause between blocks of any chain, and short beside the least deadline. */
const MOST_LAG_SECONDS = 120;

export async function gatewaySettings(
  { chain, store }: Config,
  provider: ProviderConfig,
  privateKey: Hex,
): Promise<GatewaySettings> {
  const record = await recordOf(chain);
  const client = await connectChain({ rpc: chain.rpc, chainId: chain.id });
  const isLocal = chain.id === LOCAL_CHAIN_ID;
  const { models, enclaves, listen, publicUrl, stake, leastTopUp, limits, commitEverySeconds } = provider;
  return {
    rpc: chain.rpc,
    deployment: { chainId: chain.id, escrow: record.contracts.Escrow.address },
    commitmentLog: record.contracts.CommitmentLog.address,
    token: await readToken(client, record.token),
    fromBlock: record.contracts.Escrow.block,
    confirmations: chain.confirmations,
    privateKey,
    store,
    sales: models.map((model): Sale => Object.assign(model, { verifier: verifierOf(record, chain.deployment) })),
    enclaves: enclaves.map((enclave): AttestedSale =>
      Object.assign(enclave, { verifier: enclaveVerifierOf(record, chain.deployment) }),
    ),
    listen,
    ...(publicUrl !== undefined && { publicUrl }),
    ...(stake !== undefined && { stake }),
    leastTopUp,
    limits,
    commitEverySeconds,
    pollMs: isLocal ? LOCAL_POLL_MS : POLL_MS,
    ...(!isLocal && { mostLagSeconds: MOST_LAG_SECONDS }),
  };
}

export function provingSettings(
  { engine, workers, batchSize, maxWaitSeconds, price }: ProverConfig,
  chainId: number,
  privateKey: Hex | undefined,
): ProvingSettings {
  const isLocal = chainId === LOCAL_CHAIN_ID;
  return {
    program: engine,
    ...(workers !== undefined && { workers }),
    // Gas costs nothing on a local chain, and whoever tries one waits for what happens.
    limits: { batchSize, maxWaitSeconds: maxWaitSeconds ?? (isLocal ? LOCAL_WAIT_SECONDS : WAIT_SECONDS) },
    prices: price,
    ...(privateKey !== undefined && { privateKey }),
    pollMs: isLocal ? LOCAL_POLL_MS : POLL_MS,
  };
}

export async function recordOf({ id, deployment }: Config["chain"]): Promise<DeploymentRecord> {
  const record = await readRecordFile(deployment, id);
  if (record === undefined) throw new NotDeployedError(deployment, id);
  return record;
}

export function verifierOf({ contracts, chainId }: DeploymentRecord, file: string): Address {
  if (contracts.Groth16Verifier === undefined) throw new NoVerifierRecordedError(file, chainId);
  return contracts.Groth16Verifier.address;
}

export function enclaveVerifierOf({ contracts, chainId }: DeploymentRecord, file: string): Address {
  if (contracts.EnclaveVerifier === undefined) throw new NoEnclaveVerifierRecordedError(file, chainId);
  return contracts.EnclaveVerifier.address;
}

/** Nobody wrote down where Assay is on a chain. */
export class NotDeployedError extends Error {
  override readonly name = "NotDeployedError";

  constructor(file: string, chainId: number) {
    super(`There is no record of a deployment on chain ${chainId} at ${file}. Run "assay deploy", or name the record.`);
  }
}

/** A deployment has no verifier for proofs. */
export class NoVerifierRecordedError extends Error {
  override readonly name = "NoVerifierRecordedError";

  constructor(file: string, chainId: number) {
    super(
      `The deployment on chain ${chainId} (${file}) has no Groth16Verifier. Run "assay deploy" again with --phase1, and ` +
        "then publish the models.",
    );
  }
}

/** A deployment has no verifier for enclaves' answers. */
export class NoEnclaveVerifierRecordedError extends Error {
  override readonly name = "NoEnclaveVerifierRecordedError";

  constructor(file: string, chainId: number) {
    super(
      `The deployment on chain ${chainId} (${file}) has no EnclaveVerifier. Run "assay deploy" again with attesters, and ` +
        "then have the enclaves' keys enrolled.",
    );
  }
}
