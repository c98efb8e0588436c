/** Receipts in bulk: which of them stand under which Merkle root on chain. */
import type { Hex } from "viem";

import { build, type ReceiptTree } from "../protocol/receipt-tree.ts";
import type { Receipt } from "../protocol/receipt.ts";
import { asJson, type Database, type Sql } from "./database.ts";

/** A tree of more takes seconds to build, and each of its paths as long again. */
const MOST_RECEIPTS = 10_000;

export type Commitment = { readonly root: Hex; readonly count: number };

/**
 * The next root that has to go on chain: one that did not get there before a crash, or one of all receipts that are in no
 * commitment yet; undefined when there are none.
 *
 * @param afterSeconds How long the first of them waits for others.
 */
export async function nextCommitment(database: Database, afterSeconds = 0): Promise<Commitment | undefined> {
  return database.transaction(async (sql): Promise<Commitment | undefined> => {
    // Gateways that share a store take turns, or two would commit to the same receipts.
    await sql.query("LOCK TABLE assay.commitments IN EXCLUSIVE MODE");
    const [left] = await sql.query<Commitment>(
      "SELECT root, count FROM assay.commitments WHERE transaction IS NULL ORDER BY made_at LIMIT 1",
    );
    if (left !== undefined) return left;
    const [oldest] = await sql.query<{ isDue: boolean }>(
      'SELECT min(answered_at) <= clock_timestamp() - make_interval(secs => $1) AS "isDue" FROM assay.requests ' +
        "WHERE state = 'answered' AND root IS NULL",
      [afterSeconds],
    );
    if (oldest?.isDue !== true) return undefined;
    const receipts = await receiptsWhere(sql, `root IS NULL ORDER BY answered_at LIMIT ${MOST_RECEIPTS}`);
    if (receipts.length === 0) return undefined;
    const { root, count } = build(receipts);
    await sql.query("INSERT INTO assay.commitments (root, count) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
      root,
      count,
    ]);
    await sql.query("UPDATE assay.requests SET root = $1 WHERE id IN (SELECT jsonb_array_elements_text($2::jsonb))", [
      root,
      asJson(receipts.map(({ request }) => request)),
    ]);
    return { root, count };
  });
}

/** Notes that a root is on chain. */
export async function noteCommitted(sql: Sql, root: Hex, transaction: Hex): Promise<void> {
  await sql.query("UPDATE assay.commitments SET transaction = $2 WHERE root = $1", [root, transaction]);
}

/** How a receipt stands under its root, or undefined while it stands under none. */
export async function inclusionOf(
  sql: Sql,
  id: Hex,
): Promise<{ readonly root: Hex; readonly path: readonly Hex[]; readonly transaction: Hex | undefined } | undefined> {
  const [row] = await sql.query<{ root: Hex; transaction: Hex | null }>(
    "SELECT c.root, c.transaction FROM assay.requests r JOIN assay.commitments c ON c.root = r.root WHERE r.id = $1",
    [id],
  );
  if (row === undefined) return undefined;
  const receipts = await receiptsWhere(sql, "root = $1", [row.root]);
  const tree: ReceiptTree = build(receipts);
  const own = receipts.find(({ request }) => request === id);
  return own && { root: row.root, path: tree.pathOf(own), transaction: row.transaction ?? undefined };
}

async function receiptsWhere(sql: Sql, condition: string, values: readonly unknown[] = []): Promise<Receipt[]> {
  const rows = await sql.query<{ id: Hex; output: Hex; charge: string }>(
    `SELECT id, output, charge FROM assay.requests WHERE state = 'answered' AND ${condition}`,
    values,
  );
  return rows.map(({ id, output, charge }) => ({ request: id, output, charge: BigInt(charge) }));
}
