/** Where all the money is at the end, to the unit. */
import type { Address } from "viem";

import { readLedger } from "../local/ledger.ts";
import type { Stage } from "./stage.ts";
import type { Story } from "./story.ts";
import { dollars } from "./words.ts";

/** What the escrow holds, and what it owes to everyone whom its events name. */
export type Books = { readonly held: bigint; readonly owed: bigint };

const PEOPLE = [
  ["agent", "the agent"],
  ["client", "the stock client"],
  ["provider", "the honest provider"],
  ["prover", "its prover"],
  ["sleeper", "the one that stopped proving"],
  ["liar", "the one that lied"],
] as const;

const PROVIDERS = ["provider", "sleeper", "liar"] as const;

export async function showBooks(stage: Stage, story: Story): Promise<Books> {
  const { market, cast } = stage;
  const { escrow, client, token } = market;
  const inTabs = async (who: Address): Promise<bigint> => {
    let sum = 0n;
    for (const name of PROVIDERS) {
      const { funds, stake } = await escrow.read.tabOf([cast.agent.address, cast[name].address]);
      if (who === cast.agent.address) sum += funds;
      if (who === cast[name].address) sum += stake;
    }
    return sum;
  };
  const rows: string[][] = [];
  for (const [name, title] of PEOPLE) {
    const { address } = cast[name];
    const amounts = [await stage.wallet(address), await inTabs(address), await escrow.read.balanceOf([address])];
    rows.push([title, ...amounts.map(dollars)]);
  }
  story.table(["", "wallet", "in tabs", "to withdraw"], rows);
  const provider = cast.provider.address;
  const { held, owed } = await readLedger({ client, escrow: escrow.address, token: token.address, provider });
  story.tell("", `The escrow holds ${dollars(held)} and owes ${dollars(owed)}.`);
  if (held !== owed) throw new BooksError(held, owed);
  return { held, owed };
}

/** The escrow holds another amount than it owes. */
export class BooksError extends Error {
  override readonly name = "BooksError";

  constructor(held: bigint, owed: bigint) {
    super(`The escrow holds ${held} units and owes ${owed}: the books do not balance.`);
  }
}
