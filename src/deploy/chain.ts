/** The chain that is deployed on, over JSON-RPC, and the account that pays for it. */
import type { EIP1193Provider } from "@nomicfoundation/ignition-core";
import { getAddress } from "viem";
import type { Address, Hex, PublicClient } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { LOCAL_CHAIN_ID } from "../chain/local-chain.ts";
import { connectChain } from "../chain/rpc.ts";
import { providerOf } from "./provider.ts";

/** A chain, and who deploys on it. */
export type Chain = {
  readonly provider: EIP1193Provider;
  readonly client: PublicClient;
  readonly chainId: number;
  readonly isLocal: boolean;
  readonly deployer: Address;
};

/**
 * Connects to a chain.
 *
 * @param privateKey The account that deploys; only a local chain lends one of its own.
 */
export async function connect(rpc: string, privateKey: Hex | undefined): Promise<Chain> {
  const client = await connectChain({ rpc });
  const chainId = await client.getChainId();
  const provider = providerOf(client, chainId, privateKey);
  const isLocal = chainId === LOCAL_CHAIN_ID;
  const deployer = privateKey === undefined ? await lentAccount() : privateKeyToAddress(privateKey);
  if (deployer === undefined || (privateKey === undefined && !isLocal)) throw new NoAccountError(chainId);
  if ((await client.getBalance({ address: deployer })) === 0n) throw new EmptyAccountError(deployer, chainId);
  return { provider, client, chainId, isLocal, deployer };

  async function lentAccount(): Promise<Address | undefined> {
    const [first] = (await provider.request({ method: "eth_accounts" })) as Address[];
    return first === undefined ? undefined : getAddress(first);
  }
}

/** A chain that is not local was to be deployed on without an account. */
export class NoAccountError extends Error {
  override readonly name = "NoAccountError";
  readonly chainId: number;

  constructor(chainId: number) {
    super(
      `Chain ${chainId} needs an account that pays for the deployment, and none was given. Give --keystore FILE, or ` +
        "set ASSAY_PRIVATE_KEY.",
    );
    this.chainId = chainId;
  }
}

/** The account cannot pay for a single transaction. */
export class EmptyAccountError extends Error {
  override readonly name = "EmptyAccountError";
  readonly account: Address;

  constructor(account: Address, chainId: number) {
    super(`${account} has nothing on chain ${chainId} to pay for gas with. Send it some of the chain's coin first.`);
    this.account = account;
  }
}
