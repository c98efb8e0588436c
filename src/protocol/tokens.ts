import type { Address } from "viem";

/**
 * A token that is known to do what the escrow needs: EIP-3009, and no fee on transfers.
 *
 * @example
 * ```ts
 * import type { Token } from "assay/protocol/tokens";
 *
 * const token: Token = {
 *   chainId: 31_337,
 *   address: "0x0000000000000000000000000000000000000007",
 *   decimals: 6,
 *   name: "USD Coin",
 *   version: "2",
 * };
 * console.log(token.decimals); // 6
 * ```
 */
export type Token = {
  chainId: number;
  address: Address;
  decimals: number;
  /** The name and version of its EIP-712 domain. */
  name: string;
  version: string;
};

/**
 * A token's EIP-712 domain, which authorizations are signed in.
 *
 * @example
 * ```ts
 * import { domainOf, known, type TokenDomain } from "assay/protocol/tokens";
 *
 * const usdc = known(1);
 * const domain: TokenDomain | undefined = usdc && domainOf(usdc);
 * console.log(domain?.verifyingContract); // 0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48
 * ```
 */
export type TokenDomain = { name: string; version: string; chainId: number; verifyingContract: Address };

// USDC as its issuer deployed it, never a bridge's copy. The domain's name differs between chains: under the wrong one
// every authorization is refused.
const USDC: readonly (readonly [chainId: number, name: "USD Coin" | "USDC", address: Address])[] = [
  [1, "USD Coin", "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"], // Ethereum
  [10, "USD Coin", "0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85"], // Optimism
  [137, "USD Coin", "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359"], // Polygon
  [8_453, "USD Coin", "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"], // Base
  [42_161, "USD Coin", "0xaf88d065e77c8cC2239327C5EDb3A432268e5831"], // Arbitrum One
  [80_002, "USDC", "0x41E94Eb019C0762f9Bfcf9Fb1E58725BfB0e7582"], // Polygon Amoy
  [84_532, "USDC", "0x036CbD53842c5426634e7929541eC2318f3dCF7e"], // Base Sepolia
  [421_614, "USD Coin", "0x75faf114eafb1BDbe2F0316DF893fd58CE46AA4d"], // Arbitrum Sepolia
  [11_155_111, "USDC", "0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238"], // Sepolia
  [11_155_420, "USDC", "0x5fd84259d66Cd46123540766Be93DFE6D43130D7"], // OP Sepolia
];

const KNOWN: ReadonlyMap<number, Token> = new Map(
  USDC.map(([chainId, name, address]) => [chainId, { chainId, address, decimals: 6, name, version: "2" }]),
);

/**
 * USDC on a chain, or undefined where none is known.
 *
 * @example
 * ```ts
 * import { known } from "assay/protocol/tokens";
 *
 * console.log(known(8453)?.address); // 0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913
 * ```
 */
export function known(chainId: number): Token | undefined {
  return KNOWN.get(chainId);
}

/**
 * The EIP-712 domain of a token.
 *
 * @example
 * ```ts
 * import { domainOf, known } from "assay/protocol/tokens";
 *
 * const usdc = known(84_532);
 * console.log(usdc && domainOf(usdc).name); // USDC
 * ```
 */
export function domainOf({ name, version, chainId, address }: Token): TokenDomain {
  return { name, version, chainId, verifyingContract: address };
}
