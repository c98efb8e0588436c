/** Programs that no compiler made: what the executor answers must be what the circuit proves, or they are refused. */
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { expect } from "chai";

import { verifyModel } from "../../../src/model/bundle/verify.ts";
import { stopThreads } from "../../../src/model/groth16.ts";
import { BadProgramError } from "../../../src/model/program/check-program.ts";
import type { Program, Step } from "../../../src/model/program/program.ts";
import { ProgramFileError, readProgram, writeProgram } from "../../../src/model/program/program-file.ts";
import { errorOf } from "../../helpers/errors.ts";
import { step } from "../../helpers/programs.ts";
import { build, copyOf, newFolder, plantFile, publishProgram, TINY, tinyLayers, writeSource } from "./world.ts";

const PLAIN = { numerator: 0, bits: 0 } as const;

/** A program of two numbers of three bits, that answers so many bits of its last step. */
function programOf(bits: number, ...steps: readonly [Step, ...Step[]]): Program {
  const tensor = (steps.at(-1) as Step).id;
  return {
    input: { visibility: "public", widths: [3, 3] },
    steps,
    output: { visibility: "public", fields: [{ tensor, index: 0, bits, encoding: "plain" }] },
  };
}

const sums = (weights: readonly number[]): Step =>
  step("sums", 2, { kind: "dense", input: "input", columns: 2, weights, bias: [0n, 0n] });

/** Two numbers of "sums" that go by the intervals of two numbers which "padded" claims to make, and does not. */
const BACKDOOR = programOf(
  1,
  step("padded", 4, { kind: "rescale", input: "input", shifts: [0, 0] }),
  sums([1, -2, -1, 2]),
  step("picked", 2, { kind: "gather", inputs: ["padded", "sums"], indices: [2, 3] }),
  step("answer", 1, { kind: "argmax", input: "picked", length: 2 }),
);

/** Programs that the executor and the circuit read in two ways. */
const TWO_FACED: Readonly<Record<string, Program>> = {
  "more numbers than its operation makes": BACKDOOR,
  "an argmax over more numbers than there are": programOf(
    2,
    step("sums", 2, { kind: "dense", input: "input", columns: 2, weights: [-1, 0, 0, -1], bias: [-1n, -1n] }),
    step("answer", 1, { kind: "argmax", input: "sums", length: 3 }),
  ),
  "fewer shifts than numbers": programOf(
    3,
    step("relu", 2, { kind: "relu", input: "input", shifts: [1], slope: PLAIN }),
    step("second", 1, { kind: "gather", inputs: ["relu"], indices: [1] }),
  ),
  "a leaf that adds to one output twice": programOf(
    3,
    step("trees", 1, {
      kind: "trees",
      input: "input",
      base: [0n],
      trees: [
        {
          feature: 0,
          threshold: 4,
          below: { targets: [0, 0], weights: [1, 2] },
          above: { targets: [0], weights: [3] },
        },
      ],
    }),
  ),
  "thresholds out of order": programOf(
    2,
    step("lookup", 2, {
      kind: "lookup",
      input: "input",
      thresholds: [5, 2],
      slopes: [0, 0, 0],
      intercepts: [1, 2, 3],
    }),
  ),
};

/** Texts in place of a program's only operation, none of which is one. */
const MALFORMED: Readonly<Record<string, string>> = {
  "a weight that is no integer": '{"kind":"dense","input":"input","columns":2,"weights":[1.5,1],"bias":["0"]}',
  "a weight that is nothing": '{"kind":"dense","input":"input","columns":2,"weights":[null,1],"bias":["0"]}',
  "weights that are a text": '{"kind":"dense","input":"input","columns":2,"weights":"12","bias":["0"]}',
  "a shift in quotes": '{"kind":"relu","input":"input","shifts":["0"],"slope":{"numerator":0,"bits":0}}',
  "a shift below zero": '{"kind":"rescale","input":"input","shifts":[-1]}',
  "an index beyond its tensor": '{"kind":"max","input":"input","length":2,"indices":[0,7]}',
  "private sums of more bits than an element":
    '{"kind":"privateDense","input":"input","columns":2,"bits":253,"shift":0}',
  "private sums of half a bit": '{"kind":"privateDense","input":"input","columns":2,"bits":10.5,"shift":0}',
  "no operation": "null",
};

describe("verifying a program that no compiler made", () => {
  let folder: string;
  let built: string;

  before(async () => {
    folder = await newFolder();
    const source = await writeSource(join(folder, "source"), TINY, tinyLayers([1, -2, -3, 2]), [[0.7, 0.1]]);
    built = (await build(source)).folder;
  });
  after(async () => {
    await stopThreads();
    await rm(folder, { recursive: true });
  });

  it("accepts one that makes sense, whoever wrote it", async () => {
    const answer = step("answer", 1, { kind: "argmax", input: "sums", length: 2 });
    const published = await publishProgram(programOf(1, sums([1, -2, -1, 2]), answer), TINY);
    expect(await verifyModel(published)).to.have.property("hasPrivateWeights", false);
    await rm(published, { recursive: true });
  });

  it("refuses one whose circuit proves other answers than its executor gives, with files that all agree", async () => {
    const published = await publishProgram(BACKDOOR, TINY);
    expect(await errorOf(verifyModel(published))).to.be.instanceOf(BadProgramError);
    await rm(published, { recursive: true });
  });

  for (const [what, program] of Object.entries(TWO_FACED)) {
    it(`refuses one with ${what}, which executor and circuit read in two ways`, () => {
      expect(() => readProgram(writeProgram(program))).to.throw(BadProgramError);
    });
  }

  const refusesMalformed = ([what, operation]: readonly [string, string]): void => {
    it(`refuses, by an error of its own, one with ${what}`, async () => {
      const copy = await copyOf(built);
      const text = writeProgram(programOf(1, sums([1, -2, -1, 2])));
      const steps = `"steps":[{"id":"sums","operation":${operation},"origin":"sums","size":1}]`;
      const changed = text.replace(/"steps":.*\](?=,"version")/, steps);
      expect(changed).to.include(operation);
      await plantFile(copy, "program", changed);
      const failure = await errorOf(verifyModel(copy));
      expect(failure instanceof BadProgramError || failure instanceof ProgramFileError, String(failure)).to.equal(true);
      await rm(copy, { recursive: true });
    });
  };
  Object.entries(MALFORMED).forEach(refusesMalformed);
});
