/** The body of the process that `runJob` starts: does the one job that it is sent. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { deriveFrom } from "../../src/model/build-model.ts";
import { circuitSizeOf } from "../../src/model/ceremony/circuit-file.ts";
import { encodeNearest, type FieldCodec } from "../../src/model/codec.ts";
import { compileText } from "../../src/model/compile.ts";
import { isProof, prove, stopThreads, verificationKeyOf } from "../../src/model/groth16.ts";
import type { ProvenSignals, VerificationKey } from "../../src/model/groth16.ts";
import { readConstraints, type Combination } from "../../src/model/lint/r1cs-file.ts";
import { absorbed, combinePoints, constantOf, weightPoints } from "../../src/model/private-weights/absorb.ts";
import { codecsOf } from "../../src/model/source.ts";
import { witnessOf, type CircuitInputs } from "../../src/model/witness.ts";
import { circuitInputsOf } from "../../src/model/signals.ts";
import { partsOf } from "./known-models.ts";
import { JOB_FILES, type Job, type JobKind, type JobMessage, type JobResults } from "./model-job.ts";
import { SHAPES } from "./shapes.ts";

/** Of which the median is told. */
const REPEATS = 5;

/** Any will do. */
const [SALT, BLINDING, CONTEXT] = [123_456_789n, 987_654_321n, 42n];

type Jobs = { readonly [Kind in JobKind]: (job: Job) => Promise<JobResults[Kind]> };

const JOBS: Jobs = { build, witness, prove: proveWarm, verify };

// Nobody wants the result when whoever started this is gone.
process.once("disconnect", () => process.exit());
process.once("message", (job: Job) => void doJob(job));

async function doJob(job: Job): Promise<void> {
  try {
    const result = await JOBS[job.kind](job);
    await stopThreads();
    send({ result });
  } catch (error) {
    send({ failure: error instanceof Error ? error.message : String(error) });
  }
}

/** The last message; the process ends once it is under way. */
function send(message: JobMessage): void {
  process.send?.(message, () => process.exit());
}

async function build({ model, folder }: Job): Promise<JobResults["build"]> {
  const start = performance.now();
  const parts = await partsOf(model);
  const { cost, circuit, program, agreement } = deriveFrom(parts);
  const { r1cs, wasm } = await compileText(circuit);
  const buildSeconds = secondsSince(start);

  const { rows } = await readConstraints(r1cs);
  const size = await circuitSizeOf(r1cs);
  const codecs = codecsOf(parts.source);
  const fields = (parts.evaluated[0]?.inputs ?? []).map((value, at) => encodeNearest(codecs[at] as FieldCodec, value));
  const inputs = circuitInputsOf(program, BLINDING)({ fields, salt: SALT, context: CONTEXT });
  await writeFile(join(folder, JOB_FILES.r1cs), r1cs);
  await writeFile(join(folder, JOB_FILES.wasm), wasm);
  await writeFile(join(folder, JOB_FILES.inputs), JSON.stringify(inputs, inDecimal));
  const commitment = cost.lines.find(({ gadget }) => gadget === "CommitInput");
  const isMadeUp = model in SHAPES;
  return {
    constraints: rows.filter(({ a, b }) => !isConstant(a) && !isConstant(b)).length,
    predicted: cost.rows,
    rows: size.constraints,
    // Groth16 adds a row for each public signal, and one for the constant.
    domain: 2 ** Math.ceil(Math.log2(size.rows)),
    buildSeconds,
    metric: isMadeUp ? null : agreement.metric,
    accuracyFloat: isMadeUp ? null : (agreement.float ?? null),
    accuracyInteger: isMadeUp ? null : (agreement.integer ?? null),
    agreement: isMadeUp ? null : agreement.agreement,
    commitmentRows: (commitment?.nonlinear ?? 0) + (commitment?.linear ?? 0),
  };
}

function inDecimal(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

function isConstant({ wires }: Combination): boolean {
  return wires.every((wire) => wire === 0);
}

async function witness({ folder }: Job): Promise<JobResults["witness"]> {
  const wasm = await readFile(join(folder, JOB_FILES.wasm));
  const inputs = JSON.parse(await readFile(join(folder, JOB_FILES.inputs), "utf8")) as CircuitInputs;
  await writeFile(join(folder, JOB_FILES.witness), await witnessOf(wasm, inputs));
  return { witnessSeconds: await medianSeconds(() => witnessOf(wasm, inputs)) };
}

async function proveWarm({ folder }: Job): Promise<JobResults["prove"]> {
  const key = await readFile(join(folder, JOB_FILES.key));
  const values = await readFile(join(folder, JOB_FILES.witness));
  const start = performance.now();
  const proven = await prove(key, values);
  const proveSecondsCold = secondsSince(start);
  const proveSeconds = await medianSeconds(() => prove(key, values));
  await writeFile(join(folder, JOB_FILES.proof), JSON.stringify(proven));
  // In KiB.
  return { proveSecondsCold, proveSeconds, peakMiB: process.resourceUsage().maxRSS / 1024 };
}

async function verify({ model, folder }: Job): Promise<JobResults["verify"]> {
  const proven = JSON.parse(await readFile(join(folder, JOB_FILES.proof), "utf8")) as ProvenSignals;
  const shape = await verificationKeyOf(await readFile(join(folder, JOB_FILES.key)));
  const { key, publicSignals } = withoutWeights(shape, proven.publicSignals);
  const check = () => isProof(key, { proof: proven.proof, publicSignals });
  if (!(await check())) throw new ProofRefusedError(model);
  return { verifySeconds: await medianSeconds(check) };
}

/** As verifiers see a model with private weights: its key has taken them in. */
function withoutWeights(key: VerificationKey, publicSignals: readonly string[]) {
  const points = weightPoints(key);
  if (points.length === 0) return { key, publicSignals };
  const weights = publicSignals.slice(-points.length).map(BigInt);
  const constant = combinePoints([constantOf(key), ...points], [1n, ...weights]);
  return { key: absorbed(key, constant), publicSignals: publicSignals.slice(0, -points.length) };
}

async function medianSeconds(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const start = performance.now();
    await run();
    times.push(secondsSince(start));
  }
  return times.toSorted((a, b) => a - b)[Math.floor(REPEATS / 2)] ?? Number.NaN;
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1_000;
}

/** A proof that was just made does not hold, so its times mean nothing. */
export class ProofRefusedError extends Error {
  override readonly name = "ProofRefusedError";

  constructor(model: string) {
    super(`The proof that was made for ${model} does not hold. Check the compiler with npm test.`);
  }
}
