/** A chain of its own in this process, with Assay deployed on it as anywhere else. */
import { network } from "hardhat";

import { assay, groth16Verifier, testToken } from "../../src/deploy/modules.ts";
import { NO_FEE } from "../../src/deploy/settings.ts";
import type { Fee } from "../../src/deploy/settings.ts";
import type { Deployment } from "../../src/protocol/deployment.ts";
import type { VerificationKey } from "../../src/protocol/model.ts";

/** Starts a fresh chain and deploys on it: a test dollar, the escrow, the log, and a verifier for a key's phase 1. */
export async function startChain({ alpha, beta, gamma }: VerificationKey, fee: Fee = NO_FEE) {
  const connection = await network.create();
  const { token } = await connection.ignition.deploy(testToken);
  const { escrow, commitmentLog } = await connection.ignition.deploy(assay, {
    parameters: { Assay: { token: token.address, feeBps: fee.bps, feeRecipient: fee.recipient } },
  });
  const { verifier } = await connection.ignition.deploy(groth16Verifier, {
    parameters: { Groth16Verifier: { alpha, beta, gamma } },
  });
  const client = await connection.viem.getPublicClient();
  const wallets = await connection.viem.getWalletClients();
  const test = await connection.viem.getTestClient();
  const deployment: Deployment = { chainId: await client.getChainId(), escrow: escrow.address };
  return { connection, client, wallets, test, token, escrow, commitmentLog, verifier, deployment };
}

export type LocalChain = Awaited<ReturnType<typeof startChain>>;
