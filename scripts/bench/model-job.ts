/** What is measured in a process of its own, so that nothing is warm from what was measured before. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { ModelRow } from "./model-row.ts";

/** What each job finds out. They come in this order, and hand each other files. */
export type JobResults = {
  readonly build: Pick<ModelRow, "constraints" | "predicted" | "rows" | "domain" | "buildSeconds"> &
    Pick<ModelRow, "metric" | "accuracyFloat" | "accuracyInteger" | "agreement"> & { readonly commitmentRows: number };
  readonly witness: Pick<ModelRow, "witnessSeconds">;
  readonly prove: Pick<ModelRow, "proveSecondsCold" | "proveSeconds" | "peakMiB">;
  readonly verify: Pick<ModelRow, "verifySeconds">;
};

export type JobKind = keyof JobResults;

/** A job on a model, whose files are all in one folder. */
export type Job = { readonly kind: JobKind; readonly model: string; readonly folder: string };

/** The last word of a job's process. */
export type JobMessage = { readonly result: JobResults[JobKind] } | { readonly failure: string };

export const JOB_FILES = {
  r1cs: "circuit.r1cs",
  wasm: "circuit.wasm",
  inputs: "inputs.json",
  key: "key.zkey",
  witness: "witness.wtns",
  proof: "proof.json",
} as const;

const BODY = fileURLToPath(new URL("./model-process.ts", import.meta.url));

/** Does a job in a fresh process. */
export async function runJob<Kind extends JobKind>(
  kind: Kind,
  model: string,
  folder: string,
): Promise<JobResults[Kind]> {
  const child = fork(BODY, { stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: [] });
  let last: JobMessage | undefined;
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  child.on("message", (message: JobMessage) => (last = message));
  child.send({ kind, model, folder } satisfies Job);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.on("error", reject).on("close", () => resolve());
  await promise;
  if (last !== undefined && "result" in last) return last.result as JobResults[Kind];
  const end = `its process ended with ${child.signalCode ?? `code ${child.exitCode}`}. ${complaints}`.trim();
  throw new JobFailedError(kind, model, last?.failure ?? end);
}

/** A model could not be measured. */
export class JobFailedError extends Error {
  override readonly name = "JobFailedError";
  readonly kind: JobKind;
  readonly model: string;

  constructor(kind: JobKind, model: string, reason: string) {
    super(`${model} was not measured, since this failed: ${kind}. ${reason}`);
    this.kind = kind;
    this.model = model;
  }
}
