/** What an agent looks up for itself, at a node of its own choice. */
import { isAddressEqual, type Address, type PublicClient } from "viem";

import { LOCAL_CHAIN_ID } from "../chain/local-chain.ts";
import { escrowAbi } from "../protocol/abi/escrow.ts";
import { known } from "../protocol/tokens.ts";
import type { Provider } from "./messages.ts";

/** An escrow that was found to be what its provider says. */
export type Escrow = {
  readonly chainId: number;
  readonly address: Address;
  readonly feeBps: bigint;
};

/** Holds what a provider says against the chain. */
export async function checkEscrow(
  client: PublicClient,
  { chainId, escrow: address, token }: Provider,
): Promise<Escrow> {
  const actual = await client.getChainId();
  if (actual !== chainId) throw new OtherChainError(actual, chainId);
  const code = await client.getCode({ address });
  if (code === undefined) throw new NoEscrowError(address, chainId);
  const escrow = { address, abi: escrowAbi } as const;
  const [held, feeBps] = await Promise.all([
    client.readContract({ ...escrow, functionName: "TOKEN" }),
    client.readContract({ ...escrow, functionName: "FEE_BPS" }),
  ]).catch((cause: unknown) => {
    throw new NoEscrowError(address, chainId, { cause });
  });
  if (!isAddressEqual(held, token.address)) throw new OtherTokenError(token.address, held);
  checkToken(chainId, token);
  return { chainId, address, feeBps };
}

/** Off local chains the token is one that is known, and its names are those that make its signatures good. */
function checkToken(chainId: number, token: Provider["token"]): void {
  if (chainId === LOCAL_CHAIN_ID) return;
  const expected = known(chainId);
  if (expected === undefined) throw new UnknownTokenError(chainId);
  const isSame =
    isAddressEqual(expected.address, token.address) &&
    expected.name === token.name &&
    expected.version === token.version &&
    expected.decimals === token.decimals;
  if (!isSame) throw new OtherTokenError(token.address, expected.address);
}

/** The latest block, looked up anew when it is older than some seconds: one look serves many requests. */
export type Head = { readonly number: bigint; readonly timestamp: number };

const STALE = 2_000;

export function headOf(client: PublicClient): () => Promise<Head> {
  let latest: { readonly at: number; readonly head: Promise<Head> } | undefined;
  return async () => {
    if (latest === undefined || Date.now() - latest.at > STALE) {
      const head = client.getBlock({ includeTransactions: false }).then(({ number, timestamp }) => ({
        number,
        timestamp: Number(timestamp),
      }));
      latest = { at: Date.now(), head };
      head.catch(() => {
        latest = undefined;
      });
    }
    return latest.head;
  };
}

/** Now by the chain: its latest block, or this machine's clock where that is ahead. */
export async function chainTime(head: () => Promise<Head>): Promise<number> {
  const { timestamp } = await head();
  return Math.max(timestamp, Math.floor(Date.now() / 1000));
}

/** A provider is on another chain than the agent's node. */
export class OtherChainError extends Error {
  override readonly name = "OtherChainError";

  constructor(actual: number, named: number) {
    super(`The provider is on chain ${named}, and your node on ${actual}. Give a node of chain ${named}.`);
  }
}

/** There is no escrow where the provider says that it is. */
export class NoEscrowError extends Error {
  override readonly name = "NoEscrowError";

  constructor(escrow: Address, chainId: number, options?: ErrorOptions) {
    super(`There is no escrow at ${escrow} on chain ${chainId}, though the provider says so. Do not fund it.`, options);
  }
}

/** The escrow holds another token than the provider says, or one that is none of the known. */
export class OtherTokenError extends Error {
  override readonly name = "OtherTokenError";

  constructor(named: Address, expected: Address) {
    super(`The provider names the token ${named} where ${expected} is expected, by this very name and version.`);
  }
}

/** No token is known on a chain. */
export class UnknownTokenError extends Error {
  override readonly name = "UnknownTokenError";

  constructor(chainId: number) {
    super(`No token is known on chain ${chainId} that an escrow may hold. Use a chain that has USDC.`);
  }
}
