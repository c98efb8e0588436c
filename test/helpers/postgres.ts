import { startPostgres } from "../../scripts/local/postgres.ts";
import type { Postgres } from "../../scripts/local/postgres.ts";
import { NoPostgresError } from "../../scripts/local/postgres-programs.ts";

/** Starts a server, or skips the test or the suite that asks for one where there is none for this platform. */
export async function postgresOrSkip(test: Mocha.Context, options?: { readonly folder: string }): Promise<Postgres> {
  try {
    return await startPostgres(options);
  } catch (error) {
    if (!(error instanceof NoPostgresError)) throw error;
    console.log(`      ${error.message}`);
    return test.skip();
  }
}
