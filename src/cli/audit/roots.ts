/** The roots that a bundle's receipts are said to stand under: whether they are on chain, and of how many receipts. */
import type { Hex, PublicClient } from "viem";

import { commitmentLogAbi } from "../../protocol/abi/commitment-log.ts";
import type { Check } from "../checks.ts";
import type { Header } from "./bundle.ts";
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
  if (partial.size === 0) {
    const says = `all receipts under each of ${under.size} roots are in the bundle`;
    return { name: "completeness", state: under.size === 0 ? "unchecked" : "ok", says };
  }
  const says =
    `${partial.size} of ${under.size} roots have receipts that are not in the bundle: of before or after the period, ` +
    "or left out";
  return { name: "completeness", state: "warning", says };
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
