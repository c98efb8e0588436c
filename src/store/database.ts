/** PostgreSQL, in a folder of this process or on a server: the rest of the store does not know which. */

/** Something that takes statements: a database, or a transaction in it. */
export type Sql = {
  readonly query: <Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ) => Promise<Row[]>;
};

export type Prepared<Row> = (values: readonly (string | number)[]) => Promise<Row[]>;

export type Database = Sql & {
  readonly kind: "folder" | "server";
  /**
   * A statement that is run again and again: parsed and planned once, which is half of what a short one costs.
   *
   * @param types Of its parameters, in PostgreSQL's names.
   */
  readonly prepare: <Row extends object>(text: string, types: readonly string[]) => Prepared<Row>;
  /** Several statements without parameters, and all rows that they return. */
  readonly script: (text: string) => Promise<Record<string, unknown>[]>;
  /** All of it or nothing; a `work` that throws undoes what it did. */
  readonly transaction: <Result>(work: (sql: Sql) => Promise<Result>) => Promise<Result>;
  readonly close: () => Promise<void>;
};

/** Where a store is: a folder on disk, which belongs to one process, or a PostgreSQL server, which many share. */
export type StoreLocation = { readonly folder: string } | { readonly url: string };

export async function openDatabase(location: StoreLocation): Promise<Database> {
  // Loaded when it is needed: each is large, and a process uses one.
  if ("url" in location) return (await import("./server-database.ts")).openServer(location.url);
  return (await import("./folder-database.ts")).openFolder(location.folder);
}

/** A list as one parameter, whatever its length: both drivers pass JSON alike, and lists each in its own way. */
export function asJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? each.toString() : each));
}
