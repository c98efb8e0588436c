/** The body of the process that `runSetup` starts: does the jobs that it is sent. */
import { Worker } from "node:worker_threads";

import {
  KeyRefusedError,
  SetupFailedError,
  applyBeacon,
  checkKey,
  contribute,
  newProvingKey,
  stopThreads,
} from "./groth16.ts";
import type { SetupJob, SetupMessage } from "./setup.ts";

/** At most so many lines of progress a second are worth a message. */
const PROGRESS_INTERVAL_MS = 100;

let lastProgress = 0;

// When whoever started it is gone, nobody wants the result. Some loops of snarkjs never let go of this thread, hence the
// other one.
const watch = `setInterval(() => process.ppid === ${process.ppid} || process.kill(process.pid, "SIGKILL"), 500);`;
new Worker(watch, { eval: true }).unref();
process.on("message", (jobs: readonly SetupJob[]) => void doAll(jobs));

async function doAll(jobs: readonly SetupJob[]): Promise<void> {
  try {
    for (const job of jobs) await doOne(job);
    await stopThreads();
    send({ done: true });
  } catch (error) {
    if (error instanceof KeyRefusedError) send({ refused: error.reason });
    else if (error instanceof SetupFailedError) send({ failure: error.reason });
    else send({ failure: error instanceof Error ? error.message : String(error) });
  }
}

async function doOne(job: SetupJob): Promise<void> {
  switch (job.kind) {
    case "new":
      await newProvingKey(job.r1cs, job.phase1, job.key, onProgress);
      break;
    case "contribution":
      await contribute(job.from, job.key, job.name, job.text, onProgress);
      break;
    case "beacon":
      await applyBeacon(job.from, job.key, job.name, job, onProgress);
      break;
    case "check":
      await checkKey(job.key, job.r1cs, job.phase1, onProgress);
      break;
  }
}

function onProgress(progress: string): void {
  if (performance.now() - lastProgress < PROGRESS_INTERVAL_MS) return;
  lastProgress = performance.now();
  process.send?.({ progress } satisfies SetupMessage);
}

/** The last message; the process ends once it is under way. */
function send(message: SetupMessage): void {
  process.send?.(message, () => process.exit());
}
