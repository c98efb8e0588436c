import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startProgress } from "../../src/cli/progress.ts";
import { checkFits, circuitSizeOf } from "../../src/model/ceremony/circuit-file.ts";
import type { KnownPhase1 } from "../../src/model/ceremony/known-phase1.ts";
import { DEVELOPMENT_PHASE1, type Phase1 } from "../../src/model/phase1.ts";
import { runSetup } from "../../src/model/setup.ts";
import { JOB_FILES, runJob } from "./model-job.ts";
import type { MeasuredModel, ModelRow } from "./model-row.ts";

export type MeasureOptions = {
  /** Where to stop: after the counts, or after proofs on a phase 1. */
  readonly until: "counts" | "proofs";
  /** Every model must fit on it. Without one, models that do not fit on the development phase 1 are only counted. */
  readonly phase1: KnownPhase1 | undefined;
};

type Times = Pick<
  ModelRow,
  "setupSeconds" | "witnessSeconds" | "proveSecondsCold" | "proveSeconds" | "verifySeconds" | "peakMiB"
>;

const NO_TIMES: Times = {
  setupSeconds: null,
  witnessSeconds: null,
  proveSecondsCold: null,
  proveSeconds: null,
  verifySeconds: null,
  peakMiB: null,
};

/** Measures models, one after the other. Nothing comes from a cache. */
export async function measureModels(names: readonly string[], options: MeasureOptions): Promise<MeasuredModel[]> {
  const progress = startProgress("Measuring models", names.length);
  try {
    const measured: MeasuredModel[] = [];
    for (const name of names) {
      measured.push(await measure(name, options, (step) => progress.note(`${name}: ${step}`)));
      progress.advance();
    }
    return measured;
  } finally {
    progress.end();
  }
}

/** A circuit of a hundred thousand rows on a busy machine. */
const SETUP_SECONDS = 3_600;

type OnStep = (words: string) => void;

async function measure(model: string, { until, phase1 }: MeasureOptions, onStep: OnStep): Promise<MeasuredModel> {
  const folder = await mkdtemp(join(tmpdir(), "assay-bench-"));
  try {
    onStep("building");
    const built = await runJob("build", model, folder);
    const { commitmentRows, metric, accuracyFloat, accuracyInteger, agreement, ...counts } = built;
    let times = NO_TIMES;
    if (until === "proofs") {
      if (phase1 !== undefined) checkFits(await circuitSizeOf(join(folder, JOB_FILES.r1cs)), phase1);
      const usable = phase1 ?? DEVELOPMENT_PHASE1;
      if (counts.domain <= usable.capacity) times = await timesOf(model, folder, usable, onStep);
    }
    const row = { model, ...counts, ...times, metric, accuracyFloat, accuracyInteger, agreement };
    return { row, commitmentRows };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function timesOf(model: string, folder: string, phase1: Phase1, onStep: OnStep): Promise<Times> {
  onStep("setting up");
  const setupSeconds = await setUp(folder, phase1);
  onStep("computing the witness");
  const { witnessSeconds } = await runJob("witness", model, folder);
  onStep("proving");
  const { proveSecondsCold, proveSeconds, peakMiB } = await runJob("prove", model, folder);
  onStep("verifying");
  const { verifySeconds } = await runJob("verify", model, folder);
  return { setupSeconds, witnessSeconds, proveSecondsCold, proveSeconds, verifySeconds, peakMiB };
}

/** Makes a key with one contribution, verifies it, and tells how long that took. */
async function setUp(folder: string, phase1: Phase1): Promise<number> {
  const [newKey, key] = [join(folder, "new.zkey"), join(folder, JOB_FILES.key)];
  const on = { r1cs: join(folder, JOB_FILES.r1cs), phase1: phase1.path };
  const start = performance.now();
  await runSetup(
    [
      { kind: "new", ...on, key: newKey },
      { kind: "contribution", from: newKey, key, name: "benchmark", text: "" },
      { kind: "check", ...on, key },
    ],
    { timeLimitSeconds: SETUP_SECONDS },
  );
  return (performance.now() - start) / 1_000;
}
