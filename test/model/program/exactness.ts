import { expect } from "chai";

import { constraintCountOf, stopThreads } from "../../../src/model/groth16.ts";
import { checkCertificate, NarrowCertificateError } from "../../../src/model/program/check-certificate.ts";
import { InputRangeError, InputSizeError } from "../../../src/model/program/execute.ts";
import { intervalsOf, type Interval } from "../../../src/model/program/intervals.ts";
import { NoWitnessError } from "../../../src/model/witness.ts";
import { revealInput } from "../../../src/protocol/commitment.ts";
import { circuitOf, CONTEXT, executed, inputsFor, signalsFor, type TestedCircuit } from "../../helpers/circuit.ts";
import { errorOf } from "../../helpers/errors.ts";
import { PROGRAMS } from "../../helpers/programs.ts";
import { fuzz } from "../../helpers/random.ts";

const RUNS = 2_000;

for (const [name, program] of Object.entries(PROGRAMS)) {
  describe(`the program of ${name}`, () => {
    let circuit: TestedCircuit;

    before(async () => {
      circuit = await circuitOf(program);
    });
    after(() => stopThreads());

    it("answers as its circuit does, at the ends of its fields and between", () =>
      fuzz(async (random) => {
        for (const input of inputsFor(program, RUNS, random)) {
          const [commitment, answer, context] = await signalsFor(circuit, input);
          expect(answer, `of ${input.join()}`).to.equal(executed(circuit, input));
          expect(commitment).to.equal(revealInput(program.input.widths, input.map(BigInt)));
          expect(context).to.equal(CONTEXT);
        }
      }));

    it("stays within its certificate", () =>
      fuzz((random) => {
        for (const input of inputsFor(program, RUNS, random)) {
          for (const [tensor, numbers] of circuit.execute(input)) {
            for (const [index, number] of numbers.entries()) {
              const { lo, hi } = (circuit.intervals.get(tensor) as readonly Interval[])[index] as Interval;
              expect(BigInt(number) >= lo && BigInt(number) <= hi, `${tensor}[${index}] = ${number}`).to.equal(true);
            }
          }
        }
      }));

    it("has as many constraints as were predicted", async () => {
      expect(await constraintCountOf(circuit.r1cs)).to.equal(circuit.cost.rows);
    });

    it("is refused by the executor exactly where its circuit has no witness", async () => {
      const { widths } = program.input;
      const inside = widths.map((width) => 2 ** width - 1);
      const refuses = (input: number[]): void => void expect(() => circuit.execute(input)).to.throw(InputRangeError);
      for (const [field, width] of widths.entries()) {
        const outside = inside.with(field, 2 ** width);
        refuses(outside);
        expect(await errorOf(signalsFor(circuit, outside)), `field ${field}`).to.be.instanceOf(NoWitnessError);
      }
      for (const value of [-1, 0.5, Number.NaN, Infinity]) refuses(inside.with(0, value));
      expect(() => circuit.execute(inside.slice(1))).to.throw(InputSizeError);
      expect(() => circuit.execute([...inside, 0])).to.throw(InputSizeError);
    });

    it("has a certificate that the independent checker accepts, and that cannot be narrower by one", () => {
      checkCertificate(program, circuit.intervals);
      for (const [tensor, list] of intervalsOf(program)) {
        for (const [index, interval] of list.entries()) {
          if (interval.lo === interval.hi) continue;
          for (const narrow of [
            { ...interval, lo: interval.lo + 1n },
            { ...interval, hi: interval.hi - 1n },
          ]) {
            const changed = new Map([...circuit.intervals, [tensor, list.with(index, narrow)]]);
            expect(() => checkCertificate(program, changed), `${tensor}[${index}]`).to.throw(NarrowCertificateError);
          }
        }
      }
    });
  });
}
