/** The chain: whether its node answers, for the right chain, at the right time, and has on it what the record says. */
import { keccak256, type PublicClient } from "viem";

import { LOCAL_CHAIN_ID } from "../../chain/local-chain.ts";
import { connectChain } from "../../chain/rpc.ts";
import { readToken } from "../../chain/token.ts";
import { checkDeployed } from "../../deploy/read-back.ts";
import type { DeploymentRecord } from "../../deploy/record.ts";
import { CONTRACTS } from "../../deploy/settings.ts";
import { escrowAbi } from "../../protocol/abi/escrow.ts";
import { look, type Check } from "../checks.ts";
import type { Config } from "../config/schema.ts";
import { recordOf } from "../serve/settings.ts";

/** Beyond this a gateway sells nothing. */
const MOST_LAG_SECONDS = 120;
const WORRYING_SECONDS = 30;

export type Surroundings = {
  readonly client: PublicClient;
  readonly record: DeploymentRecord;
  readonly feeBps: bigint;
};

/** Checks the chain, and returns what the other checks need of it; undefined where they need not begin. */
export async function checkChain({ chain }: Config): Promise<{
  readonly checks: Check[];
  readonly found: Surroundings | undefined;
}> {
  let client: PublicClient | undefined;
  let record: DeploymentRecord | undefined;
  let feeBps: bigint | undefined;
  const node = await look("chain", async () => {
    client = await connectChain({ rpc: chain.rpc, chainId: chain.id });
    return `chain ${chain.id} at ${new URL(chain.rpc).origin}, block ${await client.getBlockNumber()}`;
  });
  const checks = [node];
  if (client === undefined) return { checks, found: undefined };
  const connected = client;
  checks.push(
    await look("clock", async () => {
      const { timestamp } = await connected.getBlock();
      return clockOf(Date.now() / 1_000 - Number(timestamp), chain.id === LOCAL_CHAIN_ID);
    }),
    await look("deployment", async () => {
      const recorded = await recordOf(chain);
      await checkCode(connected, recorded);
      await checkDeployed(connected, recorded);
      record = recorded;
      return `escrow ${recorded.contracts.Escrow.address}: code and settings are those of ${chain.deployment}`;
    }),
  );
  if (record === undefined) return { checks, found: undefined };
  const { contracts, token } = record;
  checks.push(
    await look("token", async () => {
      const { name, version, decimals } = await readToken(connected, token);
      return `${name}, version ${version}, ${decimals} decimals, at ${token}`;
    }),
    await look("escrow's fee", async () => {
      const escrow = { address: contracts.Escrow.address, abi: escrowAbi } as const;
      feeBps = await connected.readContract({ ...escrow, functionName: "FEE_BPS" });
      return feeBps === 0n ? "none" : `${Number(feeBps) / 100}% of each charge`;
    }),
  );
  return { checks, found: feeBps === undefined ? undefined : { client: connected, record, feeBps } };
}

/** @param lag Seconds by which the latest block is behind this machine's clock. */
export function clockOf(lag: number, isLocal: boolean): Omit<Check, "name"> {
  const seconds = Math.round(Math.abs(lag));
  const says = `the latest block is ${seconds} seconds ${lag < 0 ? "ahead of" : "behind"} this clock`;
  if (lag < -WORRYING_SECONDS) {
    const state = isLocal ? "warning" : "failed";
    return { state, says: `${says}. Set the clock (NTP), or ask another node.` };
  }
  // A local chain has a block when somebody sends something.
  if (isLocal || lag <= WORRYING_SECONDS) return { state: "ok", says };
  const state = lag > MOST_LAG_SECONDS ? "failed" : "warning";
  return {
    state,
    says: `${says}: nothing is sold beyond ${MOST_LAG_SECONDS}. See whether the node keeps up, and the clock.`,
  };
}

async function checkCode(client: PublicClient, { contracts }: DeploymentRecord): Promise<void> {
  for (const name of CONTRACTS) {
    const contract = contracts[name];
    if (contract === undefined) continue;
    const code = await client.getCode({ address: contract.address });
    if (code === undefined || keccak256(code) !== contract.codeHash) {
      throw new OtherCodeError(name, contract.address, code === undefined ? "no code" : "other code");
    }
  }
}

/** The chain has something else where a contract of the record should be. */
export class OtherCodeError extends Error {
  override readonly name = "OtherCodeError";

  constructor(contract: string, address: string, found: string) {
    super(
      `The record has ${contract} at ${address}, and the chain ${found} there. A local chain that was started anew ` +
        'needs "assay deploy" again; anywhere else see where record and node come from.',
    );
  }
}
