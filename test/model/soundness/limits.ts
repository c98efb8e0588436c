import { expect } from "chai";

import { NumberTooWideError } from "../../../src/model/circuit/gadgets.ts";
import { planCircuit } from "../../../src/model/circuit/plan.ts";
import { intervalsOf } from "../../../src/model/program/intervals.ts";
import type { Operation, Program, Step } from "../../../src/model/program/program.ts";
import { programOf, step } from "../../helpers/programs.ts";

const PLAIN = { numerator: 0, bits: 0 };
const plan = (program: Program) => planCircuit(program, intervalsOf(program));
/** Two fields of so many bits, their difference, and then this; the answer is what another field makes. */
const after = (bits: number, operation: Operation): Program => {
  const { input, steps } = programOf(
    [bits, bits, 1],
    step("less", 2, { kind: "dense", input: "input", columns: 3, weights: [1, -1, 0, -1, 1, 0], bias: [0n, 0n] }),
    step("next", operation.kind === "max" || operation.kind === "argmax" ? 1 : 2, operation),
    step("bit", 1, { kind: "gather", inputs: ["input"], indices: [2] }),
    step("square", 1, { kind: "product", left: "bit", right: "bit" }),
  );
  const output = { tensor: "square", index: 0, bits: 1, encoding: "plain" } as const;
  return { input, steps, output: { visibility: "public", fields: [output] } };
};

describe("numbers that a field element does not tell apart", () => {
  // A difference of two fields takes one bit more than they do, and what compares differences one more again.
  const fits: readonly (readonly [string, number, Operation])[] = [
    ["a ReLU", 251, { kind: "relu", input: "less", shifts: [0, 0], slope: PLAIN }],
    ["a rescale", 251, { kind: "rescale", input: "less", shifts: [1, 1] }],
    ["a maximum", 250, { kind: "max", input: "less", length: 2, indices: [0, 1] }],
    ["an argmax", 250, { kind: "argmax", input: "less", length: 2 }],
    ["a lookup", 251, { kind: "lookup", input: "less", thresholds: [0], slopes: [0, 0], intercepts: [1, 2] }],
  ];
  for (const [name, bits, operation] of fits) {
    it(`are refused before ${name} cuts them, and are not when they have a bit less`, () => {
      plan(after(bits, operation));
      expect(() => plan(after(bits + 1, operation))).to.throw(NumberTooWideError);
    });
  }

  it("are refused before they are cut into bins, however narrow each bin is", () => {
    // Five bins of 2^252: with each of the lowest one's values one of the fourth is the same modulo the field's size.
    const thresholds = [1, 2, 3, 4].map((at) => at * 2 ** 252);
    const sum: Step = step("sum", 1, {
      kind: "dense",
      input: "input",
      columns: 5,
      weights: [1, 1, 1, 1, 1],
      bias: [0n],
    });
    const bins: Operation = {
      kind: "lookup",
      input: "sum",
      thresholds,
      slopes: [0, 0, 0, 0, 0],
      intercepts: [1, 2, 3, 4, 5],
    };
    const program = programOf([252, 252, 252, 252, 252], sum, step("bins", 1, bins));
    expect(() => plan(program)).to.throw(NumberTooWideError);
  });

  it("are refused where only the bins of trees would check a field", () => {
    const leaf = (weight: number) => ({ targets: [0], weights: [weight] });
    const trees = [1, 2, 3].map((at) => {
      return { feature: 0, threshold: at * 2 ** 252, below: leaf(0), above: leaf(1) };
    });
    const program = programOf([254], step("trees", 1, { kind: "trees", input: "input", base: [0n], trees }));
    expect(() => plan(program)).to.throw(NumberTooWideError);
  });
});

/** With an answer that fits, whatever the last step's numbers are. */
