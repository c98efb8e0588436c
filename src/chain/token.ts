/** What a token calls itself: without that, no signature moves it. */
import { domainSeparator, isAddressEqual, parseAbi, type Address, type PublicClient } from "viem";

import { domainOf, known, type Token } from "../protocol/tokens.ts";

const ABI = parseAbi([
  "function name() view returns (string)",
  "function version() view returns (string)",
  "function decimals() view returns (uint8)",
  "function DOMAIN_SEPARATOR() view returns (bytes32)",
]);

/** Finds out how a token's authorizations are signed. */
export async function readToken(client: PublicClient, address: Address): Promise<Token> {
  const chainId = await client.getChainId();
  const usdc = known(chainId);
  if (usdc !== undefined && isAddressEqual(usdc.address, address)) return usdc;
  const contract = { address, abi: ABI } as const;
  const [name, version, decimals, separator] = await Promise.all([
    client.readContract({ ...contract, functionName: "name" }),
    client.readContract({ ...contract, functionName: "version" }),
    client.readContract({ ...contract, functionName: "decimals" }),
    client.readContract({ ...contract, functionName: "DOMAIN_SEPARATOR" }),
  ]).catch((cause: unknown) => {
    throw new NoTokenDomainError(address, "it does not say its name and version", { cause });
  });
  const token: Token = { chainId, address, decimals, name, version };
  if (domainSeparator({ domain: domainOf(token) }) !== separator) {
    throw new NoTokenDomainError(address, "it signs under another name or version than it says");
  }
  return token;
}

/** Nobody can tell how a token's authorizations are signed. */
export class NoTokenDomainError extends Error {
  override readonly name = "NoTokenDomainError";

  constructor(token: Address, reason: string, options?: ErrorOptions) {
    super(`Nobody can sign for the token ${token}: ${reason}. Pay for the tab from the token's own wallet.`, options);
  }
}
