/** What ether costs, so that fees in dollars can be compared with gas in ether. */
import { parseAbi, type Address, type PublicClient } from "viem";

export type PriceSource =
  | { readonly kind: "fixed"; readonly usdPerEther: number }
  /** A contract on the same chain that answers `latestRoundData` and `decimals`. */
  | { readonly kind: "feed"; readonly address: Address; readonly maxAgeSeconds?: number }
  /** For who settles at any price: a provider's own prover, since a penalty would cost more. */
  | { readonly kind: "none" };

/** Token units, of which a dollar has ten to the `decimals`, that an amount of wei is worth; rounded up. */
export type Exchange = (wei: bigint) => bigint;

const FEED = parseAbi([
  "function decimals() view returns (uint8)",
  "function latestRoundData() view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)",
]);
/** Feeds of large chains answer anew once an hour at the latest. */
const MAX_AGE_SECONDS = 2 * 3_600;
const FIXED_DECIMALS = 8;
const WEI_DECIMALS = 18;

/** Today's exchange; undefined where none is asked for. Rejects with PriceRefusedError where it is not known. */
export async function exchangeOf(
  source: PriceSource,
  client: PublicClient,
  tokenDecimals: number,
): Promise<Exchange | undefined> {
  switch (source.kind) {
    case "none":
      return undefined;
    case "fixed":
      return exchangeAt(fixedPrice(source.usdPerEther), FIXED_DECIMALS, tokenDecimals);
    case "feed": {
      const { price, decimals } = await readFeed(source, client);
      return exchangeAt(price, decimals, tokenDecimals);
    }
  }
}

function fixedPrice(usdPerEther: number): bigint {
  const price = Number.isFinite(usdPerEther) ? BigInt(Math.round(usdPerEther * 10 ** FIXED_DECIMALS)) : 0n;
  if (price <= 0n) throw new PriceRefusedError(`the fixed price is ${usdPerEther}, and has to be positive`);
  return price;
}

async function readFeed(
  { address, maxAgeSeconds = MAX_AGE_SECONDS }: Extract<PriceSource, { kind: "feed" }>,
  client: PublicClient,
): Promise<{ price: bigint; decimals: number }> {
  const contract = { address, abi: FEED } as const;
  const [decimals, [, price, , updatedAt], { timestamp }] = await Promise.all([
    client.readContract({ ...contract, functionName: "decimals" }),
    client.readContract({ ...contract, functionName: "latestRoundData" }),
    client.getBlock(),
  ]).catch((cause: unknown) => {
    throw new PriceRefusedError(`no price feed answers at ${address}`, { cause });
  });
  if (price <= 0n) throw new PriceRefusedError(`the feed at ${address} answers ${price}`);
  const age = timestamp - updatedAt;
  if (updatedAt === 0n || age > BigInt(maxAgeSeconds)) {
    throw new PriceRefusedError(`the feed at ${address} is ${age} seconds old, and ${maxAgeSeconds} are allowed`);
  }
  return { price, decimals };
}

function exchangeAt(price: bigint, decimals: number, tokenDecimals: number): Exchange {
  const units = 10n ** BigInt(tokenDecimals) * price;
  const per = 10n ** BigInt(WEI_DECIMALS + decimals);
  return (wei) => (wei * units + per - 1n) / per;
}

/** There is no price of ether to count with. */
export class PriceRefusedError extends Error {
  override readonly name = "PriceRefusedError";

  constructor(reason: string, options?: ErrorOptions) {
    super(`There is no price of ether to count with: ${reason}. Name another source, or give a fixed price.`, options);
  }
}
