/** A PostgreSQL server, shared by any number of gateways and provers. */
import { Pool, type PoolClient, type QueryResult } from "pg";

import type { Database, Sql } from "./database.ts";

const CONNECTIONS = 8;
const CONNECT_MS = 5000;
/** A statement that takes longer waits for something that does not come. */
const STATEMENT_MS = 20_000;
const ATTEMPTS = 4;
/** Two transactions waited for each other, and this one was undone so that the other could go on. */
const CONFLICTS = new Set(["40P01", "40001"]);

/** Opens a server's database by its URL. Connections that break are replaced when they are next needed. */
export async function openServer(url: string): Promise<Database> {
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: STATEMENT_MS,
    application_name: "assay",
  });
  // An idle connection that breaks would end the process; the next query opens another, or says why it cannot.
  pool.on("error", () => {});
  const connect = (): Promise<PoolClient> =>
    pool.connect().catch((cause: unknown) => {
      throw new ServerUnreachableError(url, { cause });
    });
  (await connect()).release();
  const once = async <Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> => {
    const client = await connect();
    try {
      const result = await work(client);
      client.release();
      return result;
    } catch (error) {
      client.release(isBroken(error));
      throw error;
    }
  };
  let prepared = 0;
  return {
    kind: "server",
    query: (text, values) => once((client) => sqlOf(client).query(text, values)),
    prepare<Row extends object>(text: string) {
      prepared += 1;
      const name = `assay_${prepared}`;
      return (values) => once(async (client) => (await client.query<Row>({ name, text, values: [...values] })).rows);
    },
    script: (text) =>
      once(async (client) => {
        // For several statements the driver returns several results.
        const results = await (client.query(text) as Promise<unknown>);
        return [results].flat().flatMap((result) => (result as QueryResult<Record<string, unknown>>).rows);
      }),
    async transaction(work) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await attemptTransaction(await connect(), (client) => work(sqlOf(client)));
        } catch (error) {
          if (attempt === ATTEMPTS || !CONFLICTS.has(codeOf(error))) throw error;
        }
      }
    },
    close: () => pool.end(),
  };
}

function sqlOf(connection: Pick<PoolClient, "query">): Sql {
  return {
    async query<Row extends object>(text: string, values: readonly unknown[] = []) {
      return (await connection.query<Row>(text, [...values])).rows;
    },
  };
}

async function attemptTransaction<Result>(
  client: PoolClient,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    client.release();
    return result;
  } catch (error) {
    const isUndone = await client.query("ROLLBACK").then(
      () => true,
      () => false,
    );
    client.release(!isUndone || isBroken(error));
    throw error;
  }
}

/** Errors of the server have a code of five characters; a connection that broke has none, or one of class 08 or 57P. */
function isBroken(error: unknown): boolean {
  const code = codeOf(error);
  return !/^[0-9A-Z]{5}$/.test(code) || /^(08|57P)/.test(code);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** No PostgreSQL server answers at a URL. */
export class ServerUnreachableError extends Error {
  override readonly name = "ServerUnreachableError";
  /** Without user and password. */
  readonly server: string;

  constructor(url: string, options?: ErrorOptions) {
    const { host, pathname } = URL.canParse(url) ? new URL(url) : { host: "(no URL)", pathname: "" };
    super(
      `No PostgreSQL server lets us in at ${host}${pathname}. Check DATABASE_URL, and that the server runs.`,
      options,
    );
    this.server = `${host}${pathname}`;
  }
}
