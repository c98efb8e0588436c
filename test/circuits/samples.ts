import { expect } from "chai";

import { build } from "../../src/model/build.ts";
import type { ProvableCircuit } from "../../src/model/build.ts";
import { satisfies, stopThreads } from "../../src/model/groth16.ts";
import { NoWitnessError, witnessOf } from "../../src/model/witness.ts";
import { publicSignalsOf } from "../../src/model/witness-file.ts";
import { GROUP_ORDER } from "../../src/protocol/bn254.ts";
import { samplePath } from "../../scripts/local/models.ts";
import type { SampleName } from "../../scripts/local/models.ts";

const WIRE_BYTES = 32;
const FIELDS = [100n, 200n, 3n, 255n];
const INPUTS = { fields: FIELDS, salt: 123_456_789n, context: 42n };
const SCORE = 3n * 100n + 5n * 200n + 2n * 3n + 7n * 255n;

/** Where a witness file keeps its values: they are the last thing in it. */
function wiresOf(witness: Uint8Array, count: number): DataView {
  return new DataView(witness.buffer, witness.byteOffset + witness.length - count * WIRE_BYTES, count * WIRE_BYTES);
}

/** A copy of a witness in which one wire is greater by one. */
function changed(witness: Uint8Array, count: number, wire: number): Uint8Array {
  const copy = witness.slice();
  const wires = wiresOf(copy, count);
  const low = wires.getBigUint64(wire * WIRE_BYTES, true);
  wires.setBigUint64(wire * WIRE_BYTES, BigInt.asUintN(64, low + 1n), true);
  return copy;
}

/** How many wires a witness has: its second section is all values, and its length stands before it. */
function wireCountOf(witness: Uint8Array): number {
  const view = new DataView(witness.buffer, witness.byteOffset);
  // Magic, version, number of sections; type and length of the first; the field's size, the field, the count.
  const fieldBytes = view.getUint32(12 + 12, true);
  return view.getUint32(12 + 12 + 4 + fieldBytes, true);
}

const OUTPUTS: Readonly<Record<SampleName, (score: bigint) => bigint>> = {
  "credit-score": (score) => score,
  "credit-approval": (score) => score + (score >= 2000n ? 2n ** 16n : 0n),
};

for (const name of ["credit-score", "credit-approval"] as const) {
  describe(`the circuit ${name}`, () => {
    let circuit: ProvableCircuit;

    before(async () => {
      circuit = await build(samplePath(name));
    });
    after(() => stopThreads());

    const signals = async (inputs: typeof INPUTS): Promise<string[]> =>
      publicSignalsOf(await witnessOf(circuit.wasm, inputs), 3).map(String);

    it("gives the packed output and the context, at all bounds of its fields", async () => {
      for (const fields of [
        FIELDS,
        [0n, 0n, 0n, 0n],
        [255n, 255n, 255n, 255n],
        [0n, 255n, 0n, 104n],
        [0n, 0n, 100n, 257n - 2n],
      ]) {
        const [a, b, c, d] = fields as [bigint, bigint, bigint, bigint];
        const score = 3n * a + 5n * b + 2n * c + 7n * d;
        const [, output, context] = await signals({ ...INPUTS, fields });
        expect(output).to.equal(String(OUTPUTS[name](score)));
        expect(context).to.equal("42");
      }
    });

    it("commits to every field and to the salt", async () => {
      const [commitment] = await signals(INPUTS);
      for (let index = 0; index < 4; index++) {
        const [other] = await signals({ ...INPUTS, fields: FIELDS.with(index, 7n) });
        expect(other).to.not.equal(commitment);
      }
      const [other] = await signals({ ...INPUTS, salt: 1n });
      expect(other).to.not.equal(commitment);
    });

    it("has no witness for a field out of range", async () => {
      for (const field of [256n, GROUP_ORDER - 1n]) {
        for (let index = 0; index < 4; index++) {
          const failure = await witnessOf(circuit.wasm, { ...INPUTS, fields: FIELDS.with(index, field) }).catch(
            (error: unknown) => error,
          );
          expect(failure).to.be.instanceOf(NoWitnessError);
        }
      }
    });

    it("accepts an honest witness, and none in which a single wire is another", async () => {
      const witness = await witnessOf(circuit.wasm, INPUTS);
      const count = wireCountOf(witness);
      const [, output] = publicSignalsOf(witness, 3);
      expect(output).to.equal(OUTPUTS[name](SCORE));
      expect(await satisfies(witness, circuit.r1cs)).to.equal(true);
      for (let wire = 0; wire < count; wire++) {
        expect(await satisfies(changed(witness, count, wire), circuit.r1cs), `wire ${wire}`).to.equal(false);
      }
    });
  });
}
