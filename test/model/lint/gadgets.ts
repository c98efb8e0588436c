import { expect } from "chai";

import { determine, isSound, lintCircuit } from "../../../src/model/lint/lint.ts";
import { readConstraints, isInput, type Constraints } from "../../../src/model/lint/r1cs-file.ts";
import { readWitness } from "../../../src/model/witness-file.ts";
import type { Operation, Program } from "../../../src/model/program/program.ts";
import { NoWitnessError, witnessOf, type CircuitInputs } from "../../../src/model/witness.ts";
import type { CompiledCircuit } from "../../../src/model/compile.ts";
import { GROUP_ORDER } from "../../../src/protocol/bn254.ts";
import { gadgetAlone } from "../../helpers/forged.ts";
import { compileProgram } from "./circuits.ts";
import { allWitnesses, brokenRow, inputValues } from "./forging.ts";

/** A model of one step whose input and output are public. */
const model = (
  widths: readonly number[],
  size: number,
  operation: Operation,
  bits: number,
): Promise<CompiledCircuit> => {
  const fields = Array.from({ length: size }, (_, index) => ({
    tensor: "y",
    index,
    bits,
    encoding: "offset" as const,
  }));
  const program: Program = {
    input: { visibility: "public", widths },
    steps: [{ id: "y", size, origin: "y", operation }],
    output: { visibility: "public", fields },
  };
  return compileProgram(program);
};
/** The wires that the constraints say are bits. */
const bitsIn = (circuit: Constraints): number[] => {
  const { bounds } = determine(circuit).system;
  return [...bounds.keys()].filter((wire) => wire < circuit.wires && !isInput(circuit, wire));
};
/** Every way to choose the bits, for every input: how many are accepted. */
const acceptedFor = async ({ r1cs }: CompiledCircuit, inputs: readonly bigint[]): Promise<bigint[][]> => {
  const circuit = await readConstraints(r1cs);
  return allWitnesses(circuit, inputValues(circuit, inputs), bitsIn(circuit));
};
const range = (from: number, to: number): bigint[] => Array.from({ length: to - from }, (_, i) => BigInt(from + i));

describe("the gadgets", () => {
  it("LinearBits has one witness in its range, which has the right bits, and none outside", async () => {
    const circuit = await gadgetAlone("linear-bits", "signal output y[3];", "y <== LinearBits(1, [3], -5, 4)(x);", 1);
    for (const x of range(-3, 10)) {
      const value = 3n * x - 5n;
      const accepted = await acceptedFor(circuit, [BigInt.asUintN(256, x < 0n ? x + GROUP_ORDER : x)]);
      const bits = [1n, 2n, 3n].map((bit) => (value >> bit) & 1n);
      expect(accepted.map((witness) => witness.slice(1, 4))).to.deep.equal(value >= 0n && value < 16n ? [bits] : []);
    }
  });

  it("Relu has one witness in its range, with the right quotient and sign, and none outside", async () => {
    for (const shift of [0, 2]) {
      const outputs = "signal output y; signal high[4];";
      const circuit = await gadgetAlone("relu", outputs, `(high, y) <== Relu(1, [1], 0, 5, ${shift})(x);`, 1);
      for (const x of range(-19, 19)) {
        const accepted = await acceptedFor(circuit, [x < 0n ? x + GROUP_ORDER : x]);
        const out = x < 0n ? 0n : x >> BigInt(shift);
        expect(accepted.map((witness) => witness[1])).to.deep.equal(x >= -16n && x < 16n ? [out] : []);
      }
    }
  });

  it("OneHot has one witness in its range, in the right bin at every boundary, and none outside", async () => {
    const use = "y <== OneHot(1, [1], 0, -3, 2, [-1, 2], 4, 2)(x);";
    const circuit = await gadgetAlone("one-hot", "signal output y[2];", use, 1);
    for (const x of range(-8, 9)) {
      const accepted = await acceptedFor(circuit, [x < 0n ? x + GROUP_ORDER : x]);
      const hot = [x >= -1n && x < 2n, x >= 2n].map((isHot) => (isHot ? 1n : 0n));
      expect(accepted.map((witness) => witness.slice(1, 3))).to.deep.equal(x >= -3n && x <= 4n ? [hot] : []);
    }
  });

  it("OneHot with one threshold has one witness", async () => {
    const use = "y <== OneHot(1, [1], 0, 0, 1, [5], 7, 3)(x);";
    const circuit = await gadgetAlone("one-hot", "signal output y[1];", use, 1);
    const constraints = await readConstraints(circuit.r1cs);
    expect(determine(constraints).causes.every((cause) => cause !== undefined)).to.equal(true);
    for (const x of range(0, 8)) {
      const accepted = await acceptedFor(circuit, [x]);
      expect(accepted.map((witness) => witness[1])).to.deep.equal([x >= 5n ? 1n : 0n]);
    }
  });

  it("an argmax takes the lowest index of a tie, and has no other witness", async () => {
    const circuit = await model([2, 2, 2], 1, { kind: "argmax", input: "input", length: 3 }, 3);
    for (const values of [
      [1n, 1n, 1n],
      [0n, 3n, 3n],
      [2n, 0n, 2n],
      [0n, 0n, 1n],
    ]) {
      const rows = await readConstraints(circuit.r1cs);
      // The context is the only public input, and comes first.
      const inputs = inputValues(rows, [9n, ...values]);
      const largest = values.reduce((a, b) => (a > b ? a : b));
      const answers = allWitnesses(rows, inputs, bitsIn(rows)).map((witness) => witness[2]);
      // In offset binary.
      expect(answers).to.deep.equal([BigInt(values.indexOf(largest)) + 4n]);
    }
  });

  it("refuses a field that is out of range, and one that is greater by the field's size", async () => {
    const circuit = await model(
      [2, 2],
      2,
      { kind: "relu", input: "input", shifts: [1, 1], slope: { numerator: 0, bits: 0 } },
      3,
    );
    const rows = await readConstraints(circuit.r1cs);
    for (const field of [4n, -1n + GROUP_ORDER, 1n << 252n]) {
      expect(allWitnesses(rows, inputValues(rows, [9n, field, 1n]), bitsIn(rows))).to.deep.equal([]);
    }
    for (const field of [4n, 1n + GROUP_ORDER]) {
      const error: unknown = await witnessOf(circuit.wasm, { fields: [field, 1n], context: 9n }).catch(
        (e: unknown) => e,
      );
      expect(error).to.be.instanceOf(NoWitnessError);
    }
  });
});

const DENSE: Operation = {
  kind: "dense",
  input: "input",
  columns: 3,
  weights: [3, -5, 7, -2, 9, -4, 1, 1, -9],
  bias: [5n, -7n, 1n],
};
/** One model with every operation that puts a gadget. */
const WHOLE: Program = {
  input: { visibility: "hidden", widths: [4, 4, 8] },
  steps: [
    { id: "d", size: 3, origin: "dense", operation: DENSE },
    {
      id: "r",
      size: 3,
      origin: "relu",
      operation: { kind: "relu", input: "d", shifts: [2, 0, 5], slope: { numerator: 0, bits: 0 } },
    },
    {
      id: "l",
      size: 3,
      origin: "leaky",
      operation: { kind: "relu", input: "d", shifts: [2, 0, 5], slope: { numerator: 1, bits: 3 } },
    },
    { id: "s", size: 3, origin: "rescale", operation: { kind: "rescale", input: "d", shifts: [3, 1, 0] } },
    { id: "p", size: 3, origin: "product", operation: { kind: "product", left: "s", right: "r" } },
    { id: "m", size: 1, origin: "max", operation: { kind: "max", input: "l", length: 3, indices: [0, 1, 2] } },
    { id: "a", size: 1, origin: "argmax", operation: { kind: "argmax", input: "d", length: 3 } },
    {
      id: "k",
      size: 3,
      origin: "lookup",
      operation: {
        kind: "lookup",
        input: "s",
        thresholds: [-100, 0, 100],
        slopes: [0, 1, 2, 0],
        intercepts: [-5, 0, 3, 90],
      },
    },
    {
      id: "t",
      size: 1,
      origin: "trees",
      operation: {
        kind: "trees",
        input: "input",
        base: [10n],
        trees: [
          {
            feature: 2,
            threshold: 100,
            below: { targets: [0], weights: [5] },
            above: {
              feature: 1,
              threshold: 7,
              below: { targets: [0], weights: [1] },
              above: { targets: [0], weights: [-4] },
            },
          },
        ],
      },
    },
  ],
  output: {
    visibility: "hidden",
    fields: [
      { tensor: "r", index: 0, bits: 20, encoding: "plain" },
      { tensor: "p", index: 1, bits: 40, encoding: "offset" },
      { tensor: "m", index: 0, bits: 24, encoding: "offset" },
      { tensor: "a", index: 0, bits: 2, encoding: "plain" },
      { tensor: "k", index: 0, bits: 24, encoding: "offset" },
      { tensor: "t", index: 0, bits: 10, encoding: "offset" },
    ],
  },
};

describe("a circuit of the generator", () => {
  for (const visibility of ["hidden", "public"] as const) {
    it(`has no wire that is open and no input that is free, with its input and output ${visibility}`, async () => {
      const program = { ...WHOLE, input: { ...WHOLE.input, visibility }, output: { ...WHOLE.output, visibility } };
      const circuit = await compileProgram(program);
      const salt = visibility === "hidden" ? { salt: 5n } : {};
      const inputsOf = (...fields: bigint[]): CircuitInputs => ({ fields, context: 9n, ...salt });
      const inputs = [inputsOf(0n, 0n, 0n), inputsOf(15n, 15n, 255n), inputsOf(7n, 3n, 100n)];
      const report = await lintCircuit({ ...circuit, inputs });
      expect(report.unknown).to.deep.equal([]);
      expect(report.findings).to.deep.equal([]);
      expect(report.wires.determined).to.equal(report.wires.total);
      expect(isSound(report)).to.equal(true);
    });
  }

  it("does not hold with another context, commitment or answer", async () => {
    const { r1cs, wasm } = await compileProgram(WHOLE);
    const rows = await readConstraints(r1cs);
    const inputs = { fields: [7n, 3n, 100n], context: 9n, salt: 5n };
    const witness = readWitness(await witnessOf(wasm, inputs), rows.wires);
    expect(brokenRow(rows, witness)).to.equal(undefined);
    for (const signal of [1, 2, 3]) {
      const changed = witness.with(signal, (witness[signal] ?? 0n) + 1n);
      expect(brokenRow(rows, changed)).to.not.equal(undefined);
    }
  });
});
