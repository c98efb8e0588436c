/** A gateway in a process of its own, which can be told to end itself on the way of a request. */
import { fork } from "node:child_process";
import { once } from "node:events";

import { startGateway } from "../../src/gateway/gateway.ts";
import type { GatewaySettings } from "../../src/gateway/settings.ts";
import type { Journal } from "../../src/store/journal.ts";

/**
 * Where a gateway ends itself by SIGKILL: the money is promised, the answer is computed, or it is journalled. After
 * `answer` it goes on, but never writes its signature down.
 */
export type Mortality = "reserve" | "compute" | "journal" | "answer";

type Task = { readonly settings: GatewaySettings; readonly mortality: Mortality | undefined };

type Order = "stop" | { readonly query: string };

type Said = { readonly url: string } | { readonly failure: string } | { readonly rows: unknown[] };

const BODY = import.meta.filename;

export async function startGatewayProcess(settings: GatewaySettings, mortality?: Mortality) {
  // The other form of messages loses big numbers.
  const child = fork(BODY, { serialization: "advanced", stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const ended = once(child, "exit") as Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  child.send({ settings, mortality } satisfies Task);
  const said = once(child, "message").then(([message]) => message as Said);
  const first = await Promise.race([said, ended.then(([code]): Said => ({ failure: `it ended with ${code}` }))]);
  if (!("url" in first)) throw new GatewayProcessError("failure" in first ? first.failure : "it said something else");
  return {
    url: first.url,
    /** How it ended: not before it did. */
    ended: async () => (await ended)[1],
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async kill(): Promise<void> {
      child.kill("SIGKILL");
      await ended;
    },
    /** Looks into its store, which on a folder nobody else can; once at a time. */
    async query(query: string): Promise<unknown[]> {
      child.send({ query } satisfies Order);
      const [answer] = (await once(child, "message")) as [Said];
      return "rows" in answer ? answer.rows : [];
    },
    async stop(): Promise<void> {
      if (child.connected) child.send("stop" satisfies Order);
      await ended;
    },
  };
}

export type GatewayProcess = Awaited<ReturnType<typeof startGatewayProcess>>;

function endHere(): Promise<never> {
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => {});
}

function mortal(journal: Journal, mortality: Mortality): Partial<Journal> {
  const { reserve, answer } = journal;
  switch (mortality) {
    case "reserve":
      return {
        async reserve(order) {
          await reserve(order);
          return endHere();
        },
      };
    case "compute":
      return { answer: endHere };
    case "journal":
      return {
        async answer(given) {
          await answer(given);
          return endHere();
        },
      };
    case "answer":
      return { seal: async () => new Promise(() => {}), unsealed: async () => [] };
  }
}

async function run({ settings, mortality }: Task): Promise<void> {
  const gateway = await startGateway(settings, () => {});
  // The desk asks the same object.
  if (mortality !== undefined) Object.assign(gateway.store.journal, mortal(gateway.store.journal, mortality));
  process.on("message", (order: Order) => {
    if (order === "stop") void gateway.stop().then(() => process.exit());
    else void gateway.store.database.query(order.query).then((rows) => process.send?.({ rows } satisfies Said));
  });
  process.send?.({ url: gateway.url } satisfies Said);
}

// The runner of tests imports this file too.
if (process.argv[1] === BODY) {
  process.on("disconnect", () => process.exit());
  process.once("message", (task: Task) => {
    run(task).catch((error: unknown) => process.send?.({ failure: String(error) } satisfies Said));
  });
}

/** A gateway did not start. */
class GatewayProcessError extends Error {
  override readonly name = "GatewayProcessError";

  constructor(reason: string) {
    super(`The gateway's process did not start: ${reason}.`);
  }
}
