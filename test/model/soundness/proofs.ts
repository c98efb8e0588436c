import { expect } from "chai";

import { build, type ProvableCircuit } from "../../../src/model/build.ts";
import { isProof, prove, stopThreads } from "../../../src/model/groth16.ts";
import { GROUP_ORDER } from "../../../src/protocol/bn254.ts";
import { samplePath } from "../../../scripts/local/models.ts";
import { expectHonest, expectRefused, fileOf, targetOf, type Target } from "../../helpers/forged.ts";

/** The first wires of a sample. */
const [COMMITMENT, ANSWER, CONTEXT, FIELDS] = [1, 2, 3, 4];
const INPUTS = { fields: [100n, 200n, 3n, 55n], salt: 123_456_789n, context: 42n };
/** 3 * 100 + 5 * 200 + 2 * 3 + 7 * 55, which is not approved. */
const SCORE = 1691n;
const APPROVED = 2n ** 16n;

describe("a proof of a forged witness", () => {
  let circuit: ProvableCircuit;
  let target: Target;

  before(async () => {
    circuit = await build(samplePath("credit-approval"));
    target = await targetOf(circuit, INPUTS);
    await expectHonest(target);
    expect(target.honest[ANSWER]).to.equal(SCORE);
  });
  after(() => stopThreads());

  /** snarkjs proves whatever it is given, and claims the signals that are in it. */
  const proven = (witness: readonly bigint[]) => prove(circuit.provingKey, fileOf(target, witness));

  it("holds if the witness is honest, for its own signals alone", async () => {
    const honest = await proven(target.honest);
    expect(await isProof(circuit.verificationKey, honest)).to.equal(true);
    const { publicSignals } = honest;
    for (const [at, signal] of publicSignals.entries()) {
      for (const other of [BigInt(signal) + 1n, BigInt(signal) + GROUP_ORDER]) {
        const claimed = { ...honest, publicSignals: publicSignals.with(at, other.toString()) };
        expect(await isProof(circuit.verificationKey, claimed), `signal ${at} as ${other}`).to.equal(false);
      }
    }
  });

  it("does not hold for the wrong side of a comparison", async () => {
    const comparison = target.decompositions.find(({ bits }) => bits.length === 13);
    const witness = await expectRefused(target, new Map([[comparison?.bits.at(-1) ?? 0, 1n]]));
    expect(witness[ANSWER]).to.equal(SCORE + APPROVED);
    const forged = await proven(witness);
    expect(forged.publicSignals[ANSWER - 1]).to.equal(String(SCORE + APPROVED));
    expect(await isProof(circuit.verificationKey, forged)).to.equal(false);
  });

  it("does not hold for a field out of range under the same commitment", async () => {
    // The score of these is approved.
    const witness = await expectRefused(
      target,
      new Map([
        [FIELDS, 100n + 256n],
        [FIELDS + 1, 199n],
      ]),
    );
    expect(witness[COMMITMENT]).to.equal(target.honest[COMMITMENT]);
    expect(witness[ANSWER]).to.equal(SCORE + 3n * 256n - 5n + APPROVED);
    const forged = await proven(witness);
    expect(await isProof(circuit.verificationKey, forged)).to.equal(false);
  });

  it("does not hold for another context than that which was squared", async () => {
    const square = target.honest.indexOf(INPUTS.context ** 2n);
    const witness = await expectRefused(
      target,
      new Map([
        [CONTEXT, 43n],
        [square, INPUTS.context ** 2n],
      ]),
    );
    const forged = await proven(witness);
    expect(forged.publicSignals[CONTEXT - 1]).to.equal("43");
    expect(await isProof(circuit.verificationKey, forged)).to.equal(false);
  });
});
