import { network } from "hardhat";
import { zeroAddress } from "viem";
import { privateKeyToAccount, type PrivateKeyAccount } from "viem/accounts";

import type { Deployment } from "../../src/protocol/deployment.ts";
import type { Receipt } from "../../src/protocol/receipt.ts";
import type { Request } from "../../src/protocol/request.ts";
import type { TokenDomain } from "../../src/protocol/tokens.ts";
import type { Random } from "./random.ts";

/** How often each function of the library is compared with the contracts. */
export const RUNS = 200;

/** A chain of its own with an escrow, its token, the harness of what no contract exposes, and who sends transactions. */
export async function deployProtocol() {
  const { viem } = await network.create();
  const client = await viem.getPublicClient();
  const [sender = zeroAddress] = (await viem.getWalletClients()).map((wallet) => wallet.account.address);
  const token = await viem.deployContract("TestUSDC");
  const escrow = await viem.deployContract("Escrow", [token.address, 0n, zeroAddress]);
  const harness = await viem.deployContract("ProtocolHarness");
  const deployment: Deployment = { chainId: await client.getChainId(), escrow: escrow.address };
  const tokenDomain: TokenDomain = {
    name: await token.read.name(),
    version: await token.read.version(),
    chainId: deployment.chainId,
    verifyingContract: token.address,
  };
  return { viem, client, sender, token, escrow, harness, deployment, tokenDomain };
}

export function randomAccount(random: Random): PrivateKeyAccount {
  // Zero is no key, and so is what is not below the curve's order.
  return privateKeyToAccount(`0x7f${random.bytes32().slice(4)}`);
}

export function randomRequest(random: Random): Request {
  return {
    payer: random.address(),
    provider: random.address(),
    verifier: random.address(),
    consumer: random.address(),
    model: random.bytes32(),
    input: random.bytes32(),
    price: random.uint(96),
    proverFee: random.uint(96),
    penalty: random.uint(96),
    deadline: Number(random.uint(40)),
    locked: random.below(2) === 1,
    nonce: random.uint(256),
  };
}

export function randomReceipt(random: Random): Receipt {
  return { request: random.bytes32(), output: random.bytes32(), charge: random.uint(96) };
}
