/** The embedded database: PostgreSQL compiled to WebAssembly, its files in a folder that one process owns. */
import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";

import { PGlite } from "@electric-sql/pglite";

import type { Database, Sql } from "./database.ts";
import { lockFolder } from "./folder-lock.ts";

/** A few files of the log, and what is written while nobody looks. */
const LEAST_ROOM = 64 * 2 ** 20;
const ROOM_MS = 500;

/** Opens the database in a folder, or makes one there. It survives a killed process, not a power cut. */
export async function openFolder(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true });
  const lock = await lockFolder(folder);
  const open = (): Promise<PGlite> => PGlite.create(join(folder, "data"));
  let current: PGlite | undefined;
  try {
    current = await open();
  } catch (cause) {
    await lock.release();
    throw new DamagedFolderError(folder, { cause });
  }
  let line: Promise<unknown> = Promise.resolve();
  let roomSeenAt = 0;
  const checkRoom = async (): Promise<void> => {
    if (performance.now() - roomSeenAt < ROOM_MS) return;
    const { bavail, bsize } = await statfs(folder);
    if (bavail * bsize < LEAST_ROOM) throw new StoppedDatabaseError(folder);
    roomSeenAt = performance.now();
  };
  /**
   * One after the other, each on an instance that lives. PostgreSQL stops itself when it cannot write its log, as on a full
   * disk; whoever asks it anything after that waits for good, and with it this thread. So nothing is asked while there is
   * little room, an instance that stopped all the same is left alone, and the next one to come starts another.
   */
  const alone = <Result>(work: (pglite: PGlite) => Promise<Result>): Promise<Result> => {
    const turn = line.then(async () => {
      await checkRoom();
      try {
        current ??= await open();
        return await work(current);
      } catch (error) {
        if (current !== undefined && !isStop(error)) throw error;
        current = undefined;
        roomSeenAt = 0;
        throw new StoppedDatabaseError(folder, { cause: error });
      }
    });
    line = turn.catch(() => {});
    return turn;
  };
  return {
    kind: "folder",
    query: (text, values) => alone((pglite) => sqlOf(pglite).query(text, values)),
    prepare<Row extends object>(text: string, types: readonly string[]) {
      const names = new WeakMap<PGlite, string>();
      return (values) =>
        alone(async (pglite) => {
          const name = names.get(pglite) ?? (await prepareIn(pglite, text, types));
          names.set(pglite, name);
          // One message, where a parametrised query takes five.
          const [result] = await pglite.exec(`EXECUTE ${name}(${values.map(literal).join(", ")})`);
          return (result?.rows ?? []) as Row[];
        });
    },
    script: (text) =>
      alone((pglite) => undone(pglite, async () => (await pglite.exec(text)).flatMap(({ rows }) => rows))),
    transaction: (work) =>
      alone((pglite) =>
        undone(pglite, async () => {
          await pglite.exec("BEGIN");
          const result = await work(sqlOf(pglite));
          await pglite.exec("COMMIT");
          return result;
        }),
      ),
    async close() {
      await line;
      await current?.close();
      await lock.release();
    },
  };
}

let prepared = 0;

async function prepareIn(pglite: PGlite, text: string, types: readonly string[]): Promise<string> {
  prepared += 1;
  const name = `assay_${prepared}`;
  await pglite.exec(`PREPARE ${name} (${types.join(", ")}) AS ${text}`);
  return name;
}

/** There is one connection: what fails inside a transaction would leave it open for everyone. */
async function undone<Result>(pglite: PGlite, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isStop(error)) await pglite.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

function isStop(error: unknown): boolean {
  const severity = error instanceof Error && "severity" in error ? error.severity : undefined;
  return severity === "PANIC" || severity === "FATAL";
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

/** The embedded database stopped itself. */
export class StoppedDatabaseError extends Error {
  override readonly name = "StoppedDatabaseError";
  readonly folder: string;

  constructor(folder: string, options?: ErrorOptions) {
    super(
      `The database in ${folder} has stopped, since it cannot write: the disk is full, or fails. Make room; it starts again ` +
        "by itself, with all that it said it had written.",
      options,
    );
    this.folder = folder;
  }
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
