/**
 * Two processes on one PGlite folder lose rows without an error, so a folder has an owner. A file says who; it counts as
 * abandoned when that process is gone, or, on another machine, when it no longer renews the file.
 */
import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

import { isCode } from "../model/files.ts";

const RENEW_MS = 2000;
/** Five renewals missed. */
const ABANDONED_MS = 10_000;

type Owner = { readonly id: string; readonly pid: number; readonly host: string; readonly started: string };

export type FolderLock = { readonly release: () => Promise<void> };

/** Takes a folder for this process. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const file = join(folder, "owner.json");
  const owner: Owner = {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    started: (await startOf(process.pid)) ?? "",
  };
  const own = join(folder, `owner-${owner.id}.json`);
  await writeFile(own, JSON.stringify(owner));
  try {
    await take(own, file, folder);
  } finally {
    await rm(own, { force: true });
  }
  const renewal = setInterval(() => {
    const now = new Date();
    void utimes(file, now, now).catch(() => {});
  }, RENEW_MS);
  renewal.unref();
  return {
    async release() {
      clearInterval(renewal);
      if ((await readOwner(file))?.id === owner.id) await rm(file, { force: true });
    },
  };
}

/**
 * A hard link appears whole or not at all, and never over another. So one process alone becomes the heir of an abandoned
 * owner, or of an heir that ended before it was the owner; and nobody but the heir may replace the owner's file.
 */
async function take(own: string, file: string, folder: string): Promise<void> {
  const heirOf = ({ id }: Owner): string => join(folder, `heir-of-${id}.json`);
  for (;;) {
    if (await linked(own, file)) return;
    const first = await readOwner(file);
    // Released in this moment.
    if (first === undefined) continue;
    let [last, place] = [first, file];
    const heirs: string[] = [];
    for (let heir = await readOwner(heirOf(last)); heir !== undefined; heir = await readOwner(heirOf(last))) {
      place = heirOf(last);
      heirs.push(place);
      last = heir;
    }
    if (await isAlive(last, place)) throw new FolderInUseError(folder, last);
    const claim = heirOf(last);
    if (!(await linked(own, claim))) continue;
    // Heirs are forgotten once their owner is replaced: whoever read of the old one before comes too late.
    const isHeir = (await readOwner(file))?.id === first.id;
    if (isHeir) await rename(own, file);
    for (const done of isHeir ? [...heirs, claim] : [claim]) await rm(done, { force: true });
    if (isHeir) return;
  }
}

async function linked(own: string, to: string): Promise<boolean> {
  try {
    await link(own, to);
    return true;
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
    return false;
  }
}

/** Of a file that a power cut emptied. */
const NOBODY: Owner = { id: "nobody", pid: 0, host: "", started: "" };

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Owner;
  } catch (error) {
    return isCode(error, "ENOENT") ? undefined : NOBODY;
  }
}

async function isAlive({ pid, host, started }: Owner, file: string): Promise<boolean> {
  if (pid === 0) return false;
  if (host !== hostname()) {
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: 0 }));
    return Date.now() - mtimeMs < ABANDONED_MS;
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isCode(error, "EPERM");
  }
  // The number may have gone to another process since.
  const now = await startOf(pid);
  return now === undefined || started === "" || now === started;
}

/** When a process started, as Linux counts it; undefined elsewhere. */
async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is the command in brackets, which may hold spaces; the start is the twentieth after it.
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

/** Another process works in a store's folder. */
export class FolderInUseError extends Error {
  override readonly name = "FolderInUseError";
  readonly folder: string;
  readonly pid: number;

  constructor(folder: string, { pid, host }: { readonly pid: number; readonly host: string }) {
    super(
      `The store ${folder} belongs to process ${pid} on ${host}. Stop that one, or set DATABASE_URL: a PostgreSQL ` +
        "server can be shared.",
    );
    this.folder = folder;
    this.pid = pid;
  }
}
