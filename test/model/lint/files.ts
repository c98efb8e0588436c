import { expect } from "chai";

import { compileText } from "../../../src/model/compile.ts";
import { MalformedFileError } from "../../../src/model/ceremony/sections.ts";
import type { CompiledCircuit } from "../../../src/model/compile.ts";
import { ForeignWitnessError, lintCircuit } from "../../../src/model/lint/lint.ts";
import { isInput, readConstraints } from "../../../src/model/lint/r1cs-file.ts";
import { MalformedWitnessError, readWitness } from "../../../src/model/witness-file.ts";
import { witnessOf } from "../../../src/model/witness.ts";
import { GROUP_ORDER } from "../../../src/protocol/bn254.ts";

const circuitOf = (statement: string): Promise<CompiledCircuit> =>
  compileText(`pragma circom 2.2.2;
template Main() {
    signal input x;
    signal input z;
    signal output y;
    ${statement}
}
component main {public [x]} = Main();
`);

/** Magic, version, number of sections; then each section's type and length. */
const HEAD_BYTES = 12;
const sectionAt = (file: Buffer, wanted: number): number => {
  let at = HEAD_BYTES;
  while (file.readUInt32LE(at) !== wanted) at += 12 + Number(file.readBigUInt64LE(at + 4));
  return at + 12;
};
const failureOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe("a circuit's files", () => {
  let circuit: CompiledCircuit;
  /** Of the first constraint: how many terms its first part has, the first wire, and its coefficient. */
  let rows: number;
  before(async () => {
    circuit = await circuitOf("y <== (x + z) * (x - 3 * z + 4);");
    rows = sectionAt(Buffer.from(circuit.r1cs), 2);
  });

  it("holds the constraints that were written", async () => {
    const constraints = await readConstraints(circuit.r1cs);
    const { wires, outputs, publicInputs, privateInputs } = constraints;
    expect({ wires, outputs, publicInputs, privateInputs }).to.deep.equal({
      wires: 4,
      outputs: 1,
      publicInputs: 1,
      privateInputs: 1,
    });
    expect([0, 1, 2, 3].filter((wire) => isInput(constraints, wire))).to.deep.equal([2, 3]);
    expect(constraints.rows).to.have.length(1);
    const [x, z] = [5n, 7n];
    const values = readWitness(await witnessOf(circuit.wasm, { x, z }), wires);
    expect(values).to.deep.equal([1n, GROUP_ORDER + (x + z) * (x - 3n * z + 4n), x, z]);
  });

  const CORRUPTIONS: readonly { name: string; reason: RegExp; corrupt: (file: Buffer) => Buffer }[] = [
    { name: "is empty", reason: /begins with/, corrupt: () => Buffer.alloc(0) },
    { name: "is cut off", reason: /cut off/, corrupt: (file) => file.subarray(0, file.length - 8) },
    {
      name: "claims more terms than there are",
      reason: /a constraint is cut off/,
      corrupt: (file) => (file.writeUInt32LE(0xffffffff, rows), file),
    },
    {
      name: "claims fewer constraints than there are",
      reason: /follow its last constraint/,
      corrupt: (file) => (file.writeUInt32LE(0, sectionAt(file, 1) + 60), file),
    },
    {
      name: "claims more constraints than there are",
      reason: /a constraint is cut off/,
      corrupt: (file) => (file.writeUInt32LE(2, sectionAt(file, 1) + 60), file),
    },
    {
      name: "names a wire that does not exist",
      reason: /names wire 4 of 4/,
      corrupt: (file) => (file.writeUInt32LE(4, rows + 4), file),
    },
    {
      name: "names a wire twice",
      reason: /names a wire twice/,
      corrupt: (file) => (file.writeUInt32LE(file.readUInt32LE(rows + 4), rows + 4 + 36), file),
    },
    {
      name: "has a coefficient that is not below the field's size",
      reason: /not below the field's size/,
      corrupt: (file) => (file.fill(0xff, rows + 8, rows + 40), file),
    },
    {
      name: "has more inputs than wires",
      reason: /more inputs and outputs than wires/,
      corrupt: (file) => (file.writeUInt32LE(9, sectionAt(file, 1) + 48), file),
    },
    {
      name: "is over another field",
      reason: /another field/,
      corrupt: (file) => (file.writeUInt32LE(7, sectionAt(file, 1) + 4), file),
    },
  ];
  const readCorrupted = (corrupt: (file: Buffer) => Buffer): Promise<unknown> =>
    failureOf(readConstraints(corrupt(Buffer.from(circuit.r1cs))));
  for (const { name, reason, corrupt } of CORRUPTIONS) {
    it(`refuses constraints in a file that ${name}`, async () => {
      const error = await readCorrupted(corrupt);
      expect(error).to.be.instanceOf(MalformedFileError).with.property("message").that.matches(reason);
    });
  }

  it("refuses a witness of another length, of another field, or that is none", async () => {
    const witness = Buffer.from(await witnessOf(circuit.wasm, { x: 5n, z: 7n }));
    const otherField = Buffer.from(witness);
    otherField.writeUInt32LE(7, HEAD_BYTES + 12 + 4);
    expect(() => readWitness(witness, 5)).to.throw(MalformedWitnessError, /exactly 5 values/);
    expect(() => readWitness(witness.subarray(0, witness.length - 1), 4)).to.throw(MalformedWitnessError, /exactly 4/);
    expect(() => readWitness(otherField, 4)).to.throw(MalformedWitnessError, /another field/);
    expect(() => readWitness(Buffer.from(circuit.r1cs), 4)).to.throw(MalformedWitnessError, /begin with wtns/);
  });

  it("refuses constraints and a program that are of different circuits", async () => {
    const other = await circuitOf("y <== (x + z) * (x - 3 * z + 5);");
    const error = await failureOf(lintCircuit({ r1cs: circuit.r1cs, wasm: other.wasm, inputs: [{ x: 5n, z: 7n }] }));
    expect(error).to.be.instanceOf(ForeignWitnessError).with.property("constraint", 0);
  });
});
