/** The provider's store: whether it opens, is this provider's, and its books are right. */
import { access, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";

import { isAddressEqual, type Address } from "viem";

import { openDatabase, type Database, type Sql, type StoreLocation } from "../../store/database.ts";
import { FolderInUseError } from "../../store/folder-lock.ts";
import { migrate } from "../../store/schema.ts";
import { look, type Check } from "../checks.ts";
import { dollarsText } from "../config/dollars.ts";
import { timeText } from "../tab/show.ts";

const GIGABYTE = 1e9;
const ROOM = { little: 5 * GIGABYTE, tooLittle: GIGABYTE / 2 } as const;
/** Signatures are kept a moment after the answer; a job is tried again soon. */
const LATE = "1 minute";
const MANY_TRIES = 5;
/** Provers need some time: to prove, to settle, and for blocks. */
const NEAR_SECONDS = 600;

export type StoreOwner = {
  readonly chainId: number;
  readonly escrow: Address | undefined;
  readonly provider: Address | undefined;
};

/** Checks a store, and leaves it as it is. */
export async function checkStore(location: StoreLocation, owner: StoreOwner): Promise<Check[]> {
  const room = "folder" in location ? [await look("disk", async () => roomAt(location.folder))] : [];
  if ("folder" in location && !(await isThere(join(location.folder, "data")))) {
    return [...room, { name: "store", state: "ok", says: `${location.folder} is not there yet: the gateway makes it` }];
  }
  let database: Database | undefined;
  const opening = await look("store", async () => {
    try {
      database = await openDatabase(location);
    } catch (error) {
      if (!(error instanceof FolderInUseError)) throw error;
      return { state: "unchecked", says: `process ${error.pid} is at work on ${error.folder}, as a gateway should be` };
    }
    return tablesOf(database);
  });
  if (database === undefined) return [...room, opening];
  const opened = database;
  try {
    if (opening.state === "failed" || !(await hasTable(opened, "assay.identity"))) return [...room, opening];
    return [
      ...room,
      opening,
      await look("  its owner", async () => ownerOf(opened, owner)),
      await look("  its books", async () => booksOf(opened)),
      await look("  its answers", async () => answersOf(opened)),
      await look("  its jobs", async () => jobsOf(opened)),
    ];
  } finally {
    await opened.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function roomAt(folder: string): Promise<Omit<Check, "name">> {
  let place = folder;
  while (!(await isThere(place)) && place !== dirname(place)) place = dirname(place);
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  const says = `${(free / GIGABYTE).toFixed(1)} GB are free at ${place}`;
  if (free >= ROOM.little) return { state: "ok", says };
  return {
    state: free < ROOM.tooLittle ? "failed" : "warning",
    says: `${says}. Make room: a full disk stops the gateway.`,
  };
}

async function hasTable(sql: Sql, name: "assay.identity" | "pgboss.job"): Promise<boolean> {
  const [row] = await sql.query<{ found: boolean }>("SELECT to_regclass($1) IS NOT NULL AS found", [name]);
  return row?.found === true;
}

/** What the next start would do to the tables is tried, and undone: so it is known that it can. */
async function tablesOf(database: Database): Promise<string> {
  const before = (await hasTable(database, "assay.identity")) ? await versionOf(database) : 0;
  let after = before;
  await database
    .transaction(async (sql) => {
      await migrate({ ...database, transaction: async (work) => work(sql) });
      after = await versionOf(sql);
      throw new UndoneError();
    })
    .catch((error: unknown) => {
      if (!(error instanceof UndoneError)) throw error;
    });
  if (before === after) return `it opens, and its tables are of version ${after}`;
  return `it opens, and the gateway will bring its tables from version ${before} to ${after}`;
}

async function versionOf(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ taken: number }>("SELECT count(*)::integer AS taken FROM assay.schema_steps");
  return row?.taken ?? 0;
}

async function ownerOf(sql: Sql, { chainId, escrow, provider }: StoreOwner): Promise<string> {
  const [row] = await sql.query<{ chain_id: string; escrow: Address; provider: Address }>(
    "SELECT chain_id, escrow, provider FROM assay.identity",
  );
  if (row === undefined) return "nobody's yet";
  const isOurs =
    Number(row.chain_id) === chainId &&
    (escrow === undefined || isAddressEqual(row.escrow, escrow)) &&
    (provider === undefined || isAddressEqual(row.provider, provider));
  if (!isOurs) throw new OtherOwnerError(row.provider, row.escrow, row.chain_id);
  return `provider ${row.provider}`;
}

/** Each tab's promises are the sum of those of its requests, or money was promised twice or for nothing. */
async function booksOf(sql: Sql): Promise<string> {
  const wrong = await sql.query<{ payer: string; promised: string; sum: string }>(
    `SELECT t.payer, t.promised::text AS promised, s.sum::text AS sum FROM assay.tabs t
      CROSS JOIN LATERAL (SELECT coalesce(sum(r.promise), 0) AS sum FROM assay.requests r
        WHERE r.payer = t.payer AND NOT r.locked AND r.closed IS NULL) s
      WHERE t.promised <> s.sum ORDER BY t.payer LIMIT 5`,
  );
  if (wrong.length > 0) throw new WrongBooksError(wrong);
  const [row] = await sql.query<{ tabs: number; promised: string }>(
    "SELECT count(*)::integer AS tabs, coalesce(sum(promised), 0)::text AS promised FROM assay.tabs",
  );
  return `${dollarsText(BigInt(row?.promised ?? 0))} are promised, on each of ${row?.tabs ?? 0} tabs the sum of its requests`;
}

async function answersOf(sql: Sql): Promise<Omit<Check, "name">> {
  const [row] = await sql.query<{ open: number; unsealed: number; deadline: string | null }>(
    `SELECT count(*)::integer AS open, min(deadline)::text AS deadline,
        count(*) FILTER (WHERE receipt IS NULL AND answered_at < clock_timestamp() - interval '${LATE}')::integer AS unsealed
      FROM assay.requests r WHERE state = 'answered' AND closed IS NULL
        AND NOT EXISTS (SELECT FROM assay.outcomes o WHERE o.request = r.id AND o.kind IN ('settled', 'reclaimed'))`,
  );
  const { open = 0, unsealed = 0, deadline = null } = row ?? {};
  if (open === 0 || deadline === null) return { state: "ok", says: "all are settled, or over" };
  const left = Number(deadline) - Math.floor(Date.now() / 1_000);
  const says = `${open} wait for their proof, the first until ${timeText(Number(deadline))}`;
  if (unsealed > 0) {
    return { state: "warning", says: `${says}. ${unsealed} are not signed: start the gateway, which does that first.` };
  }
  if (left >= NEAR_SECONDS) return { state: "ok", says };
  const rest = left > 0 ? `that is in ${left} seconds` : "that is over, and costs its penalty";
  return { state: left > 0 ? "warning" : "failed", says: `${says}: ${rest}. Start provers.` };
}

async function jobsOf(sql: Sql): Promise<Omit<Check, "name">> {
  const aside = await sql.query<{ id: string; aside: string }>(
    "SELECT id, aside FROM assay.requests WHERE aside IS NOT NULL AND closed IS NULL ORDER BY deadline LIMIT 3",
  );
  const [jobs] = (await hasTable(sql, "pgboss.job"))
    ? await sql.query<{ waiting: number; tried: number }>(
        `SELECT count(*)::integer AS waiting, count(*) FILTER (WHERE retry_count >= ${MANY_TRIES})::integer AS tried
          FROM pgboss.job WHERE state <= 'active'`,
      )
    : [];
  const { waiting = 0, tried = 0 } = jobs ?? {};
  const says = `${waiting} in the queue`;
  if (aside.length > 0) {
    const why = aside.map(({ id, aside: reason }) => `${id}: ${reason}`).join("\n");
    return {
      state: "failed",
      says: `${says}, and some were set aside: nobody proves them, and each costs its penalty.\n${why}`,
    };
  }
  if (tried === 0) return { state: "ok", says };
  return {
    state: "warning",
    says: `${says}, of which ${tried} failed ${MANY_TRIES} times or more. The provers' log says why.`,
  };
}

/** Thrown to undo what was tried. */
class UndoneError extends Error {
  override readonly name = "UndoneError";
}

/** A store is another provider's. */
export class OtherOwnerError extends Error {
  override readonly name = "OtherOwnerError";

  constructor(provider: string, escrow: string, chainId: string) {
    super(
      `It is the store of provider ${provider} on escrow ${escrow} of chain ${chainId}, and not of this config. Name ` +
        "another folder or database.",
    );
  }
}

/** A store's books do not add up. */
export class WrongBooksError extends Error {
  override readonly name = "WrongBooksError";

  constructor(tabs: readonly { readonly payer: string; readonly promised: string; readonly sum: string }[]) {
    const each = tabs.map(({ payer, promised, sum }) => `${payer}: promised ${promised}, its requests ${sum}`);
    super(
      `Tabs have other sums promised than their requests make. Restore a backup, and report this.\n${each.join("\n")}`,
    );
  }
}
