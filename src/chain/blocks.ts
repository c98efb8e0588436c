/** Blocks that were taken in, kept to notice when the chain reorganises. */
import { BlockNotFoundError, type Hex, type PublicClient } from "viem";

export type Block = { readonly number: number; readonly hash: Hex; readonly timestamp: number };

/** Recent blocks that were taken in, oldest first; empty before the first step. Persisted by the caller, in the same transaction as what it made of the step. */
export type Cursor = readonly Block[];

/** A block as the node shows it, with what ties it to its parent and to its logs. */
export type Header = Block & { readonly parent: Hex; readonly bloom: Hex };

/** How many blocks are asked for at the same time. */
const AT_ONCE = 16;

/** What the node shows at a height, or undefined if it shows nothing there (yet). */
export async function headerAt(client: PublicClient, height: number | "latest"): Promise<Header | undefined> {
  try {
    const at = height === "latest" ? { blockTag: height } : { blockNumber: BigInt(height) };
    const { number, hash, timestamp, parentHash, logsBloom } = await client.getBlock(at);
    // A pending block has neither; a node that shows one here has nothing to count on yet.
    if (typeof number !== "bigint" || typeof hash !== "string") return undefined;
    return {
      number: Number(number),
      hash,
      timestamp: Number(timestamp),
      parent: parentHash,
      bloom: logsBloom ?? NO_BLOOM,
    };
  } catch (error) {
    if (error instanceof BlockNotFoundError) return undefined;
    throw error;
  }
}

const NO_BLOOM: Hex = `0x${"00".repeat(256)}`;

/** What the node shows at these heights, or undefined if it shows nothing at one of them. */
export async function headersAt(
  client: PublicClient,
  heights: readonly number[],
): Promise<readonly Header[] | undefined> {
  const headers: Header[] = [];
  for (let start = 0; start < heights.length; start += AT_ONCE) {
    const some = await Promise.all(
      heights.slice(start, start + AT_ONCE).map(async (height) => headerAt(client, height)),
    );
    for (const header of some) {
      if (header === undefined) return undefined;
      headers.push(header);
    }
  }
  return headers;
}

/** How many of the latest blocks are kept without a gap: reorganisations are hardly ever deeper. */
export function windowOf(depth: number): number {
  return Math.max(2 * depth, 64);
}

/**
 * All of the latest blocks, and ever fewer of those before: about four each time the distance doubles.
 *
 * Which ones stay depends on their heights alone and nests, so that thinning out again and again leaves no growing gap.
 */
export function thinOut(blocks: Cursor, window: number): Cursor {
  const head = blocks.at(-1)?.number ?? 0;
  const taken = new Set<string>();
  return blocks.filter(({ number }) => {
    const distance = head - number;
    if (distance < window) return true;
    const width = (window / 4) * 2 ** Math.floor(Math.log2(distance / window));
    const bucket = `${width}:${Math.floor(number / width)}`;
    if (taken.has(bucket)) return false;
    taken.add(bucket);
    return true;
  });
}

/** What is left of a header when it was taken in. */
export function blockOf({ number, hash, timestamp }: Block): Block {
  return { number, hash, timestamp };
}
