import { expect } from "chai";

import { constraintCountOf, stopThreads } from "../../../src/model/groth16.ts";
import { isSound, lintCircuit } from "../../../src/model/lint/lint.ts";
import { checkCertificate } from "../../../src/model/program/check-certificate.ts";
import { InputRangeError, type Tensor } from "../../../src/model/program/execute.ts";
import { inputsOf, isLinear, type Program } from "../../../src/model/program/program.ts";
import { packSecrets } from "../../../src/model/program/secrets.ts";
import { NoWitnessError, witnessOf, type CircuitInputs } from "../../../src/model/witness.ts";
import { GROUP_ORDER } from "../../../src/protocol/bn254.ts";
import { commitInput, commitOutput, revealInput } from "../../../src/protocol/commitment.ts";
import {
  BLINDING,
  circuitOf,
  CONTEXT,
  executed,
  inputsFor,
  SALT,
  signalsFor,
  type TestedCircuit,
} from "../../helpers/circuit.ts";
import { errorOf } from "../../helpers/errors.ts";
import { extremesOf } from "../../helpers/extremes.ts";
import { randomProgram } from "../../helpers/random-program.ts";
import { fuzz, seededRandom, times, type Random } from "../../helpers/random.ts";

const PROGRAMS = 16;
/** Beside those that take each number to its ends. */
const INPUTS = 100;

describe("a random program", () => {
  after(() => stopThreads());

  for (let at = 0; at < PROGRAMS; at++) {
    it(`number ${at + 1} answers as its circuit does, up to the ends of its certificate, and nowhere beyond`, () =>
      fuzz(async (random) => {
        const own = seededRandom(times(at + 1, () => random.below(2 ** 32)).at(-1) ?? 0);
        const program = randomProgram(own);
        try {
          await check(program, own);
        } catch (cause) {
          throw new FailedProgramError(program, cause);
        }
      }));
  }
});

async function check(program: Program, random: Random): Promise<void> {
  const circuit = await circuitOf(program);
  expect(await constraintCountOf(circuit.r1cs), "rows").to.equal(circuit.cost.rows);
  checkCertificate(program, circuit.intervals);
  const extremes = extremesOf(program.input.widths, circuit.execute, random);
  await checkAnswers(circuit, [...extremes, ...inputsFor(program, INPUTS, random)]);
  checkEnds(circuit, extremes);
  await checkOutside(circuit);
  const inputs = extremes.slice(0, 2).map((fields) => inputsTo(program, fields.map(BigInt)));
  const report = await lintCircuit({ r1cs: circuit.r1cs, wasm: circuit.wasm, inputs });
  expect(isSound(report), JSON.stringify([report.unknown, report.findings.map(({ kind }) => kind)])).to.equal(true);
}

function inputsTo(program: Program, fields: readonly bigint[]): CircuitInputs {
  const weights = packSecrets(program);
  return {
    fields,
    context: CONTEXT,
    ...(program.input.visibility === "hidden" ? { salt: SALT } : {}),
    ...(weights.length > 0 ? { weights, blinding: BLINDING } : {}),
  };
}

/** Whatever the executor accepts has a witness, which says the same. */
async function checkAnswers(circuit: TestedCircuit, inputs: readonly (readonly number[])[]): Promise<void> {
  const { input, output } = circuit.program;
  for (const values of inputs) {
    const fields = values.map(BigInt);
    const packed = executed(circuit, values);
    expect(await signalsFor(circuit, values), `of ${values.join()}`).to.deep.equal([
      input.visibility === "hidden" ? commitInput(input.widths, fields, SALT) : revealInput(input.widths, fields),
      output.visibility === "hidden" ? commitOutput(packed, SALT) : packed,
      CONTEXT,
    ]);
    for (const [tensor, numbers] of circuit.execute(values)) {
      for (const [index, { lo, hi }] of (circuit.intervals.get(tensor) ?? []).entries()) {
        const number = numberIn(numbers, index);
        expect(number >= lo && number <= hi, `${tensor}[${index}] = ${number} of ${values.join()}`).to.equal(true);
      }
    }
  }
}

/** Sums of fields reach both ends of their intervals: the certificate could not be narrower, nor the inputs more extreme. */
function checkEnds({ program, intervals, execute }: TestedCircuit, extremes: readonly (readonly number[])[]): void {
  const runs = extremes.map((values) => execute(values));
  for (const { id, operation } of program.steps) {
    if (!isLinear(operation) || inputsOf(operation).some((name) => name !== "input")) continue;
    for (const [index, { lo, hi }] of (intervals.get(id) ?? []).entries()) {
      const reached = new Set(runs.map((tensors) => numberIn(tensors.get(id) ?? [], index)));
      expect([reached.has(lo), reached.has(hi)], `the ends of ${id}[${index}]`).to.deep.equal([true, true]);
    }
  }
}

function numberIn(numbers: Tensor, index: number): bigint {
  return BigInt(numbers[index] ?? 0);
}

/** What the executor refuses has no witness: one beyond each end of each field. */
async function checkOutside({ program, execute, wasm }: TestedCircuit): Promise<void> {
  for (const [field, width] of program.input.widths.entries()) {
    for (const others of [0, 1]) {
      const inside = program.input.widths.map((each) => others * (2 ** each - 1));
      for (const outside of [-1, 2 ** width]) {
        expect(() => execute(inside.with(field, outside)), `field ${field}`).to.throw(InputRangeError);
        const element = outside < 0 ? GROUP_ORDER - 1n : BigInt(outside);
        const fields = inside.map(BigInt).with(field, element);
        const error = await errorOf(witnessOf(wasm, inputsTo(program, fields)));
        expect(error, `field ${field} at ${outside}`).to.be.instanceOf(NoWitnessError);
      }
    }
  }
}

/** What failed, and with which program. */
class FailedProgramError extends Error {
  override readonly name = "FailedProgramError";

  constructor(program: Program, cause: unknown) {
    const text = JSON.stringify(program, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
    super(`${cause instanceof Error ? cause.message : String(cause)}\nThe program: ${text}`, { cause });
  }
}
