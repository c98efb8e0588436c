/** One process of a pool, from outside. */
import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Hex } from "viem";

import type { ProvingProgram } from "./proving-program.ts";
import type { Preparation, Task, WorkerMessage } from "./worker-messages.ts";

export type WorkerOptions = {
  readonly models: ReadonlyMap<Hex, string>;
  readonly program: ProvingProgram;
  /** How long a proof, or the start, may take. */
  readonly timeLimitSeconds: number;
};

export type ProvingWorker = {
  readonly pid: number;
  /** One at a time. */
  readonly prove: (task: Task) => Promise<Hex>;
  /** Ends the process, whatever it is at. */
  readonly end: () => Promise<void>;
};

/** Whatever else is in the environment, keys and passwords before all, is none of the concern of what proves. */
const ENVIRONMENT = ["PATH", "HOME", "TMPDIR", "TMP", "TEMP", "LD_LIBRARY_PATH", "SystemRoot"];
/** The last of what a lost process said. */
const MOST_WORDS = 300;

/** Starts a process, and waits until it is ready to prove. */
export async function startWorker({ models, program, timeLimitSeconds }: WorkerOptions): Promise<ProvingWorker> {
  const scratch = await mkdtemp(join(tmpdir(), "assay-prover-"));
  const body = fileURLToPath(new URL(`./worker-process${extname(import.meta.url)}`, import.meta.url));
  const child = fork(body, {
    env: Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]])),
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    execArgv: [],
    serialization: "advanced",
  });
  let said = "";
  const listen = (text: string): void => {
    said = (said + text).slice(-MOST_WORDS);
  };
  child.stdout?.setEncoding("utf8").on("data", listen);
  child.stderr?.setEncoding("utf8").on("data", listen);
  // What follows it says more: an error is never alone.
  child.on("error", () => {});
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  child.once("close", () => void rm(scratch, { recursive: true, force: true }).finally(close));
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await closed;
  };

  /** Sends a message and waits for what comes back, within the time limit. */
  const ask = async (message: Preparation | Task): Promise<WorkerMessage> => {
    const { promise, resolve, reject } = Promise.withResolvers<WorkerMessage>();
    const onClose = (): void => {
      reject(new WorkerLostError(`it ended with ${child.signalCode ?? `code ${child.exitCode}`}. ${said}`.trim()));
    };
    const timer = setTimeout(() => {
      reject(new WorkerLostError(`it took longer than ${timeLimitSeconds} seconds`));
      child.kill("SIGKILL");
    }, timeLimitSeconds * 1_000);
    child.once("message", resolve).once("close", onClose);
    // One that has ended already sends no further event.
    if (child.exitCode !== null || child.signalCode !== null) onClose();
    child.send(message, () => {});
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      child.off("message", resolve).off("close", onClose);
    }
  };

  const started = await ask({ models, program, scratch }).catch(async (error: unknown) => {
    await end();
    throw error;
  });
  if (started.kind === "failure") {
    await end();
    throw new WorkerNotReadyError(started.reason);
  }
  return {
    pid: child.pid as number,
    end,
    async prove(task) {
      const message = await ask(task);
      if (message.kind === "proof") return message.proof;
      const reason = message.kind === "failure" ? message.reason : "it answered something else";
      throw new TaskFailedError(reason, message.kind === "failure" && message.isTasks);
    },
  };
}

/** A process of the pool died, or was ended for taking too long. */
export class WorkerLostError extends Error {
  override readonly name = "WorkerLostError";

  constructor(reason: string) {
    super(`A proving process was lost: ${reason}. The job is tried again by another.`);
  }
}

/** A process of the pool cannot prove at all. */
export class WorkerNotReadyError extends Error {
  override readonly name = "WorkerNotReadyError";

  constructor(reason: string) {
    super(`No proving process can be started: ${reason}`);
  }
}

/** A process of the pool is well, and made no proof. */
export class TaskFailedError extends Error {
  override readonly name = "TaskFailedError";
  /** Whether nobody could prove it. */
  readonly isTasks: boolean;

  constructor(reason: string, isTasks: boolean) {
    super(reason);
    this.isTasks = isTasks;
  }
}
