import { expect } from "chai";

import { encode, WideFieldError } from "../../../src/model/codec.ts";
import { LoneFieldError, PlainAnswerError, planCircuit, SaltlessAnswerError } from "../../../src/model/circuit/plan.ts";
import { constraintCountOf, stopThreads } from "../../../src/model/groth16.ts";
import { lintInputs } from "../../../src/model/bundle/lint-inputs.ts";
import { lintCircuit } from "../../../src/model/lint/lint.ts";
import { executorOf, outputOf } from "../../../src/model/program/execute.ts";
import { BadProgramError } from "../../../src/model/program/check-program.ts";
import { intervalsOf } from "../../../src/model/program/intervals.ts";
import type {
  Operation,
  OutputField,
  Program,
  Step,
  TreeNode,
  Visibility,
} from "../../../src/model/program/program.ts";
import { packSecrets } from "../../../src/model/program/secrets.ts";
import { readProgram, writeProgram } from "../../../src/model/program/program-file.ts";
import { circuitOf, CONTEXT, executed, signalsFor } from "../../helpers/circuit.ts";
import { targetOf } from "../../helpers/forged.ts";
import { step } from "../../helpers/programs.ts";

const leaf = (...weights: number[]): TreeNode => ({ targets: weights.map(() => 0), weights });
const plain = (tensor: string, bits: number): OutputField => ({ tensor, index: 0, bits, encoding: "plain" });
const modelOf = (
  widths: readonly number[],
  steps: readonly Step[],
  bits: number,
  input: Visibility = "public",
  output: Visibility = input,
): Program => ({
  input: { visibility: input, widths },
  steps,
  output: { visibility: output, fields: [plain(steps.at(-1)?.id ?? "input", bits)] },
});
const SAME: Operation = { kind: "gather", inputs: ["input"], indices: [0] };
const ZERO: Step = step("zero", 1, { kind: "sum", inputs: ["input", "input"], coefficients: [1, -1] });

after(() => stopThreads());

describe("forgeries", () => {
  it("a field that trees reach through a wider interval still has its range checked", async () => {
    // The second tensor is the field x again, as (x + y) - y; its interval is that of the sum.
    const program = modelOf(
      [4, 4],
      [
        step("sums", 2, { kind: "dense", input: "input", columns: 2, weights: [1, 1, 0, 1], bias: [0n, 0n] }),
        step("field", 1, { kind: "dense", input: "sums", columns: 2, weights: [1, -1], bias: [0n] }),
        step("trees", 1, {
          kind: "trees",
          input: "field",
          base: [0n],
          trees: [{ feature: 0, threshold: 8, below: leaf(1), above: leaf(2) }],
        }),
      ],
      2,
    );
    const circuit = await circuitOf(program);
    const honest = await signalsFor(circuit, [0, 1]);
    const forged = await targetOf(circuit, { fields: [16n, 0n], context: CONTEXT }).then(
      (target) => target.honest.slice(1, 3),
      () => "refused",
    );
    expect(forged, `beside the answer ${honest[1]} under the same commitment`).to.equal("refused");
  });

  it("thresholds that do not rise are refused: their bins overlap", () => {
    const lookup: Operation = {
      kind: "lookup",
      input: "input",
      thresholds: [10, 5],
      slopes: [0, 0, 0],
      intercepts: [1, 2, 3],
    };
    const program = modelOf([4], [step("lookup", 1, lookup)], 2);
    expect(() => readProgram(writeProgram(program))).to.throw(BadProgramError);
  });
});

describe("answers that executor and circuit do not agree on", () => {
  it("a straight piece whose product is beyond 2^53, though its ends are not", () => {
    const [lowest, slope] = [2 ** 30, 2 ** 25 + 1];
    const program = modelOf(
      [2],
      [
        step("high", 1, { kind: "affine", input: "input", multipliers: [1], offsets: [BigInt(lowest)] }),
        step("piece", 1, {
          kind: "lookup",
          input: "high",
          thresholds: [],
          slopes: [slope],
          intercepts: [-lowest * slope],
        }),
      ],
      40,
    );
    expect(outputOf(program, executorOf(program)([1]))).to.deep.equal([BigInt(slope)]);
  });

  it("straight pieces of a number that is constant, and whose interval does not say so", async () => {
    const lookup: Operation = { kind: "lookup", input: "zero", thresholds: [0], slopes: [0, 0], intercepts: [1, 2] };
    const circuit = await circuitOf(modelOf([4, 4], [ZERO, step("lookup", 1, lookup)], 2));
    expect((await signalsFor(circuit, [7, 1]))[1]).to.equal(executed(circuit, [7, 1]));
  });

  it("a leaf that names one output twice", async () => {
    const trees = [{ feature: 0, threshold: 8, below: leaf(1, 2), above: leaf(2) }];
    const program = modelOf([4], [step("trees", 1, { kind: "trees", input: "input", base: [0n], trees })], 2);
    expect(() => readProgram(writeProgram(program))).to.throw(BadProgramError);
  });

  it("a field of more than 53 bits, whose value is rounded on its way in", () => {
    const value = "9007199254740993";
    const codec = { name: "wide", min: "0", max: "18014398509481983", step: "1" };
    expect(() => encode(codec, value)).to.throw(WideFieldError, "wide");
  });
});

describe("programs that have no circuit, or another than was predicted", () => {
  it("a ReLU of a number that is constant, and whose interval does not say so", async () => {
    const slope = { numerator: 0, bits: 0 };
    for (const operation of [
      { kind: "relu", input: "zero", shifts: [0], slope },
      { kind: "rescale", input: "zero", shifts: [2] },
    ] as const) {
      const circuit = await circuitOf(modelOf([4, 4], [ZERO, step("next", 1, operation)], 4));
      expect((await signalsFor(circuit, [7, 1]))[1]).to.equal(0n);
    }
  });

  it("a hidden answer to a public input, unless it is refused by name", () => {
    const program = modelOf([4, 4], [step("same", 1, SAME)], 4, "public", "hidden");
    expect(() => planCircuit(program, intervalsOf(program))).to.throw(SaltlessAnswerError);
    expect(() => readProgram(writeProgram(program))).to.throw(BadProgramError);
  });

  it("an answer that is one wire: the label of two classes", async () => {
    const circuit = await circuitOf(
      modelOf([4, 4], [step("label", 1, { kind: "argmax", input: "input", length: 2 })], 1),
    );
    expect(await constraintCountOf(circuit.r1cs)).to.equal(circuit.cost.rows);
  });

  it("a public input of one field, which circom would make one signal with its commitment", () => {
    const square: Operation = { kind: "product", left: "input", right: "input" };
    const program = modelOf([4], [step("square", 1, square)], 9);
    expect(() => planCircuit(program, intervalsOf(program))).to.throw(LoneFieldError);
  });

  it("an answer that is a field of the input as it is", () => {
    for (const program of [
      modelOf([4, 4], [step("same", 1, SAME)], 4),
      modelOf([4, 4], [step("same", 1, SAME)], 4, "hidden", "public"),
    ]) {
      expect(() => planCircuit(program, intervalsOf(program))).to.throw(PlainAnswerError);
    }
  });

  it("private weights for a number that is always zero, as padding is", async () => {
    const secret = { weights: [3, 5], bias: [7n] };
    const circuit = await circuitOf(
      modelOf(
        [4, 4],
        [
          step("padded", 2, { kind: "gather", inputs: ["input"], indices: [0, -1] }),
          step("private", 1, { kind: "privateDense", input: "padded", columns: 2, bits: 8, shift: 0, secret }),
          step("relu", 1, { kind: "relu", input: "private", shifts: [0], slope: { numerator: 0, bits: 0 } }),
        ],
        7,
      ),
    );
    const inputs = lintInputs(circuit.program, packSecrets(circuit.program).length);
    const report = await lintCircuit({ r1cs: circuit.r1cs, wasm: circuit.wasm, inputs });
    expect(report.findings.map(({ kind }) => kind)).to.deep.equal([]);
  });
});
