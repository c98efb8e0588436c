/** How many blocks have to follow another before what it says is counted on. */
import { LOCAL_CHAIN_ID } from "../../chain/local-chain.ts";

/** For a chain that nobody here knows: two epochs of Ethereum, after which it is final by consensus. */
const ELSEWHERE = 64;

/** By chain id; docs/config.md gives the reason of each. */
const CONFIRMATIONS: ReadonlyMap<number, number> = new Map([
  [LOCAL_CHAIN_ID, 0],
  [1, 12],
  [11_155_111, 12],
  [10, 5],
  [8_453, 5],
  [84_532, 5],
  [11_155_420, 5],
  [42_161, 40],
  [421_614, 40],
  [137, 16],
  [80_002, 16],
]);

/** What is waited for on a chain, unless the config says otherwise. */
export function confirmationsOn(chainId: number): number {
  return CONFIRMATIONS.get(chainId) ?? ELSEWHERE;
}
