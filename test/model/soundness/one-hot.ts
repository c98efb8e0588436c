import { expect } from "chai";

import type { CompiledCircuit } from "../../../src/model/compile.ts";
import { stopThreads } from "../../../src/model/groth16.ts";
import { NoWitnessError } from "../../../src/model/witness.ts";
import { GROUP_ORDER } from "../../../src/protocol/bn254.ts";
import { errorOf } from "../../helpers/errors.ts";
import { expectHonest, expectRefused, gadgetAlone, targetOf, type Target } from "../../helpers/forged.ts";

const HOT = 1;
const [BELOW, FIRST, SECOND] = [
  [0n, 0n],
  [1n, 0n],
  [0n, 1n],
] as const;

describe("OneHot", () => {
  // From -3 to 4, cut at -1 and at 2: no bin is wider than four.
  const USE = "y <== OneHot(1, [1], 0, -3, 2, [-1, 2], 4, 2)(x);";
  const X = 3;
  let circuit: CompiledCircuit;

  before(async () => {
    circuit = await gadgetAlone("one-hot", "signal output y[2];", USE, 1);
  });
  after(() => stopThreads());

  const honestly = async (x: bigint, hot: readonly bigint[]): Promise<Target> => {
    const target = await targetOf(circuit, { x: [x < 0n ? x + GROUP_ORDER : x] });
    await expectHonest(target);
    expect(target.honest.slice(HOT, X)).to.deep.equal(hot);
    return target;
  };
  /** How many of the two sums a claim takes out of [0, 4): each is refused by a constraint of its own. */
  const outside = (x: bigint, [first = 0n, second = 0n]: readonly bigint[]): number => {
    const lowest = -3n + first * 2n + second * 5n;
    const highest = -2n + first * 3n + second * 6n;
    return [x - lowest, highest - x].filter((sum) => sum < 0n || sum >= 4n).length;
  };
  const claim = (hot: readonly bigint[], x?: bigint): Map<number, bigint> => {
    const bins = hot.map((value, at) => [HOT + at, value] as const);
    return new Map(x === undefined ? bins : [...bins, [X, x]]);
  };

  it("refuses the bin below and the bin above, on both sides of each threshold", async () => {
    for (const [x, bin, others] of [
      [-2n, BELOW, [FIRST, SECOND]],
      [-1n, FIRST, [BELOW, SECOND]],
      [1n, FIRST, [BELOW, SECOND]],
      [2n, SECOND, [BELOW, FIRST]],
    ] as const) {
      const target = await honestly(x, bin);
      for (const other of others) await expectRefused(target, claim(other), outside(x, other));
    }
  });

  it("refuses two bins at once, though both sums are in range", async () => {
    await expectRefused(await honestly(4n, SECOND), claim([1n, 1n]));
  });

  it("refuses no bin at all above the lowest one", async () => {
    for (const [x, bin] of [
      [-1n, FIRST],
      [0n, FIRST],
      [4n, SECOND],
    ] as const) {
      await expectRefused(await honestly(x, bin), claim(BELOW), outside(x, BELOW));
    }
  });

  it("refuses bins that are 2 and -1, though one is named and both sums are in range", async () => {
    await expectRefused(await honestly(-3n, BELOW), claim([2n, -1n]), 2);
  });

  it("refuses what is just outside of its interval, whatever bin is claimed", async () => {
    const target = await honestly(0n, FIRST);
    await honestly(-3n, BELOW);
    await honestly(4n, SECOND);
    for (const bin of [BELOW, FIRST, SECOND]) {
      for (const x of [-4n, 5n]) await expectRefused(target, claim(bin, x), outside(x, bin));
    }
    for (const x of [GROUP_ORDER - 4n, 5n]) {
      expect(await errorOf(targetOf(circuit, { x: [x] }))).to.be.instanceOf(NoWitnessError);
    }
  });

  it("refuses the other bin where bins are as wide as they may be", async () => {
    const half = 2n ** 251n;
    const use = `y <== OneHot(1, [1], 0, -${half}, 1, [0], ${half - 1n}, 251)(x);`;
    const wide = await gadgetAlone("one-hot", "signal output y[1];", use, 1);
    for (const x of [-half, -1n, 0n, half - 1n]) {
      const target = await targetOf(wide, { x: [x < 0n ? x + GROUP_ORDER : x] });
      await expectHonest(target);
      expect(target.honest[HOT]).to.equal(x < 0n ? 0n : 1n);
      // A bin that fills its bits is refused at both of its ends.
      await expectRefused(target, claim([x < 0n ? 1n : 0n]), 2);
    }
  });
});
