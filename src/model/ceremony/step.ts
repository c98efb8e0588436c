/** What all steps of a ceremony have in common. */
import { runSetup } from "../setup.ts";
import type { SetupJob } from "../setup.ts";
import { checkFits, circuitSizeOf } from "./circuit-file.ts";
import type { CircuitSize } from "./circuit-file.ts";
import { contributionsOf } from "./key-file.ts";
import { identifyPhase1 } from "./known-phase1.ts";
import type { KnownPhase1 } from "./known-phase1.ts";

export type StepOptions = {
  /** How long any one part of the step may take. The default grows with the circuit and the beacon. */
  readonly timeLimitSeconds?: number | undefined;
  /** Called as each part of the step begins. */
  readonly onStep?: (words: string) => void;
  /** Called often, with how far that part is. */
  readonly onProgress?: (words: string) => void;
};

const LEAST_SECONDS = 300;
/** Ten times what a slow machine was seen to need. */
const SECONDS_PER_ROW = 0.02;
const SECONDS_PER_HASH = 1e-5;
/** A key says how often its beacon was hashed, and may say too much. */
const MAX_FREE_ITERATIONS = 30;

/** Reads a phase 1 through, with progress. */
export async function recognisePhase1(path: string, options: StepOptions): Promise<KnownPhase1> {
  options.onStep?.("reading the phase 1");
  return identifyPhase1(path, (share) => options.onProgress?.(`${Math.floor(share * 100)}%`));
}

/** Checks a key file from its circuit and phase 1 on: without that, what it says of itself means nothing. */
export async function checkKeyFile(
  files: { readonly r1cs: string; readonly phase1: KnownPhase1; readonly key: string },
  options: StepOptions,
): Promise<CircuitSize> {
  const { r1cs, phase1, key } = files;
  const size = await circuitSizeOf(r1cs);
  checkFits(size, phase1);
  const iterations = (await contributionsOf(key)).at(-1)?.beacon?.iterations;
  options.onStep?.("verifying the key");
  await runJob({ kind: "check", r1cs, phase1: phase1.path, key }, size.rows, options, iterations);
  return size;
}

/** Does one job in a process of its own, in the time that its size allows. */
export async function runJob(job: SetupJob, rows: number, options: StepOptions, iterations = 0): Promise<void> {
  const hashes = 2 ** Math.min(iterations, MAX_FREE_ITERATIONS);
  const fair = LEAST_SECONDS + rows * SECONDS_PER_ROW + hashes * SECONDS_PER_HASH;
  const { timeLimitSeconds = fair, onProgress = () => {} } = options;
  await runSetup([job], { timeLimitSeconds, onProgress });
}
