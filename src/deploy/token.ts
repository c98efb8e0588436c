/** Which token the escrow will hold, and whether it can. */
import { getAddress, zeroAddress, zeroHash } from "viem";
import type { Address } from "viem";

import { erc20MetadataAbi } from "../protocol/abi/erc20-metadata.ts";
import { erc3009Abi } from "../protocol/abi/erc3009.ts";
import { known } from "../protocol/tokens.ts";
import type { Chain } from "./chain.ts";

/** Prices are in millionths of a dollar, everywhere. */
export const TOKEN_DECIMALS = 6;

/**
 * The token that was asked for, or else the chain's USDC; undefined on a local chain, which gets a test token. Either
 * must have code, six decimals and EIP-3009.
 */
export async function chooseToken(chain: Chain, asked: Address | undefined): Promise<Address | undefined> {
  const address = asked ?? known(chain.chainId)?.address;
  if (address === undefined && !chain.isLocal) throw new NoKnownTokenError(chain.chainId);
  if (address !== undefined) await checkToken(chain, address);
  return address === undefined ? undefined : getAddress(address);
}

async function checkToken({ client }: Chain, address: Address): Promise<void> {
  /** What the token answers, or undefined if it has no such function. */
  const answerOf = async <T>(call: Promise<T>): Promise<T | undefined> => {
    try {
      return await call;
    } catch {
      // Throws if it was the chain, and not the token, that did not answer.
      await client.getChainId();
      return undefined;
    }
  };

  if ((await client.getCode({ address })) === undefined) throw new TokenWithoutCodeError(address);
  const decimals = await answerOf(client.readContract({ address, abi: erc20MetadataAbi, functionName: "decimals" }));
  if (decimals !== TOKEN_DECIMALS) throw new WrongDecimalsError(address, decimals);
  const isUsed = await answerOf(
    client.readContract({
      address,
      abi: erc3009Abi,
      functionName: "authorizationState",
      args: [zeroAddress, zeroHash],
    }),
  );
  if (isUsed === undefined) throw new NoAuthorizationsError(address);
}

/** A chain without a known USDC, and no token was given. */
export class NoKnownTokenError extends Error {
  override readonly name = "NoKnownTokenError";
  readonly chainId: number;

  constructor(chainId: number) {
    super(`No USDC is known on chain ${chainId}. Give the token that the escrow shall hold with --token ADDRESS.`);
    this.chainId = chainId;
  }
}

/** There is no contract where the token should be. */
export class TokenWithoutCodeError extends Error {
  override readonly name = "TokenWithoutCodeError";
  readonly token: Address;

  constructor(token: Address) {
    super(`The token must be a contract, and ${token} has no code on this chain. Is it the address on another chain?`);
    this.token = token;
  }
}

/** The token counts in other units than prices do. */
export class WrongDecimalsError extends Error {
  override readonly name = "WrongDecimalsError";
  readonly token: Address;
  readonly decimals: number | undefined;

  constructor(token: Address, decimals: number | undefined) {
    super(
      `The token must have ${TOKEN_DECIMALS} decimals, and ${token} ` +
        `${decimals === undefined ? "does not say how many it has" : `has ${decimals}`}. Give another token.`,
    );
    this.token = token;
    this.decimals = decimals;
  }
}

/** The token cannot be moved by a signature, which tabs and vaults live on. */
export class NoAuthorizationsError extends Error {
  override readonly name = "NoAuthorizationsError";
  readonly token: Address;

  constructor(token: Address) {
    super(
      `The token must implement EIP-3009, and ${token} does not answer authorizationState. Give another token: ` +
        "bridged copies of USDC often lack it.",
    );
    this.token = token;
  }
}
