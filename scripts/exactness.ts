import { parseArgs } from "node:util";

import { startProgress } from "../src/cli/progress.ts";
import { UsageError, runCommand } from "../src/cli/usage.ts";
import { deriveFrom } from "../src/model/build-model.ts";
import { encodeNearest, type FieldCodec } from "../src/model/codec.ts";
import { compileOnce } from "../src/model/compile.ts";
import { codecsOf } from "../src/model/source.ts";
import { chosenModels, partsOf, shippedModels } from "./bench/known-models.ts";
import { casesOf } from "./exactness/cases.ts";
import { firstMismatch } from "./exactness/check-model.ts";
import type { CaseKind, Mismatch } from "./exactness/comparison.ts";

const USAGE = `Usage: npm run exactness -- [--inputs N] [--only NAME,...] [--seed N] [--json]

Asks the executor and the circuit's witness of every model in models/ the same: all fields at their least and at their
most, the bounds of the first sums, both sides of every threshold of trees, inputs with a tie between the two highest
scores where a short search finds some, and random inputs. Commitment, answer and context must agree to the last bit.
Exits with 1 at the first that does not, and prints it.

  --inputs   how many random inputs (default: 10000)
  --only     the models to ask (default: all)
  --seed     what decides the inputs (default: 1)
  --json     print only the figures, as an array of rows
  --help     print this`;

const OPTIONS = {
  inputs: { type: "string", default: "10000" },
  only: { type: "string" },
  seed: { type: "string", default: "1" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const MOST_INPUTS = 10_000_000;

/** What was found out about one model. */
type ExactnessRow = {
  readonly model: string;
  readonly seed: number;
  /** How many inputs of each kind were asked. */
  readonly inputs: Readonly<Record<CaseKind, number>>;
  readonly seconds: number;
  readonly mismatch:
    ({ readonly kind: CaseKind; readonly input: readonly number[] } & Pick<Mismatch, "executor" | "circuit">) | null;
};

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const count = wholeNumber("--inputs", values.inputs, MOST_INPUTS);
  const seed = wholeNumber("--seed", values.seed, 2 ** 32 - 1);
  const rows: ExactnessRow[] = [];
  for (const model of chosenModels(values.only, await shippedModels())) {
    const row = await checkModel(model, count, seed);
    rows.push(row);
    if (!values.json) console.log(describe(row));
    if (row.mismatch !== null) {
      process.exitCode = 1;
      break;
    }
  }
  if (values.json) console.log(JSON.stringify(rows, null, 2));
}

async function checkModel(model: string, count: number, seed: number): Promise<ExactnessRow> {
  const parts = await partsOf(model);
  const { program, circuit } = deriveFrom(parts);
  const { wasm } = await compileOnce(circuit);
  const codecs = codecsOf(parts.source);
  const data = parts.evaluated.map(({ inputs }) => {
    return inputs.map((value, field) => encodeNearest(codecs[field] as FieldCodec, value));
  });
  const cases = casesOf(program, data, count, seed);
  const progress = startProgress(model, cases.length);
  const start = performance.now();
  let done = 0;
  const mismatch = await firstMismatch({ program, wasm }, cases, (more) => {
    done += more;
    for (let each = 0; each < more; each++) progress.advance();
    const left = ((performance.now() - start) / 1_000 / done) * (cases.length - done);
    // A log would be flooded.
    if (process.stderr.isTTY) progress.note(`about ${Math.ceil(left)} s left`);
  });
  progress.end();
  const countOf = (kind: CaseKind): number => cases.filter((each) => each.kind === kind).length;
  return {
    model,
    seed,
    inputs: { end: countOf("end"), bound: countOf("bound"), tie: countOf("tie"), random: countOf("random") },
    seconds: (performance.now() - start) / 1_000,
    mismatch: mismatch === undefined ? null : mismatchOf(mismatch),
  };
}

function mismatchOf({ asked, executor, circuit }: Mismatch): ExactnessRow["mismatch"] {
  return { kind: asked.kind, input: asked.fields, executor, circuit };
}

function describe({ model, seed, inputs, seconds, mismatch }: ExactnessRow): string {
  if (mismatch === null) {
    const kinds = `${inputs.random} random inputs, ${inputs.end} ends, ${inputs.bound} bounds, ${inputs.tie} ties`;
    return `${model}: exact on ${kinds} (${seconds.toFixed(1)} s)`;
  }
  return [
    `${model}: executor and circuit differ with --seed ${seed} on a ${mismatch.kind} input:`,
    JSON.stringify(mismatch.input),
    `executor  ${mismatch.executor}`,
    `circuit   ${mismatch.circuit}`,
  ].join("\n");
}

function wholeNumber(option: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  throw new UsageError(`${option} takes a whole number from 1 to ${most}, got ${JSON.stringify(text)}.`);
}

await runCommand(USAGE, main);
