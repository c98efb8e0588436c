/** The body of a pool's processes: keeps curve and models ready, and makes one proof at a time, when nobody else needs the core. */
import { setPriority } from "node:os";
import { Worker } from "node:worker_threads";

import type { Hex } from "viem";

import { openModel, ProofRefusedError, type OpenModel } from "../model/bundle/open.ts";
import { proveInOneThread } from "../model/groth16.ts";
import { NoWitnessError } from "../model/witness.ts";
import { byRapidsnark } from "./rapidsnark.ts";
import type { Preparation, Task, WorkerMessage } from "./worker-messages.ts";

/** Low enough that a gateway on the same machine answers as if there were no provers. */
const PRIORITY = 10;

const opened = new Map<Hex, OpenModel>();

// Before any thread is started: on Linux it is of the thread that calls, and of those that it starts.
setPriority(PRIORITY);
// A proof does not let go of this thread, hence another looks whether anyone still waits for it.
const watch = `setInterval(() => process.ppid === ${process.ppid} || process.kill(process.pid, "SIGKILL"), 500);`;
new Worker(watch, { eval: true }).unref();
process.once("message", (preparation: Preparation) => {
  process.on("message", (task: Task) => void answer(() => prove(task)));
  void answer(() => prepare(preparation));
});

async function prepare({ models, program, scratch }: Preparation): Promise<WorkerMessage> {
  await proveInOneThread();
  for (const [id, folder] of models) {
    const make = program.kind === "rapidsnark" ? byRapidsnark(program.path, scratch) : undefined;
    const model = await openModel(folder, make);
    if (model.id !== id) throw new OtherModelError(folder, model.id, id);
    opened.set(id, model);
  }
  return { kind: "ready" };
}

async function prove({ model, context, ...answered }: Task): Promise<WorkerMessage> {
  const { proof } = await (opened.get(model) as OpenModel).prove(answered, context);
  return { kind: "proof", proof };
}

async function answer(work: () => Promise<WorkerMessage>): Promise<void> {
  try {
    process.send?.(await work());
  } catch (error) {
    const isTasks = error instanceof NoWitnessError || error instanceof ProofRefusedError;
    const reason = error instanceof Error ? error.message : String(error);
    process.send?.({ kind: "failure", reason, isTasks } satisfies WorkerMessage);
  }
}

/** A folder holds another model than it did when the pool was started. */
export class OtherModelError extends Error {
  override readonly name = "OtherModelError";

  constructor(folder: string, found: Hex, expected: Hex) {
    super(`${folder} holds the model ${found}, and ${expected} was there. Start the prover again.`);
  }
}
