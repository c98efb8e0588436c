import { expect } from "chai";

import { stopThreads } from "../../../src/model/groth16.ts";
import { intervalsOf } from "../../../src/model/program/intervals.ts";
import type { OutputField, Program } from "../../../src/model/program/program.ts";
import { circuitOf, executed, signalsFor } from "../../helpers/circuit.ts";
import { programOf, step } from "../../helpers/programs.ts";
import { times } from "../../helpers/random.ts";

const BITS = 3;
const SHIFTS = [0, 1, 2, 3, 4];
const FIELD_BITS = 12;

/** Everything that cuts numbers to bits, on two fields x and y, of which x + offset is compared with y. */
function comparing(offset: bigint): Program {
  const program = programOf(
    [BITS, BITS],
    step("moved", 2, { kind: "affine", input: "input", multipliers: [1, 1], offsets: [offset, 0n] }),
    step("less", 1, { kind: "dense", input: "moved", columns: 2, weights: [1, -1], bias: [0n] }),
    step("copies", SHIFTS.length, { kind: "gather", inputs: ["less"], indices: SHIFTS.map(() => 0) }),
    step("relu", SHIFTS.length, {
      kind: "relu",
      input: "copies",
      shifts: SHIFTS,
      slope: { numerator: -3, bits: 1 },
    }),
    step("rescale", SHIFTS.length, { kind: "rescale", input: "copies", shifts: SHIFTS }),
    step("max", 1, { kind: "max", input: "moved", length: 2, indices: [0, 1] }),
    step("first", 1, { kind: "argmax", input: "moved", length: 2 }),
    step("lookup", 1, {
      kind: "lookup",
      input: "less",
      thresholds: [-8, 0, 8],
      slopes: [0, 1, 2, 3],
      intercepts: [1, 2, 3, 4],
    }),
  );
  const answers = new Set(["relu", "rescale", "max", "first", "lookup"]);
  const fields = [...intervalsOf(program)]
    .filter(([tensor]) => answers.has(tensor))
    .flatMap(([tensor, numbers]) =>
      numbers.map((_, index): OutputField => ({ tensor, index, bits: FIELD_BITS, encoding: "offset" })),
    );
  return { ...program, output: { visibility: "public", fields } };
}

describe("intervals that end at a power of two, and beside it", () => {
  after(() => stopThreads());

  for (const offset of [-9n, -2n, -1n, 0n, 1n, 2n, 8n]) {
    it(`every input has its answer and its witness, with one field greater by ${offset}`, async () => {
      const circuit = await circuitOf(comparing(offset));
      const values = times(2 ** BITS, (value) => value);
      for (const input of values.flatMap((x) => values.map((y) => [x, y]))) {
        expect((await signalsFor(circuit, input))[1], `of ${input.join()}`).to.equal(executed(circuit, input));
      }
    });
  }
});
