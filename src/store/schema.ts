/**
 * The store's tables, as steps that are taken once each, in order. A step that was released is never edited: what it made
 * is in people's databases.
 */
import type { Database } from "./database.ts";
import { RESERVATIONS } from "./reservations.sql.ts";
import { TABLES } from "./tables.sql.ts";

const STEPS: readonly string[] = [TABLES, RESERVATIONS];

/** Any number, so long as nobody else's: gateways that start at once take turns. */
const TURN = 0x61737361;

/** Does what two gateways that start at once must not do at the same time. A folder has one. */
export async function inTurn(database: Database, work: () => Promise<void>): Promise<void> {
  if (database.kind === "folder") return work();
  await database.transaction(async (sql) => {
    await sql.query("SELECT pg_advisory_xact_lock($1)", [TURN]);
    await work();
  });
}

/** Brings a database's tables to this version. */
export async function migrate(database: Database): Promise<void> {
  await database.transaction(async (sql) => {
    await sql.query("SELECT pg_advisory_xact_lock($1)", [TURN]);
    await sql.query("CREATE SCHEMA IF NOT EXISTS assay");
    await sql.query("CREATE TABLE IF NOT EXISTS assay.schema_steps (step integer PRIMARY KEY)");
    const [row] = await sql.query<{ taken: number }>("SELECT count(*)::integer AS taken FROM assay.schema_steps");
    const taken = row?.taken ?? 0;
    if (taken > STEPS.length) throw new NewerSchemaError(taken, STEPS.length);
    for (const [step, statements] of STEPS.entries()) {
      if (step < taken) continue;
      for (const statement of statements.split(/;;\s*\n/)) await sql.query(statement);
      await sql.query("INSERT INTO assay.schema_steps VALUES ($1)", [step]);
    }
  });
}

/** A newer version has worked on this database. */
export class NewerSchemaError extends Error {
  override readonly name = "NewerSchemaError";

  constructor(found: number, known: number) {
    super(
      `The store's tables are of version ${found}, and this program knows ${known}. Start the newer program: an older ` +
        "one would misread what it wrote.",
    );
  }
}
