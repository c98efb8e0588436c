import { expect } from "chai";

import { CompilationFailedError, type CompiledCircuit } from "../../../src/model/compile.ts";
import { stopThreads } from "../../../src/model/groth16.ts";
import { NoWitnessError } from "../../../src/model/witness.ts";
import { GROUP_ORDER } from "../../../src/protocol/bn254.ts";
import { errorOf } from "../../helpers/errors.ts";
import { expectHonest, expectRefused, gadgetAlone, targetOf, type Target } from "../../helpers/forged.ts";

/** A number as an element of the field. */
const element = (value: bigint): bigint => (value < 0n ? value + GROUP_ORDER : value);
/** Values for wires from one on. */
const from = (first: number, ...values: readonly (bigint | undefined)[]): [number, bigint][] =>
  values.flatMap((value, at) => (value === undefined ? [] : [[first + at, value]]));
/** An honest witness for these x. */
const honestly = async (circuit: CompiledCircuit, ...x: readonly bigint[]): Promise<Target> => {
  const target = await targetOf(circuit, { x: x.map(element) });
  await expectHonest(target);
  return target;
};

after(() => stopThreads());

describe("LinearBits", () => {
  let circuit: CompiledCircuit;
  const HIGH = 1;
  const X = 4;

  before(async () => {
    // 3 * x0 - x1 - 5 in four bits.
    circuit = await gadgetAlone("linear-bits", "signal output y[3];", "y <== LinearBits(2, [3, -1], -5, 4)(x);", 2);
  });

  it("accepts both ends of its range", async () => {
    expect((await honestly(circuit, 2n, 1n)).honest.slice(HIGH, X)).to.deep.equal([0n, 0n, 0n]);
    expect((await honestly(circuit, 7n, 1n)).honest.slice(HIGH, X)).to.deep.equal([1n, 1n, 1n]);
  });

  it("refuses a wrong quotient", async () => {
    const nine = await honestly(circuit, 6n, 4n);
    for (const high of [
      [1n, 0n, 1n],
      [0n, 1n, 0n],
      [0n, 0n, 0n],
      [1n, 1n, 1n],
    ]) {
      await expectRefused(nine, new Map(from(HIGH, ...high)));
    }
  });

  it("refuses a remainder of 2, and one of -1", async () => {
    await expectRefused(await honestly(circuit, 4n, 3n), new Map(from(HIGH, 1n, 0n, 0n)));
    await expectRefused(await honestly(circuit, 4n, 2n), new Map(from(HIGH, 1n, 1n, 0n)));
  });

  it("refuses a bit that is 2, and one that is -1, though the sum is right", async () => {
    await expectRefused(await honestly(circuit, 6n, 4n), new Map(from(HIGH, 0n, 2n, 0n)));
    await expectRefused(await honestly(circuit, 4n, 3n), new Map(from(HIGH, 0n, -1n, 1n)));
  });

  it("refuses 2^BITS and -1, whatever bits are claimed", async () => {
    const honest = await honestly(circuit, 6n, 4n);
    for (const [x, bits] of [
      [from(X, 7n, 0n), [0n, 0n, 2n]],
      [from(X, 2n, 2n), [1n, 1n, -1n]],
    ] as const) {
      await expectRefused(honest, new Map(x));
      await expectRefused(honest, new Map([...x, ...from(HIGH, ...bits)]));
    }
    expect(await errorOf(targetOf(circuit, { x: [7n, 0n] }))).to.be.instanceOf(NoWitnessError);
  });

  it("refuses the bits of x + r at its greatest width, and has no greater one", async () => {
    const use = (bits: number): string => `y <== LinearBits(1, [1], 0, ${bits})(x);`;
    const widest = await gadgetAlone("linear-bits", "signal output y[251];", use(252), 1);
    await honestly(widest, 2n ** 252n - 1n);
    const five = await honestly(widest, 5n);
    const wrapped = Array.from({ length: 251 }, (_, bit) => ((5n + GROUP_ORDER) >> BigInt(bit + 1)) & 1n);
    await expectRefused(five, new Map(from(HIGH, ...wrapped)));
    // With the top bit standing for all that is above it, the sum is right modulo r.
    const top = (5n + GROUP_ORDER) >> 251n;
    await expectRefused(five, new Map(from(HIGH, ...wrapped.with(250, top))));
    await expectRefused(five, new Map([[252, 2n ** 252n]]));
    for (const bits of [1, 253]) {
      const wider = gadgetAlone("linear-bits", `signal output y[${bits - 1}];`, use(bits), 1);
      expect(await errorOf(wider)).to.be.instanceOf(CompilationFailedError);
    }
  });
});

describe("Relu", () => {
  const OUT = 6;
  let circuit: CompiledCircuit;

  const relu = (bits: number, shift: number): Promise<CompiledCircuit> => {
    const outputs = `signal output high[${bits - 1}]; signal output y;`;
    return gadgetAlone("relu", outputs, `(high, y) <== Relu(1, [1], 0, ${bits}, ${shift})(x);`, 1);
  };

  before(async () => {
    circuit = await relu(6, 2);
  });

  it("refuses a wrong sign, both ways", async () => {
    const negative = await honestly(circuit, -13n);
    expect(negative.honest[OUT]).to.equal(0n);
    const [, , , , , , claimed] = await expectRefused(negative, new Map(from(1, 1n, 0n, 0n, 1n, 1n)));
    expect(claimed).to.equal(4n);
    const positive = await honestly(circuit, 13n);
    expect(positive.honest[OUT]).to.equal(3n);
    const [, , , , , , denied] = await expectRefused(positive, new Map([[5, 0n]]));
    expect(denied).to.equal(0n);
  });

  it("refuses a wrong sign that another bit makes up for", async () => {
    await expectRefused(await honestly(circuit, -13n), new Map(from(1, 1n, 0n, 0n, -1n, 1n)));
    await expectRefused(await honestly(circuit, 13n), new Map(from(1, 0n, 1n, 1n, 2n, 0n)));
  });

  it("refuses a wrong quotient, with any remainder", async () => {
    const thirteen = await honestly(circuit, 13n);
    for (const out of [0n, 2n, 4n, -3n]) await expectRefused(thirteen, new Map([[OUT, out]]));
    // One less in the quotient, four more in the remainder: in its bit, or below it.
    await expectRefused(thirteen, new Map(from(1, 2n, 0n)));
    await expectRefused(thirteen, new Map(from(1, 0n, 0n)));
    const negative = await honestly(circuit, -13n);
    for (const out of [1n, -4n, -3n]) await expectRefused(negative, new Map([[OUT, out]]));
  });

  it("refuses what is out of its range", async () => {
    const honest = await honestly(circuit, 31n);
    await honestly(circuit, -32n);
    for (const x of [32n, -33n, 64n, 2n ** 253n]) await expectRefused(honest, new Map([[7, x]]));
  });

  for (const [bits, shift] of [
    [3, 0],
    [3, 1],
    [6, 0],
    [6, 4],
    [252, 0],
    [252, 250],
  ] as const) {
    it(`is right at the ends of ${bits} bits shifted by ${shift}, and refuses all else`, async () => {
      const alone = await relu(bits, shift);
      const half = 2n ** BigInt(bits - 1);
      for (const x of [-half, -1n, 0n, 1n, half - 1n]) {
        const target = await honestly(alone, x);
        const right = x < 0n ? 0n : x >> BigInt(shift);
        expect(target.honest[bits]).to.equal(right);
        for (const out of [right + 1n, right - 1n, x]) {
          if (out !== right) await expectRefused(target, new Map([[bits, out]]));
        }
        const sign = target.honest[bits - 1] ?? 0n;
        await expectRefused(target, new Map([[bits - 1, 1n - sign]]));
      }
    });
  }
});

describe("Product and Wire", () => {
  it("refuse any other product", async () => {
    const use = "y <== Product(2, [1, 2], 3, [-1, 0], 4)(x);";
    const target = await honestly(await gadgetAlone("product", "signal output y;", use, 2), 5n, 6n);
    expect(target.honest[1]).to.equal(element(20n * -1n));
    for (const y of [20n, 0n, -21n, -19n]) await expectRefused(target, new Map([[1, y]]));
  });

  it("refuse any other sum", async () => {
    const use = "y <== Wire(2, [3, -1], 7)(x);";
    const target = await honestly(await gadgetAlone("wire", "signal output y;", use, 2), 5n, 6n);
    expect(target.honest[1]).to.equal(16n);
    for (const y of [15n, 17n, 9n, 0n]) await expectRefused(target, new Map([[1, y]]));
  });
});

describe("InRange", () => {
  for (const bits of [1, 2, 9, 252]) {
    it(`refuses 2^${bits}, -1, and what wraps`, async () => {
      const target = await honestly(await gadgetAlone("in-range", "", `InRange(${bits})(x[0]);`, 1), 1n);
      for (const x of [2n ** BigInt(bits), -1n, 2n ** 253n, GROUP_ORDER / 2n]) {
        await expectRefused(target, new Map([[1, x]]));
      }
    });
  }
});
