/** The embedded database: PostgreSQL compiled to WebAssembly, its files in a folder that one process owns. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { PGlite } from "@electric-sql/pglite";

import type { Database, Sql } from "./database.ts";
import { lockFolder } from "./folder-lock.ts";

/** Opens the database in a folder, or makes one there. It survives a killed process, not a power cut. */
export async function openFolder(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true });
  const lock = await lockFolder(folder);
  let pglite: PGlite;
  try {
    pglite = await PGlite.create(join(folder, "data"));
  } catch (cause) {
    await lock.release();
    throw new DamagedFolderError(folder, { cause });
  }
  let prepared = 0;
  return {
    kind: "folder",
    ...sqlOf(pglite),
    prepare<Row extends object>(text: string, types: readonly string[]) {
      prepared += 1;
      const name = `assay_${prepared}`;
      const ready = pglite.exec(`PREPARE ${name} (${types.join(", ")}) AS ${text}`);
      return async (values) => {
        await ready;
        // One message, where a parametrised query takes five.
        const [result] = await pglite.exec(`EXECUTE ${name}(${values.map(literal).join(", ")})`);
        return (result?.rows ?? []) as Row[];
      };
    },
    async script(text) {
      try {
        return (await pglite.exec(text)).flatMap(({ rows }) => rows);
      } catch (error) {
        // There is one connection: a script that fails inside its own transaction would leave it open for everyone.
        await pglite.query("ROLLBACK").catch(() => {});
        throw error;
      }
    },
    transaction: (work) => pglite.transaction((transaction) => work(sqlOf(transaction))),
    async close() {
      await pglite.close();
      await lock.release();
    },
  };
}

/** Backslashes mean nothing in PostgreSQL's plain strings, so a quote is all that could end one. */
function literal(value: string | number): string {
  return typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;
}

function sqlOf(connection: Pick<PGlite, "query">): Sql {
  return {
    async query<Row extends object>(text: string, values: readonly unknown[] = []) {
      return (await connection.query<Row>(text, [...values])).rows;
    },
  };
}

/** The files in a store's folder are no database that can be opened. */
export class DamagedFolderError extends Error {
  override readonly name = "DamagedFolderError";
  readonly folder: string;

  constructor(folder: string, options?: ErrorOptions) {
    super(
      `The database in ${folder} does not open: its files are damaged, of another version, or the disk is full. ` +
        "Make room, or restore the folder from a backup.",
      options,
    );
    this.folder = folder;
  }
}
