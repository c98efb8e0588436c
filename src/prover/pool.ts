/** Processes that prove, one a core. Jobs wait in the order of their deadlines. */
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

import type { Address, Hex } from "viem";

import { contextOf } from "../protocol/context.ts";
import type { Deployment } from "../protocol/deployment.ts";
import type { Job } from "../protocol/wire.ts";
import { checkProvingProgram, type ProvingProgram } from "./proving-program.ts";
import { startWorker, TaskFailedError, WorkerLostError, type ProvingWorker, type WorkerOptions } from "./worker.ts";

export type PoolOptions = {
  /** Folders of built models by id. */
  readonly models: ReadonlyMap<Hex, string>;
  readonly deployment: Deployment;
  /** snarkjs unless said otherwise. */
  readonly program?: ProvingProgram;
  /** One a core for snarkjs; one in all for rapidsnark, which uses every core by itself. */
  readonly workers?: number;
  readonly timeLimitSeconds?: number;
};

export type Pool = {
  readonly workers: number;
  /** The processes that are alive. */
  readonly pids: () => readonly number[];
  /** @param options A signal takes a job out that waits; one that is being proven is finished. */
  readonly prove: (
    job: Job,
    prover: Address,
    options?: { readonly signal?: AbortSignal; readonly onStart?: () => void },
  ) => Promise<{ readonly proof: Hex }>;
  readonly stop: () => Promise<void>;
};

const TIME_LIMIT_SECONDS = 300;
/** A job that killed three processes would kill the next. */
const MOST_ATTEMPTS = 3;
const RESTART_MS = { least: 250, most: 30_000 } as const;

type Waiting = {
  readonly job: Job;
  readonly context: bigint;
  readonly onStart: () => void;
  readonly resolve: (proven: { readonly proof: Hex }) => void;
  readonly reject: (error: Error) => void;
  attempts: number;
};

/** Starts the processes, and waits until all of them are ready. */
export async function startPool(options: PoolOptions): Promise<Pool> {
  const { models, deployment, program = { kind: "snarkjs" }, timeLimitSeconds = TIME_LIMIT_SECONDS } = options;
  const { workers: count = program.kind === "snarkjs" ? availableParallelism() : 1 } = options;
  await checkProvingProgram(program);
  const workerOptions: WorkerOptions = { models, program, timeLimitSeconds };
  const waiting: Waiting[] = [];
  const idle: ProvingWorker[] = [];
  const alive = new Set<ProvingWorker>();
  const stopping = new AbortController();

  const add = (worker: ProvingWorker): void => {
    alive.add(worker);
    idle.push(worker);
    pump();
  };

  const pump = (): void => {
    while (idle.length > 0 && waiting.length > 0) void work(idle.shift() as ProvingWorker, waiting.shift() as Waiting);
  };

  const work = async (worker: ProvingWorker, task: Waiting): Promise<void> => {
    const { request, fields, salt, output } = task.job;
    task.attempts++;
    task.onStart();
    try {
      const { model, input } = request;
      const proof = await worker.prove({ model, fields, salt, input, output, context: task.context });
      task.resolve({ proof });
    } catch (error) {
      if (error instanceof WorkerLostError) {
        alive.delete(worker);
        fail(task, error.message, task.attempts >= MOST_ATTEMPTS);
        await worker.end();
        return replace();
      }
      const isTasks = error instanceof TaskFailedError && error.isTasks;
      fail(task, error instanceof Error ? error.message : String(error), isTasks);
    }
    idle.push(worker);
    pump();
  };

  /** Tries a job again, unless it was tried often enough. */
  const fail = (task: Waiting, reason: string, isForGood: boolean): void => {
    const isOver = isForGood || task.attempts >= MOST_ATTEMPTS || stopping.signal.aborted;
    if (isOver) task.reject(new ProvingFailedError(task.job.id, reason, isForGood));
    else enqueue(task);
  };

  const enqueue = (task: Waiting): void => {
    const at = waiting.findIndex(({ job }) => job.request.deadline > task.job.request.deadline);
    waiting.splice(at === -1 ? waiting.length : at, 0, task);
    pump();
  };

  const replace = async (): Promise<void> => {
    for (let pause: number = RESTART_MS.least; !stopping.signal.aborted; pause = Math.min(2 * pause, RESTART_MS.most)) {
      try {
        const worker = await startWorker(workerOptions);
        if (stopping.signal.aborted) await worker.end();
        else add(worker);
        return;
      } catch {
        // Memory may come back, and so may a folder; until then the other processes go on.
        await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
  };

  const started = await Promise.allSettled(Array.from({ length: count }, () => startWorker(workerOptions)));
  for (const each of started) if (each.status === "fulfilled") add(each.value);
  const stop = async (): Promise<void> => {
    stopping.abort();
    for (const { job, reject } of waiting.splice(0)) reject(new PoolStoppedError(job.id));
    await Promise.all([...alive].map((worker) => worker.end()));
  };
  const failed = started.find((each) => each.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }

  return {
    workers: count,
    pids: () => [...alive].map(({ pid }) => pid),
    stop,
    async prove(job, prover, { signal, onStart = () => {} } = {}) {
      if (stopping.signal.aborted) throw new PoolStoppedError(job.id);
      if (!models.has(job.request.model)) throw new ModelNotReadyError(job.request.model);
      const { promise, resolve, reject } = Promise.withResolvers<{ readonly proof: Hex }>();
      const context = BigInt(contextOf(job.id, prover, deployment));
      const task: Waiting = { job, context, onStart, resolve, reject, attempts: 0 };
      const takeOut = (): void => {
        const at = waiting.indexOf(task);
        if (at === -1) return;
        waiting.splice(at, 1);
        reject(new JobTakenOutError(job.id));
      };
      if (signal?.aborted === true) throw new JobTakenOutError(job.id);
      signal?.addEventListener("abort", takeOut, { once: true });
      enqueue(task);
      return promise.finally(() => signal?.removeEventListener("abort", takeOut));
    },
  };
}

/** A job was not proven. */
export class ProvingFailedError extends Error {
  override readonly name = "ProvingFailedError";
  readonly id: Hex;
  readonly reason: string;
  /** Whether another prover would fare no better. */
  readonly isForGood: boolean;

  constructor(id: Hex, reason: string, isForGood: boolean) {
    super(`Job ${id} was not proven: ${reason}`);
    this.id = id;
    this.reason = reason;
    this.isForGood = isForGood;
  }
}

/** A job asks for a proof of a model that the pool was not started with. */
export class ModelNotReadyError extends Error {
  override readonly name = "ModelNotReadyError";

  constructor(model: Hex) {
    super(`The pool does not hold the model ${model}. Start it with the model's folder.`);
  }
}

/** A job was taken out before it was proven. */
export class JobTakenOutError extends Error {
  override readonly name = "JobTakenOutError";

  constructor(id: Hex) {
    super(`Job ${id} was taken out before it was proven.`);
  }
}

/** The pool was stopped before a job was proven. */
export class PoolStoppedError extends Error {
  override readonly name = "PoolStoppedError";

  constructor(id: Hex) {
    super(`The pool was stopped before job ${id} was proven. Give it to another.`);
  }
}
