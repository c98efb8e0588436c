import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { KeyRefusedError, SetupFailedError } from "./groth16.ts";
import type { OnProgress } from "./groth16.ts";
import type { Phase1 } from "./phase1.ts";

/** One thing to do with a key. All files are paths. */
export type SetupJob =
  | { readonly kind: "new"; readonly r1cs: string; readonly phase1: string; readonly key: string }
  | {
      readonly kind: "contribution";
      readonly from: string;
      readonly key: string;
      readonly name: string;
      /** Mixed with fresh randomness. */
      readonly text: string;
    }
  | {
      readonly kind: "beacon";
      readonly from: string;
      readonly key: string;
      readonly name: string;
      readonly value: string;
      readonly iterations: number;
    }
  | { readonly kind: "check"; readonly r1cs: string; readonly phase1: string; readonly key: string };

/** What the process of a setup reports, one message a time. */
export type SetupMessage =
  { readonly progress: string } | { readonly failure: string } | { readonly refused: string } | { readonly done: true };

export type SetupOptions = {
  readonly timeLimitSeconds?: number;
  readonly onProgress?: OnProgress;
};

/** The largest setup that development's phase 1 allows takes less than a minute. */
const TIME_LIMIT_SECONDS = 300;
/** Timers of more milliseconds than fit 31 bits end at once. */
const MAX_TIME_LIMIT_SECONDS = 2_147_483;

/**
 * Makes or checks keys, in a process of its own: a setup has been seen to hang, and the prover's threads do not start
 * inside a thread. The jobs are done in order, and none after one that fails.
 */
export async function runSetup(jobs: readonly SetupJob[], options: SetupOptions = {}): Promise<void> {
  const { timeLimitSeconds = TIME_LIMIT_SECONDS, onProgress = () => {} } = options;
  const timeout = Math.ceil(Math.min(timeLimitSeconds, MAX_TIME_LIMIT_SECONDS) * 1_000);
  const body = fileURLToPath(new URL(`./setup-process${extname(import.meta.url)}`, import.meta.url));
  const child = fork(body, { timeout, killSignal: "SIGKILL", stdio: ["ignore", "pipe", "pipe", "ipc"], execArgv: [] });
  // Not as arguments, which other users of the machine could read: a contributor's text is a secret.
  child.send(jobs, () => {});
  const { last, output } = await endOf(child, onProgress);
  if (last !== undefined && "done" in last) return;
  if (last !== undefined && "refused" in last) {
    // Some of its reasons snarkjs tells the console alone.
    throw new KeyRefusedError(/^INVALID\(\d+\): *(.*\S)/m.exec(output)?.[1] ?? last.refused);
  }
  if (last !== undefined && "failure" in last) throw new SetupFailedError(last.failure);
  const late = `it took longer than ${timeout / 1_000} seconds; allow more, or try again`;
  const lost = `its process ended with ${child.signalCode ?? `code ${child.exitCode}`}; try again. ${output}`;
  throw new SetupFailedError(child.killed ? late : lost.trim());
}

/** Makes a circuit's proving key with one contribution, and verifies it against circuit and phase 1. */
export async function setUp(r1cs: Uint8Array, phase1: Phase1, contributor: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "assay-setup-"));
  const files = { r1cs: join(folder, "r1cs"), newKey: join(folder, "new-key"), key: join(folder, "key") };
  try {
    await writeFile(files.r1cs, r1cs);
    const on = { r1cs: files.r1cs, phase1: phase1.path };
    await runSetup([
      { kind: "new", ...on, key: files.newKey },
      { kind: "contribution", from: files.newKey, key: files.key, name: contributor, text: "" },
      { kind: "check", ...on, key: files.key },
    ]);
    return await readFile(files.key);
  } finally {
    await rm(folder, { recursive: true });
  }
}

type End = { last: SetupMessage | undefined; output: string };

/** Waits for a process, and passes its progress on. */
function endOf(child: ChildProcess, onProgress: OnProgress): Promise<End> {
  let last: SetupMessage | undefined;
  let output = "";
  const keep = (text: string): void => {
    output += text;
  };
  child.stdout?.setEncoding("utf8").on("data", keep);
  child.stderr?.setEncoding("utf8").on("data", keep);
  child.on("message", (message: SetupMessage) => {
    if ("progress" in message) onProgress(message.progress);
    else last = message;
  });
  const { promise, resolve, reject } = Promise.withResolvers<End>();
  child.on("error", reject);
  child.on("close", () => resolve({ last, output }));
  return promise;
}
