import { expect } from "chai";

import { stopThreads } from "../../../src/model/groth16.ts";
import type { Program, TreeNode } from "../../../src/model/program/program.ts";
import { packSecrets } from "../../../src/model/program/secrets.ts";
import { unpack } from "../../../src/protocol/packing.ts";
import { BLINDING, circuitOf, CONTEXT, executed, type TestedCircuit } from "../../helpers/circuit.ts";
import { expectHonest, expectRefused, isAccepted, targetOf, type Target } from "../../helpers/forged.ts";
import { programOf, step } from "../../helpers/programs.ts";

/** The first wires of a model with a public input. */
const [COMMITMENT, ANSWER, CONTEXT_WIRE, FIELDS] = [1, 2, 3, 4];

const honestly = async (circuit: TestedCircuit, ...input: readonly number[]): Promise<Target> => {
  const target = await targetOf(circuit, { fields: input.map(BigInt), context: CONTEXT });
  await expectHonest(target);
  expect(target.honest[ANSWER]).to.equal(executed(circuit, input));
  return target;
};
/** The first of a model's answers, in a witness. */
const answerIn = ({ output }: Program, witness: readonly bigint[]): bigint | undefined =>
  unpack(output.fields, witness[ANSWER] ?? 0n)[0];
/** The highest bit of each comparison: the sums that are cut into bits and are more than a field. */
const comparisonsOf = ({ decompositions }: Target): number[] =>
  decompositions.filter(({ sum }) => sum.wires.length > 1).map(({ bits }) => bits.at(-1) ?? 0);
/** Turns one bit around. */
const turned = ({ honest }: Target, wire = 0): [number, bigint] => [wire, 1n - (honest[wire] ?? 0n)];

after(() => stopThreads());

describe("a witness of an argmax", () => {
  const program = programOf([2, 2, 2], step("argmax", 1, { kind: "argmax", input: "input", length: 3 }));
  let circuit: TestedCircuit;

  before(async () => {
    circuit = await circuitOf(program);
  });

  it("cannot claim the later index of a tie", async () => {
    for (const [input, comparison, honest, claimed] of [
      [[1, 3, 3], 1, 1n, 2n],
      [[3, 3, 1], 0, 0n, 1n],
      [[2, 2, 2], 1, 0n, 2n],
      [[3, 1, 3], 1, 0n, 2n],
    ] as const) {
      const target = await honestly(circuit, ...input);
      expect(answerIn(program, target.honest)).to.equal(honest);
      const witness = await expectRefused(target, new Map([turned(target, comparisonsOf(target)[comparison])]));
      expect(answerIn(program, witness)).to.equal(claimed);
    }
  });

  it("cannot claim another index than that of the largest", async () => {
    const target = await honestly(circuit, 1, 2, 3);
    const [, last] = comparisonsOf(target);
    const witness = await expectRefused(target, new Map([turned(target, last)]));
    expect(answerIn(program, witness)).to.equal(1n);
    // It is neither a bit nor the sum's.
    await expectRefused(target, new Map([[last ?? 0, 2n]]), 2);
  });
});

describe("a witness of a maximum", () => {
  const program = programOf([3, 3], step("max", 1, { kind: "max", input: "input", length: 2, indices: [0, 1] }));

  it("cannot claim another one than the largest, and nothing above it", async () => {
    const circuit = await circuitOf(program);
    for (const [input, claimed] of [
      [[2, 5], 2n],
      [[5, 2], 2n],
    ] as const) {
      const target = await honestly(circuit, ...input);
      expect(answerIn(program, target.honest)).to.equal(5n);
      const witness = await expectRefused(target, new Map([turned(target, comparisonsOf(target)[0])]));
      expect(answerIn(program, witness)).to.equal(claimed);
    }
  });
});

describe("a witness of trees", () => {
  const leaf = (weight: number): TreeNode => ({ targets: [0], weights: [weight] });
  const program = programOf(
    [4, 4],
    step("trees", 1, {
      kind: "trees",
      input: "input",
      base: [0n],
      trees: [
        {
          feature: 0,
          threshold: 5,
          below: leaf(1),
          above: { feature: 0, threshold: 9, below: leaf(20), above: leaf(300) },
        },
        { feature: 1, threshold: 15, below: leaf(0), above: leaf(4000) },
      ],
    }),
  );
  let circuit: TestedCircuit;

  before(async () => {
    circuit = await circuitOf(program);
  });

  it("cannot claim another leaf, on either side of a threshold", async () => {
    for (const [input, answer, lie, claimed] of [
      [[4, 0], 1n, [1n, 0n], 20n],
      [[5, 0], 20n, [0n, 0n], 1n],
      [[8, 0], 20n, [0n, 1n], 300n],
      [[9, 0], 300n, [1n, 0n], 20n],
    ] as const) {
      const target = await honestly(circuit, ...input);
      expect(answerIn(program, target.honest)).to.equal(answer);
      const [first = 0, second = 0] = target.bins;
      const witness = await expectRefused(
        target,
        new Map([
          [first, lie[0]],
          [second, lie[1]],
        ]),
      );
      expect(answerIn(program, witness)).to.equal(claimed);
    }
  });

  it("cannot claim the leaf of a field that is out of range, which only the bins check", async () => {
    const target = await honestly(circuit, 15, 14);
    expect(target.bins).to.have.lengthOf(3);
    // The same element: the first field greater by 16, the second one less by one, or the other way round.
    for (const [x, y, claimed, refusals] of [
      [31n, 13n, [0n, 1n, 0n], 2],
      [-1n, 15n, [0n, 0n, 1n], 1],
    ] as const) {
      const lies: [number, bigint][] = [
        [FIELDS, x],
        [FIELDS + 1, y],
        ...target.bins.map((wire, at): [number, bigint] => [wire, claimed[at] ?? 0n]),
      ];
      const witness = await expectRefused(target, new Map(lies), refusals);
      expect(witness[COMMITMENT]).to.equal(target.honest[COMMITMENT]);
    }
  });
});

describe("a witness of a model", () => {
  const weighted = (weight: number): Program =>
    programOf(
      [4, 4],
      step("dense", 1, { kind: "dense", input: "input", columns: 2, weights: [3, weight], bias: [-9n] }),
      step("relu", 1, { kind: "relu", input: "dense", shifts: [1], slope: { numerator: 0, bits: 0 } }),
    );
  let circuit: TestedCircuit;
  let target: Target;

  before(async () => {
    circuit = await circuitOf(weighted(-2));
    target = await honestly(circuit, 15, 3);
  });

  it("is none of the same model with another weight", async () => {
    const other = await circuitOf(weighted(-1));
    const elsewhere = await honestly(other, 15, 3);
    expect(elsewhere.honest).to.have.lengthOf(target.honest.length);
    expect(elsewhere.honest[ANSWER]).to.not.equal(target.honest[ANSWER]);
    expect(await isAccepted(target, elsewhere.honest)).to.equal(false);
    expect(await isAccepted(elsewhere, target.honest)).to.equal(false);
    // What the weight is not multiplied with cannot tell.
    const [same, alike] = [await honestly(circuit, 15, 0), await honestly(other, 15, 0)];
    expect(same.honest).to.deep.equal(alike.honest);
    expect(await isAccepted(same, alike.honest)).to.equal(true);
  });

  it("cannot have another answer, commitment or context", async () => {
    const [, commitment = 0n, answer = 0n, context = 0n] = target.honest;
    for (const lie of [answer + 1n, answer - 1n, 0n]) await expectRefused(target, new Map([[ANSWER, lie]]));
    for (const lie of [commitment + 1n, 0n]) await expectRefused(target, new Map([[COMMITMENT, lie]]));
    expect(await isAccepted(target, target.honest.with(CONTEXT_WIRE, context + 1n))).to.equal(false);
  });

  it("cannot have other fields under its commitment, in range or out of it", async () => {
    const commitment: [number, bigint] = [COMMITMENT, target.honest[COMMITMENT] ?? 0n];
    await expectRefused(target, new Map([commitment, [FIELDS, 14n]]));
    await expectRefused(target, new Map([commitment, [FIELDS, 3n], [FIELDS + 1, 15n]]));
    // These are packed into the same element, and what they lead to is right.
    await expectRefused(target, new Map([commitment, [FIELDS, 31n], [FIELDS + 1, 2n]]), 2);
    await expectRefused(target, new Map([commitment, [FIELDS, -1n], [FIELDS + 1, 4n]]));
  });
});

describe("a witness of a model with private weights", () => {
  /** After the context: two rows share an element, first their biases, then a column each. */
  const WEIGHTS = 4;
  const program = programOf(
    [4, 4],
    step("private", 2, {
      kind: "privateDense",
      input: "input",
      columns: 2,
      bits: 9,
      shift: 1,
      secret: { weights: [3, -2, 1, 5], bias: [-9n, 4n] },
    }),
    step("relu", 2, { kind: "relu", input: "private", shifts: [1, 1], slope: { numerator: 0, bits: 0 } }),
  );
  const weights = packSecrets(program);
  let target: Target;

  before(async () => {
    const circuit = await circuitOf(program);
    const inputs = { fields: [15n, 3n], context: CONTEXT, weights, blinding: BLINDING };
    target = await targetOf(circuit, inputs);
    await expectHonest(target);
    expect(target.honest.slice(WEIGHTS, WEIGHTS + 4)).to.deep.equal([...weights, BLINDING]);
    expect(target.honest[ANSWER]).to.equal(executed(circuit, [15, 3]));
  });

  it("cannot have other weights and the same answer, nor another answer", async () => {
    const [, , answer = 0n] = target.honest;
    for (const [at, weight] of weights.entries()) {
      for (const other of [weight + 1n, weight + 2n ** 9n, 0n]) {
        await expectRefused(
          target,
          new Map([
            [ANSWER, answer],
            [WEIGHTS + at, other],
          ]),
        );
      }
    }
    await expectRefused(target, new Map([[ANSWER, answer + 1n]]));
  });

  it("cannot move a bit from one row's sum to another's", async () => {
    // Nine bits a row, of which the lowest has no wire of its own.
    const sums = target.decompositions.find(({ bits }) => bits.length === 17);
    const [last = 0, first = 0] = [sums?.bits[7], sums?.bits[8]];
    expect([target.honest[last], target.honest[first]]).to.deep.equal([1n, 1n]);
    // The first row's highest bit counts half of what the second row's lowest one does: the sum stays right.
    await expectRefused(
      target,
      new Map([
        [last, 3n],
        [first, 0n],
      ]),
    );
  });

  it("cannot have another blinding for the same square", async () => {
    const square = target.honest.indexOf(BLINDING ** 2n);
    await expectRefused(
      target,
      new Map([
        [WEIGHTS + 3, BLINDING + 1n],
        [square, BLINDING ** 2n],
      ]),
    );
  });
});
