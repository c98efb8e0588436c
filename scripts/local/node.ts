/** A node that answers on loopback, with Assay deployed on it by the same command that deploys anywhere. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { network } from "hardhat";

import { deploy } from "../../src/deploy/deploy.ts";
import type { DeploymentRecord } from "../../src/deploy/record.ts";
import type { Deployment } from "../../src/protocol/deployment.ts";
import { account } from "./market.ts";

/** Who vouches for enclaves here. */
export const ATTESTER = account(9);

/** Starts the node and deploys on it. `stop` ends both the connection and the node. */
export async function startNode() {
  const node = await network.createServer("default", "127.0.0.1", 0);
  const { address, port } = await node.listen();
  const url = `http://${address}:${port}`;
  const { contracts, token: tokenAddress, chainId } = await deployed(url);
  const { Groth16Verifier, EnclaveVerifier } = contracts;
  if (Groth16Verifier === undefined || EnclaveVerifier === undefined) throw new NoVerifierError(chainId);

  const connection = await network.create({ network: "localhost", override: { url } });
  const { viem } = connection;
  const deployment: Deployment = { chainId, escrow: contracts.Escrow.address };
  return {
    url,
    deployment,
    client: await viem.getPublicClient(),
    test: await viem.getTestClient(),
    token: await viem.getContractAt("TestUSDC", tokenAddress),
    escrow: await viem.getContractAt("Escrow", contracts.Escrow.address),
    verifier: await viem.getContractAt("Groth16Verifier", Groth16Verifier.address),
    enclaveVerifier: await viem.getContractAt("EnclaveVerifier", EnclaveVerifier.address),
    commitmentLog: contracts.CommitmentLog.address,
    async stop() {
      await connection.close();
      await node.close();
    },
  };
}

/** The node forgets everything at its end, so its record is not kept. */
async function deployed(rpc: string): Promise<DeploymentRecord> {
  const folder = await mkdtemp(join(tmpdir(), "assay-demo-"));
  try {
    const attesters = { accounts: [ATTESTER.address], threshold: 1 };
    const { record } = await deploy({ rpc, folder, attesters });
    return record;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The chain that was started is not taken for a local one. */
export class NoVerifierError extends Error {
  override readonly name = "NoVerifierError";
  constructor(chainId: number) {
    super(`Chain ${chainId} got no verifier for the development phase 1. The demo runs on a local chain alone.`);
  }
}
