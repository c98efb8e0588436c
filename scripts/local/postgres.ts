/** A real PostgreSQL of one's own: for what an embedded one cannot show, such as many processes on one database. */
import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { makeFolder, placePrograms } from "./postgres-programs.ts";
import type { Programs } from "./postgres-programs.ts";

const USER = "assay";
const HOST = "127.0.0.1";
const READY = "database system is ready to accept connections";

export type Postgres = {
  /** The same over all restarts. */
  readonly url: string;
  /** Ends the server by SIGKILL: nobody tidies up. Resolves when none of its processes is left. */
  readonly kill: () => Promise<void>;
  /** Starts the server again, after `kill` or as it runs. */
  readonly restart: () => Promise<void>;
  /** Stops the server and removes its files. */
  readonly stop: () => Promise<void>;
};

/**
 * Starts a server on loopback. It ends with this process, however that ends.
 *
 * @param folder Where its data is, which then stays; otherwise it is in a temporary folder that goes with the server.
 * @throws {@link NoPostgresError} on a platform that there are no programs for.
 */
export async function startPostgres({ folder }: { readonly folder?: string } = {}): Promise<Postgres> {
  const home = await mkdtemp(join(tmpdir(), "assay-postgres-"));
  const watchdog = watch(home);
  try {
    const programs = await placePrograms(home);
    const data = folder ?? join(home, "data");
    await makeFolder(data, programs);
    if (!existsSync(join(data, "PG_VERSION"))) await initialise(programs, data);
    const place = { data, port: await freePort() };

    let server = await launch(programs, place, watchdog);
    return {
      url: `postgres://${USER}@${HOST}:${place.port}/postgres`,
      kill: async () => server.end("SIGKILL"),
      async restart() {
        await server.end("SIGINT");
        server = await launch(programs, place, watchdog);
      },
      async stop() {
        await server.end("SIGINT");
        await watchdog.release();
      },
    };
  } catch (error) {
    await watchdog.release();
    throw error;
  }
}

/** Whoever reaches loopback may come in as anyone: there is nothing in it but what a test or a demo puts there. */
async function initialise({ initdb, owner }: Programs, data: string): Promise<void> {
  const options = ["--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"];
  await promisify(execFile)(initdb, ["--pgdata", data, "--username", USER, ...options], surroundings(data, owner));
}

/** None of the variables by which an environment changes what PostgreSQL does. */
function surroundings(cwd: string, owner: Programs["owner"]) {
  return { cwd, env: { PATH: process.env["PATH"], LC_ALL: "C" }, ...owner };
}

/** Below the ports that systems give to outgoing connections, one of which could take it between two starts. */
async function freePort(): Promise<number> {
  const port = randomInt(20_000, 32_000);
  const probe = createServer();
  try {
    probe.listen(port, HOST);
    await once(probe, "listening");
  } catch {
    return freePort();
  }
  probe.close();
  await once(probe, "close");
  return port;
}

type Place = { readonly data: string; readonly port: number };

async function launch({ postgres, owner }: Programs, { data, port }: Place, watchdog: Watchdog) {
  const settings = [`port=${port}`, `listen_addresses=${HOST}`, "unix_socket_directories="];
  const child = spawn(postgres, ["-D", data, ...settings.flatMap((setting) => ["-c", setting])], {
    ...surroundings(data, owner),
    stdio: ["ignore", "ignore", "pipe"],
  });
  // Its processes share the pipe, so it closes when the last of them has ended; they end when they miss the first.
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => {
      watchdog.guard(null);
      resolve();
    });
  });
  watchdog.guard(child.pid ?? null);

  await readiness(child);
  return {
    async end(signal: NodeJS.Signals): Promise<void> {
      child.kill(signal);
      await ended;
    },
  };
}

async function readiness(child: ChildProcess): Promise<void> {
  let log = "";
  let cause: Error | undefined;
  await new Promise<void>((resolve, reject) => {
    child.once("error", (error) => {
      cause = error;
    });
    child.once("close", () => reject(new PostgresFailedError(log, { cause })));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-2_000);
      if (log.includes(READY)) resolve();
    });
  });
}

/**
 * Reads which process to guard until nobody is left who could tell, which no death can prevent. Then it ends that
 * process and removes the folder.
 */
const WATCHDOG = `
  server=
  while read -r line; do server=$line; done
  if [ -n "$server" ]; then
    kill -QUIT "$server"
    tries=0
    while kill -0 "$server" && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  fi
  rm -rf "$1"
`;

/** In a session of its own, so that the interrupt of a terminal does not end it before its work. */
function watch(home: string) {
  const shell = spawn("sh", ["-c", WATCHDOG, "sh", home], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  return {
    guard: (server: number | null) => shell.stdin.write(`${server ?? ""}\n`),
    async release(): Promise<void> {
      shell.stdin.end();
      await once(shell, "close");
    },
  };
}

type Watchdog = ReturnType<typeof watch>;

/** The server ended instead of starting. */
export class PostgresFailedError extends Error {
  override readonly name = "PostgresFailedError";
  constructor(log: string, options?: ErrorOptions) {
    super(`PostgreSQL did not start. The last that it said:\n${log}`, options);
  }
}
