/** The roots that a bundle's receipts are said to stand under: whether they are on chain, and of how many receipts. */
import type { Hex, PublicClient } from "viem";

import { commitmentLogAbi } from "../../protocol/abi/commitment-log.ts";
import type { Check } from "../checks.ts";
import type { Header } from "./bundle.ts";
import { rootsOf } from "./period-roots.ts";
import { EntryError, type Tally } from "./tally.ts";

export type RootOptions = { readonly client: PublicClient; readonly header: Header; readonly tally: Tally };

/**
 * Checks each root, and says whether receipts under them are missing from the bundle.
 *
 * @param under How many receipts of the bundle stand under a root.
 */
export async function checkRoots(under: ReadonlyMap<Hex, number>, options: RootOptions): Promise<Check> {
  const { tally } = options;
  const partial = new Set<Hex>();
  const check = async (root: Hex, found: number): Promise<void> => {
    const { time, count } = await committed(root, options);
    if (time === 0n) throw new EntryError("the provider did not commit to it");
    if (count < BigInt(found)) {
      throw new EntryError(`it is of ${count} receipts, and ${found} are said to be under it`);
    }
    if (count > BigInt(found)) partial.add(root);
  };
  for (const [root, found] of under) await tally.of("roots", root, async () => check(root, found));
  const name = "completeness";
  const committedTo = await rootsOf(options.client, options.header);
  const missing = [...(committedTo ?? [])].filter((root) => !under.has(root));
  if (partial.size > 0 || missing.length > 0) {
    const says =
      `Of ${under.size} roots in the bundle, ${partial.size} have receipts that are not in it, and ${missing.length} that ` +
      "were committed to in the period are not in it at all: of answers before or after it, or left out.";
    return { name, state: "warning", says };
  }
  if (committedTo === undefined) {
    const says = "The period has too many blocks to search for other commitments. Check bundles of shorter ones.";
    return { name, state: "unchecked", says };
  }
  if (under.size === 0) return { name, state: "unchecked", says: "The provider committed to nothing in the period." };
  const says = `all receipts under each of ${under.size} roots are in the bundle, and no other was committed to`;
  return { name, state: "ok", says };
}

async function committed(root: Hex, { client, header }: RootOptions) {
  const { provider, commitmentLog } = header;
  const contract = { address: commitmentLog, abi: commitmentLogAbi } as const;
  const args = [provider, root] as const;
  const [time, count] = await Promise.all([
    client.readContract({ ...contract, functionName: "committedAt", args }),
    client.readContract({ ...contract, functionName: "countOf", args }),
  ]);
  return { time, count };
}
