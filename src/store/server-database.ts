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
/** Classes of errors after which a connection is of no use: it broke, or the server goes down or comes up. */
const BREAKS = /^(08|57P)/;

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
  const unreachable = (cause: unknown): ServerUnreachableError => new ServerUnreachableError(url, { cause });
  const connect = async (): Promise<PoolClient> =>
    pool.connect().catch((cause: unknown) => {
      throw unreachable(cause);
    });
  (await connect()).release();
  /** Lends a connection. One that breaks in the meantime says so by an event, which would end the process unheard. */
  const lend = async <Result>(work: (client: PoolClient) => Promise<Result>): Promise<Result> => {
    const client = await connect();
    let isBroken = false;
    const onError = (): void => {
      isBroken = true;
    };
    client.on("error", onError);
    try {
      return await work(client);
    } catch (error) {
      isBroken ||= BREAKS.test(codeOf(error));
      throw isBroken ? unreachable(error) : error;
    } finally {
      // In this order: the pool listens from the release on.
      client.release(isBroken);
      client.off("error", onError);
    }
  };
  let prepared = 0;
  return {
    kind: "server",
    query: (text, values) => lend((client) => sqlOf(client).query(text, values)),
    prepare<Row extends object>(text: string) {
      prepared += 1;
      const name = `assay_${prepared}`;
      return (values) => lend(async (client) => (await client.query<Row>({ name, text, values: [...values] })).rows);
    },
    script: (text) =>
      lend(async (client) => {
        // For several statements the driver returns several results.
        const results = await (client.query(text) as Promise<unknown>);
        return [results].flat().flatMap((result) => (result as QueryResult<Record<string, unknown>>).rows);
      }),
    async transaction(work) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await lend((client) => attemptTransaction(client, work));
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

async function attemptTransaction<Result>(client: PoolClient, work: (sql: Sql) => Promise<Result>): Promise<Result> {
  try {
    await client.query("BEGIN");
    const result = await work(sqlOf(client));
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** No PostgreSQL server answers at a URL, or it broke off. */
export class ServerUnreachableError extends Error {
  override readonly name = "ServerUnreachableError";
  /** Without user and password. */
  readonly server: string;

  constructor(url: string, options?: ErrorOptions) {
    const { host, pathname } = URL.canParse(url) ? new URL(url) : { host: "(no URL)", pathname: "" };
    super(
      `No PostgreSQL server lets us in at ${host}${pathname}, or it broke off. Check DATABASE_URL, and that the ` +
        "server runs.",
      options,
    );
    this.server = `${host}${pathname}`;
  }
}
