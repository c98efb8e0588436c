import { expect } from "chai";

import { groupsOf, isChoiceUnique } from "../../../src/model/lint/one-hot.ts";
import { determinedBySum } from "../../../src/model/lint/unique-sum.ts";
import { GROUP_ORDER } from "../../../src/protocol/bn254.ts";
import { fuzz, times } from "../../helpers/random.ts";

/** Every choice of one number of each list. */
function combinations(lists: readonly (readonly bigint[])[]): bigint[][] {
  return lists.reduce<bigint[][]>(
    (found, list) => found.flatMap((each) => list.map((value) => [...each, value])),
    [[]],
  );
}

describe("determinedBySum", () => {
  it("names only variables that have one value for each sum, in every small case", () =>
    fuzz((random) => {
      let named = 0;
      for (let round = 0; round < 2_000; round++) {
        const count = 1 + random.below(4);
        // Sums that wrap: coefficients near the field's size divided by something small.
        const wrap = random.pick([1n, 1n, GROUP_ORDER / 3n, GROUP_ORDER / 2n]);
        const terms = times(count, (variable) => {
          const lo = BigInt(random.below(5)) - 2n;
          const bound = { lo, hi: lo + BigInt(random.below(4)) };
          const sign = random.pick([1n, -1n]);
          return {
            variable,
            coefficient: sign * (wrap + BigInt(1 + random.below(12)) - random.pick([1n, 0n])) || 1n,
            bound,
          };
        });
        const all = combinations(
          terms.map(({ bound }) => times(Number(bound.hi - bound.lo) + 1, (i) => bound.lo + BigInt(i))),
        );
        const bySum = new Map<bigint, bigint[][]>();
        for (const values of all) {
          const sum = values.reduce((total, value, i) => total + value * (terms[i]?.coefficient ?? 0n), 0n);
          const key = ((sum % GROUP_ORDER) + GROUP_ORDER) % GROUP_ORDER;
          bySum.set(key, [...(bySum.get(key) ?? []), values]);
        }
        for (const variable of determinedBySum(terms)) {
          named++;
          for (const alike of bySum.values()) {
            expect(new Set(alike.map((values) => values[variable])).size).to.equal(1);
          }
        }
      }
      expect(named).to.be.greaterThan(500);
    }));

  it("names all bits of 253, and none of 254", () => {
    const bits = (count: number) =>
      times(count, (variable) => ({ variable, coefficient: 1n << BigInt(variable), bound: { lo: 0n, hi: 1n } }));
    expect(determinedBySum(bits(253))).to.have.length(253);
    expect(determinedBySum(bits(254))).to.have.length(0);
  });

  it("names a quotient and a remainder in range, whatever they are multiplied by, and no remainder that reaches the divisor", () => {
    const division = (most: bigint, factor: bigint) => [
      { variable: 1, coefficient: 10n * factor, bound: { lo: 0n, hi: 99n } },
      { variable: 2, coefficient: factor, bound: { lo: 0n, hi: most } },
    ];
    for (const factor of [1n, -1n, 7n, GROUP_ORDER / 3n]) {
      expect(determinedBySum(division(9n, factor))).to.have.members([1, 2]);
      expect(determinedBySum(division(10n, factor))).to.deep.equal([]);
    }
  });
});

describe("isChoiceUnique", () => {
  it("says so only if no value fits two choices, in every small case and around the field's size", () =>
    fuzz((random) => {
      let unique = 0;
      for (let round = 0; round < 3_000; round++) {
        const choices = 1 + random.below(3);
        const origin = random.pick([0n, GROUP_ORDER - 5n]);
        const statements = times(1 + random.below(2), () => {
          const sign = random.pick([1n, -1n]);
          const lo = sign * origin + BigInt(random.below(9)) - 4n;
          const hi = lo + BigInt(random.below(5));
          return { sign, lo, hi, coefficients: times(choices, () => BigInt(random.below(21)) - 10n) } as const;
        });
        const fits = (value: bigint, choice: number): boolean =>
          statements.every(({ sign, lo, hi, coefficients }) => {
            const rest = (sign * value + (coefficients[choice] ?? 0n) - lo) % GROUP_ORDER;
            return (rest + GROUP_ORDER) % GROUP_ORDER <= hi - lo;
          });
        const isUnique = times(81, (i) => origin + BigInt(i) - 40n).every((value) => {
          return times(choices, (choice) => fits(value, choice)).filter(Boolean).length <= 1;
        });
        if (isChoiceUnique(statements, choices)) {
          unique++;
          expect(isUnique).to.equal(true);
        }
      }
      expect(unique).to.be.greaterThan(500);
    }));
});

describe("groupsOf", () => {
  /** The bits 1, 2 and so on in one equation. */
  const groupsIn = (constant: bigint, ...coefficients: bigint[]) => {
    const variables = coefficients.map((_, i) => i + 1);
    const bounds = new Map(variables.map((variable) => [variable, { lo: 0n, hi: 1n }] as const));
    const equations = [{ constant, variables, coefficients }];
    return groupsOf({ variables: variables.length + 1, equations, products: [], bounds });
  };

  it("knows bits that add up to a bit, or to one", () => {
    expect(groupsIn(0n, 1n, 1n, 1n, -1n)).to.deep.equal([{ members: [1, 2, 3], isExact: false }]);
    expect(groupsIn(0n, 1n, -1n, -1n)).to.deep.equal([{ members: [2, 3], isExact: false }]);
    expect(groupsIn(0n, 7n, -7n, 7n)).to.deep.equal([{ members: [1, 3], isExact: false }]);
    expect(groupsIn(-1n, 1n, 1n, 1n)).to.deep.equal([{ members: [1, 2, 3], isExact: true }]);
    expect(groupsIn(5n, -5n, -5n)).to.deep.equal([{ members: [1, 2], isExact: true }]);
  });

  it("takes no others for a group", () => {
    expect(groupsIn(-1n, 1n, 1n, 1n, -1n), "a bit and one").to.deep.equal([]);
    expect(groupsIn(0n, 1n, 1n, -2n), "none or two").to.deep.equal([]);
    expect(groupsIn(0n, 1n, 1n, -1n, -1n), "two bits").to.deep.equal([]);
    expect(groupsIn(0n, 1n, 1n, 2n, -1n), "different weights").to.deep.equal([]);
    expect(groupsIn(-2n, 1n, 1n, 1n), "two of three").to.deep.equal([]);
    expect(groupsIn(1n, 1n, 1n), "less than none").to.deep.equal([]);
    expect(groupsIn(0n, 1n, -1n), "two equal bits").to.deep.equal([]);
  });
});
