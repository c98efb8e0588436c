/** What a store makes of a disk that is filled up. */
import { rm, statfs, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";

import { openFolder } from "../../src/store/folder-database.ts";

/** What is left: more than a store wants, by a few rows. */
const LEFT_BYTES = 68 * 2 ** 20;

export type OnFullDisk = {
  /** Rows until there was no room. */
  readonly written: number;
  readonly failures: readonly string[];
  /** Of a transaction after that. */
  readonly failed: string;
  /** Rows when there was room again, and one more was written. */
  readonly kept: number | undefined;
};

/** Fills a small disk while a store on it is being written to, then makes room. */
export async function fillDisk(disk: string): Promise<OnFullDisk> {
  const store = await openFolder(join(disk, "store"));
  await store.query("CREATE TABLE kept (word text)");
  const add = store.prepare<{ word: string }>("INSERT INTO kept VALUES ($1) RETURNING word", ["text"]);
  const fill = join(disk, "fill");
  const { bavail, bsize } = await statfs(disk);
  await writeFile(fill, Buffer.alloc(bavail * bsize - LEFT_BYTES));

  const failures: string[] = [];
  let written = 0;
  while (failures.length < 3) {
    try {
      await add([randomBytes(10_000).toString("hex")]);
      if (failures.length === 0) written += 1;
      else break;
    } catch (error) {
      failures.push((error as Error).name);
    }
  }
  const failed = await store
    .transaction((sql) => sql.query("INSERT INTO kept VALUES ('none')"))
    .then(
      () => "nothing",
      (error: unknown) => (error as Error).name,
    );
  await rm(fill);
  await add(["after"]);
  const [row] = await store.query<{ count: number }>("SELECT count(*)::integer AS count FROM kept");
  await store.close();
  return { written, failures, failed, kept: row?.count };
}
