/** What the store knows of the chain: tabs, and what became of requests. Taken in step by step, and taken back. */
import { isAddressEqual, type Address, type Hex } from "viem";

import type { Block, Cursor } from "../chain/blocks.ts";
import type { EscrowEvent } from "../chain/events.ts";
import type { ChainStep } from "../chain/follow.ts";
import type { Request } from "../protocol/request.ts";
import { requestSchema } from "../protocol/wire.ts";
import { asJson, type Database, type Sql } from "./database.ts";

/** A payer's tab with this provider, as two blocks have it. */
export type TabReading = {
  readonly payer: Address;
  /** In the final block. */
  readonly funds: bigint;
  /** The least of the two blocks. */
  readonly stake: bigint;
  /** Of the head; of the final block, where the head has none. */
  readonly exitAt: number;
};

export type ChainPosition = {
  readonly steps: number;
  readonly cursor: Cursor;
  readonly head: Block | undefined;
  readonly final: Block | undefined;
};

export type OutcomeKind = "opened" | "settled" | "reclaimed" | "penalised";

export type Outcome = {
  readonly id: Hex;
  readonly kind: OutcomeKind;
  readonly block: number;
  readonly transaction: Hex;
  readonly amount: bigint;
  readonly prover: Address | undefined;
  /** Unix time of its block. */
  readonly at: number;
};

export type Tab = {
  readonly payer: Address;
  readonly funds: bigint;
  readonly stake: bigint;
  readonly exitAt: number;
  readonly promised: bigint;
  readonly issued: number;
};

export async function readPosition(sql: Sql): Promise<ChainPosition> {
  const [row] = await sql.query<{ steps: string; blocks: Cursor; head: Block | null; final: Block | null }>(
    "SELECT steps, blocks, head, final FROM assay.chain",
  );
  return {
    steps: Number(row?.steps ?? 0),
    cursor: row?.blocks ?? [],
    head: row?.head ?? undefined,
    final: row?.final ?? undefined,
  };
}

/** The payers whose tabs have to be read once more when a block is the head. */
export async function unsettledTabs(sql: Sql): Promise<Address[]> {
  const rows = await sql.query<{ payer: Address }>(
    "SELECT payer FROM assay.tabs WHERE changed_block > refreshed_block",
  );
  return rows.map(({ payer }) => payer);
}

export async function readTab(sql: Sql, payer: Address): Promise<Tab & { readonly nextNonce: bigint }> {
  const [row] = await sql.query<Record<"funds" | "stake" | "exit_at" | "promised" | "issued" | "next", string>>(
    "SELECT funds, stake, exit_at, promised, issued, (SELECT coalesce(max(nonce) + 1, 0) FROM (SELECT nonce FROM " +
      "assay.requests r WHERE r.payer = t.payer AND NOT locked UNION ALL SELECT nonce FROM assay.foreign_nonces f WHERE " +
      "f.payer = t.payer)) AS next FROM assay.tabs t WHERE payer = $1",
    [payer.toLowerCase()],
  );
  return {
    payer,
    funds: BigInt(row?.funds ?? 0),
    stake: BigInt(row?.stake ?? 0),
    exitAt: Number(row?.exit_at ?? 0),
    promised: BigInt(row?.promised ?? 0),
    issued: Number(row?.issued ?? 0),
    nextNonce: BigInt(row?.next ?? 0),
  };
}

/** Sums over all tabs. */
export async function totals(sql: Sql): Promise<{ funds: bigint; staked: bigint; promised: bigint }> {
  const [row] = await sql.query<Record<"funds" | "staked" | "promised", string>>(
    "SELECT coalesce(sum(funds), 0) AS funds, coalesce(sum(stake), 0) AS staked, coalesce(sum(promised), 0) AS promised " +
      "FROM assay.tabs",
  );
  return { funds: BigInt(row?.funds ?? 0), staked: BigInt(row?.staked ?? 0), promised: BigInt(row?.promised ?? 0) };
}

/** The payers whom events of this provider concern. */
export function payersIn(events: readonly EscrowEvent[], provider: Address): Address[] {
  const payers = events.flatMap(({ args }) =>
    "provider" in args && isAddressEqual(args.provider, provider) ? [args.payer] : [],
  );
  return [...new Set(payers.map((payer) => payer.toLowerCase() as Address))];
}

/** Settlements of this provider that the journal knows nothing of: another store answered. */
export async function foreignPayers(sql: Sql, events: readonly EscrowEvent[], provider: Address): Promise<Address[]> {
  const settled = events.flatMap((event) =>
    event.name === "Settled" && isAddressEqual(event.args.provider, provider) ? [event.args] : [],
  );
  if (settled.length === 0) return [];
  const known = await sql.query<{ id: Hex }>(
    "SELECT id FROM assay.requests WHERE id IN (SELECT jsonb_array_elements_text($1::jsonb))",
    [asJson(settled.map(({ id }) => id))],
  );
  const ids = new Set(known.map(({ id }) => id));
  const payers = settled.filter(({ id }) => !ids.has(id)).map(({ payer }) => payer.toLowerCase() as Address);
  return [...new Set(payers)];
}

/**
 * Takes in a step: all of it or nothing, and only after the position that it was made for.
 *
 * @param provider Whose tabs these are.
 * @param readings Of every payer in the step, and of those in `unsettledTabs`, as the step's blocks have them.
 * @returns False when another gateway was first, or when a reorganisation touched tabs that are not among the readings,
 * but are among the `unsettledTabs` now: begin again with the position.
 */
export async function takeStep(
  database: Database,
  position: ChainPosition,
  step: ChainStep,
  provider: Address,
  readings: readonly TabReading[],
): Promise<boolean> {
  return database.transaction(async (sql) => {
    await sql.query("INSERT INTO assay.chain DEFAULT VALUES ON CONFLICT DO NOTHING");
    const [row] = await sql.query<{ steps: string }>("SELECT steps FROM assay.chain FOR UPDATE");
    if (Number(row?.steps) !== position.steps) return false;
    const read = new Set(readings.map(({ payer }) => payer.toLowerCase()));
    await lockTabs(sql, step, [...read]);
    if (step.dropAbove !== undefined) {
      const touched = await unsettleTabs(sql, step.dropAbove);
      if (touched.some((payer) => !read.has(payer))) return false;
      await dropAbove(sql, step.dropAbove);
    }
    await addOutcomes(sql, step.events);
    await writeTabs(sql, step, provider, readings);
    // What is released here has to be gone from the funds, and those are only read when the chain is caught up with.
    if (step.behind === 0) await closeRequests(sql, step.final);
    await sql.query(
      "UPDATE assay.chain SET steps = steps + 1, blocks = $1::jsonb, head = $2::jsonb, final = $3::jsonb",
      [asJson(step.cursor), asJson(step.head), asJson(step.final)],
    );
    return true;
  });
}

async function dropAbove(sql: Sql, block: number): Promise<void> {
  await sql.query("DELETE FROM assay.outcomes WHERE block > $1", [block]);
  // What was thought to be over is promised again.
  await sql.query(
    `WITH reopened AS (
      UPDATE assay.requests SET closed = NULL, closed_block = NULL WHERE closed_block > $1
      RETURNING id, payer, promise, locked
    ), untaken AS (
      UPDATE assay.outcomes o SET is_taken = false FROM reopened WHERE o.request = reopened.id
    ), sums AS (SELECT payer, sum(promise) AS promise FROM reopened WHERE NOT locked GROUP BY payer)
    UPDATE assay.tabs t SET promised = t.promised + s.promise FROM sums s WHERE t.payer = s.payer`,
    [block],
  );
}

/** What was read of tabs in blocks that vanished may be wrong. */
async function unsettleTabs(sql: Sql, block: number): Promise<Address[]> {
  const rows = await sql.query<{ payer: Address }>(
    "UPDATE assay.tabs SET changed_block = greatest(changed_block, $1 + 1), refreshed_block = least(refreshed_block, $1) " +
      "WHERE changed_block > $1 OR refreshed_block > $1 RETURNING payer",
    [block],
  );
  return rows.map(({ payer }) => payer);
}

/** All tabs that a step changes, before any request and in the payers' order, as reservations lock them. */
async function lockTabs(sql: Sql, { dropAbove: block, final }: ChainStep, payers: readonly string[]): Promise<void> {
  await sql.query(
    `SELECT FROM assay.tabs WHERE changed_block > $1 OR refreshed_block > $1 OR payer IN (
      SELECT jsonb_array_elements_text($2::jsonb)
      UNION SELECT payer FROM assay.requests WHERE closed_block > $1
      UNION SELECT payer FROM assay.requests WHERE closed IS NULL AND deadline < $3
    ) ORDER BY payer FOR UPDATE`,
    [block ?? null, asJson(payers), final.timestamp],
  );
}

const KINDS: Readonly<Partial<Record<EscrowEvent["name"], OutcomeKind>>> = {
  Opened: "opened",
  Settled: "settled",
  Reclaimed: "reclaimed",
  Penalised: "penalised",
};

async function addOutcomes(sql: Sql, events: readonly EscrowEvent[]): Promise<void> {
  const rows = events.flatMap(({ name, args, block, transaction, logIndex }) => {
    const kind = KINDS[name];
    if (kind === undefined || !("id" in args)) return [];
    const { charge, price, amount, prover } = args as Partial<Record<"charge" | "price" | "amount", bigint>> & {
      prover?: Address;
    };
    return [
      {
        request: args.id,
        kind,
        block: block.number,
        log_index: logIndex,
        transaction,
        amount: charge ?? price ?? amount ?? 0n,
        prover: prover ?? null,
        happened_at: block.timestamp,
      },
    ];
  });
  if (rows.length === 0) return;
  // Of other providers' requests nothing is kept.
  await sql.query(
    `INSERT INTO assay.outcomes (request, kind, block, log_index, transaction, amount, prover, happened_at)
    SELECT x.* FROM jsonb_to_recordset($1::jsonb) AS x(request text, kind text, block bigint, log_index integer,
      transaction text, amount numeric, prover text, happened_at bigint)
    WHERE EXISTS (SELECT FROM assay.requests r WHERE r.id = x.request)
    ON CONFLICT DO NOTHING`,
    [asJson(rows)],
  );
}

async function writeTabs(
  sql: Sql,
  { events, head, final }: ChainStep,
  provider: Address,
  readings: readonly TabReading[],
): Promise<void> {
  const changed = new Map<string, number>();
  for (const event of events) {
    for (const payer of payersIn([event], provider)) changed.set(payer, event.block.number);
  }
  await sql.query(
    `INSERT INTO assay.tabs AS t (payer, changed_block)
    SELECT x.payer, x.block FROM jsonb_to_recordset($1::jsonb) AS x(payer text, block bigint)
    ON CONFLICT (payer) DO UPDATE SET changed_block = greatest(t.changed_block, excluded.changed_block)`,
    [asJson([...changed].map(([payer, block]) => ({ payer, block })))],
  );
  const rows = readings.map(({ payer, funds, stake, exitAt }) => {
    return { payer: payer.toLowerCase(), funds, stake, exit_at: exitAt };
  });
  // A tab is read again as long as it changed after the final block, or the head that was read may still vanish.
  await sql.query(
    `INSERT INTO assay.tabs (payer, funds, stake, exit_at, refreshed_block)
    SELECT x.payer, x.funds, x.stake, x.exit_at, $2 FROM jsonb_to_recordset($1::jsonb)
      AS x(payer text, funds numeric, stake numeric, exit_at bigint)
    ON CONFLICT (payer) DO UPDATE SET funds = excluded.funds, stake = excluded.stake, exit_at = excluded.exit_at,
      refreshed_block = excluded.refreshed_block`,
    [asJson(rows), Math.min(final.number, head.number)],
  );
}

/** Nothing more can come of a request that is settled, sent back or expired in the final block. */
async function closeRequests(sql: Sql, final: Block): Promise<void> {
  await sql.query(
    `WITH fresh AS (
      UPDATE assay.outcomes SET is_taken = true WHERE NOT is_taken AND block <= $1 RETURNING request, kind
    ), ends AS (
      SELECT request, CASE WHEN bool_or(kind = 'settled') THEN 'settled' ELSE 'refunded' END AS why
      FROM fresh WHERE kind IN ('settled', 'reclaimed') GROUP BY request
    ), closing AS (
      UPDATE assay.requests r SET closed = ends.why, closed_block = $1 FROM ends
      WHERE r.id = ends.request AND r.closed IS NULL RETURNING r.payer, r.promise, r.locked
    ), ${RELEASE_CLOSING}`,
    [final.number],
  );
  // A settlement that is not final yet may still become it. A lock that expires is closed by its refund.
  await sql.query(
    `WITH closing AS (
      UPDATE assay.requests r SET closed = 'expired', closed_block = $1
      WHERE closed IS NULL AND NOT locked AND state = 'answered' AND deadline < $2
        AND NOT EXISTS (SELECT FROM assay.outcomes o WHERE o.request = r.id AND o.kind = 'settled')
      RETURNING r.payer, r.promise, r.locked
    ), ${RELEASE_CLOSING}`,
    [final.number, final.timestamp],
  );
}

const RELEASE_CLOSING = `sums AS (SELECT payer, sum(promise) AS promise FROM closing WHERE NOT locked GROUP BY payer)
    UPDATE assay.tabs t SET promised = t.promised - s.promise FROM sums s WHERE t.payer = s.payer`;

/** What the chain says of some requests, in the chain's order. */
export async function findOutcomes(sql: Sql, ids: readonly Hex[]): Promise<Outcome[]> {
  const rows = await sql.query<{
    request: Hex;
    kind: OutcomeKind;
    block: string;
    transaction: Hex;
    amount: string;
    prover: Address | null;
    happened_at: string;
  }>(
    "SELECT request, kind, block, transaction, amount, prover, happened_at FROM assay.outcomes " +
      "WHERE request IN (SELECT jsonb_array_elements_text($1::jsonb)) ORDER BY block, log_index",
    [asJson(ids)],
  );
  return rows.map(({ request, kind, block, transaction, amount, prover, happened_at }) => ({
    id: request,
    kind,
    block: Number(block),
    transaction,
    amount: BigInt(amount),
    prover: prover ?? undefined,
    at: Number(happened_at),
  }));
}

/** Locks whose money goes back: nobody answered them, or nobody proved the answer by `now`. */
export async function findRefunds(sql: Sql, now: number): Promise<{ readonly id: Hex; readonly request: Request }[]> {
  const rows = await sql.query<{ id: Hex; request: unknown }>(
    `SELECT id, request FROM assay.requests r WHERE locked AND closed IS NULL
      AND ((state = 'reserved' AND held_until < clock_timestamp() - interval '1 minute') OR deadline < $1)
      AND EXISTS (SELECT FROM assay.outcomes o WHERE o.request = r.id AND o.kind = 'opened')
      AND NOT EXISTS (SELECT FROM assay.outcomes o WHERE o.request = r.id AND o.kind IN ('settled', 'reclaimed'))`,
    [now],
  );
  return rows.map(({ id, request }) => ({ id, request: requestSchema.parse(request) }));
}

/** Marks nonces as paid by another store of this provider. They count as issued: the next ones are above them. */
export async function addForeignNonces(sql: Sql, payer: Address, nonces: readonly bigint[]): Promise<void> {
  await sql.query(
    `WITH fresh AS (
      INSERT INTO assay.foreign_nonces SELECT $1, nonce::numeric FROM jsonb_array_elements_text($2::jsonb) AS nonce
      ON CONFLICT DO NOTHING RETURNING nonce
    )
    INSERT INTO assay.tabs AS t (payer, issued) SELECT $1, count(*) FROM fresh
      WHERE NOT EXISTS (SELECT FROM assay.requests r WHERE r.payer = $1 AND r.nonce = fresh.nonce AND NOT r.locked)
    ON CONFLICT (payer) DO UPDATE SET issued = t.issued + excluded.issued`,
    [payer.toLowerCase(), asJson(nonces)],
  );
}
