/** Reading a provider's journal for an audit: page by page, and each tree of receipts once. */
import type { Hex } from "viem";

import * as ReceiptTree from "../../protocol/receipt-tree.ts";
import type { Receipt } from "../../protocol/receipt.ts";
import type { Sql } from "../../store/database.ts";
import { findRequests, type JournalRow } from "../../store/journal.ts";

const PAGE = 500;
/** Trees in memory at once: answers of one commitment follow each other. */
const MOST_TREES = 4;

/** A row of the journal that is answered and signed. */
export type AnsweredRow = JournalRow & {
  readonly output: Hex;
  readonly charge: bigint;
  readonly receipt: NonNullable<JournalRow["receipt"]>;
  readonly answeredAt: number;
};

/** The answers of a period, in their order. One that is not signed yet, a moment after it was given, is left out. */
export async function* answersIn(
  sql: Sql,
  { from, to }: { readonly from: string; readonly to: string },
): AsyncGenerator<AnsweredRow[]> {
  let last = { at: from, id: "" };
  for (;;) {
    const ids = await sql.query<{ id: Hex; at: string }>(
      // As text: dates in JavaScript have no microseconds.
      `SELECT id, to_char(answered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at FROM assay.requests
        WHERE state = 'answered' AND receipt IS NOT NULL AND answered_at < $2::timestamptz
          AND (answered_at, id) > ($1::timestamptz, $3) ORDER BY answered_at, id LIMIT ${PAGE}`,
      [last.at, to, last.id],
    );
    const end = ids.at(-1);
    if (end === undefined) return;
    const rows = new Map(
      (
        await findRequests(
          sql,
          ids.map(({ id }) => id),
        )
      ).map((row) => [row.id, row]),
    );
    yield ids.map(({ id }) => rows.get(id) as AnsweredRow);
    last = end;
  }
}

type Commitment = { readonly root: Hex; readonly path: readonly Hex[]; readonly transaction: Hex | null };

export type Trees = { readonly commitmentOf: (root: Hex, receipt: Receipt) => Promise<Commitment> };

type Known = { readonly tree: ReceiptTree.ReceiptTree; readonly transaction: Hex | null };

/** Finds paths to roots. */
export function treesOf(sql: Sql): Trees {
  const known = new Map<Hex, Known>();
  const read = async (root: Hex): Promise<Known> => {
    const rows = await sql.query<{ id: Hex; output: Hex; charge: string }>(
      "SELECT id, output, charge FROM assay.requests WHERE state = 'answered' AND root = $1",
      [root],
    );
    const [commitment] = await sql.query<{ transaction: Hex | null }>(
      "SELECT transaction FROM assay.commitments WHERE root = $1",
      [root],
    );
    const tree = ReceiptTree.build(
      rows.map(({ id, output, charge }) => ({ request: id, output, charge: BigInt(charge) })),
    );
    return { tree, transaction: commitment?.transaction ?? null };
  };
  return {
    async commitmentOf(root, receipt) {
      const found = known.get(root) ?? (await read(root));
      known.set(root, found);
      const [oldest] = known.keys();
      if (known.size > MOST_TREES && oldest !== undefined) known.delete(oldest);
      return { root, path: found.tree.pathOf(receipt), transaction: found.transaction };
    },
  };
}
