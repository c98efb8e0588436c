import { expect } from "chai";
import { network } from "hardhat";

import { FIELD_ORDER, G2_GENERATOR } from "../../../src/protocol/bn254.ts";

/** On the curve: the generator, and twice it. */
const ONE = [1n, 2n] as const;
const TWO = [
  0x030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3n,
  0x15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4n,
] as const;
/** Off the curve. */
const OFF = [1n, 1n] as const;
const INFINITY = [0n, 0n] as const;

describe("points and the curve's precompiles", () => {
  let connection: Awaited<ReturnType<typeof network.create>>;
  let harness: Awaited<ReturnType<typeof deploy>>;
  const deploy = async () => connection.viem.deployContract("CurveHarness");

  before(async () => {
    connection = await network.create();
    harness = await deploy();
  });
  after(() => connection.close());

  it("add, and say when they cannot", async () => {
    const sum = await harness.read.add([[...ONE, ...ONE]]);
    expect(sum).to.deep.equal([true, [...TWO, ...ONE]]);
    for (const words of [
      [...OFF, ...ONE],
      [...ONE, ...OFF],
      [...ONE, 1n, FIELD_ORDER + 2n],
    ] as const) {
      expect(await harness.read.add([words]), words.join()).to.deep.equal([false, [...words]]);
    }
  });

  it("multiply, and say when they cannot", async () => {
    expect(await harness.read.mul([[...ONE, 2n, 7n]])).to.deep.equal([true, [...TWO, 2n, 7n]]);
    expect(await harness.read.mul([[...OFF, 2n, 7n]])).to.deep.equal([false, [...OFF, 2n, 7n]]);
  });

  it("pair, and never take for an answer what was in memory before", async () => {
    const { xImaginary, xReal, yImaginary, yReal } = G2_GENERATOR;
    const generator = [xImaginary, xReal, yImaginary, yReal] as const;
    for (const scratch of [0n, 1n]) {
      expect(await harness.read.pairingIsOne([[...INFINITY, ...generator], scratch])).to.equal(true);
      expect(await harness.read.pairingIsOne([[...ONE, ...generator], scratch])).to.equal(false);
      expect(await harness.read.pairingIsOne([[...OFF, ...generator], scratch])).to.equal(false);
      expect(await harness.read.pairingIsOne([[...ONE, xImaginary, xReal, yImaginary, 1n], scratch])).to.equal(false);
    }
  });

  it("are the same up to their sign only if they share both halves of their x", async () => {
    const point = { xImaginary: 1n, xReal: 2n, yImaginary: 3n, yReal: 4n };
    const isSame = (other: Partial<typeof point>) => harness.read.isSameUpToSign([point, { ...point, ...other }]);
    expect(await isSame({ yImaginary: 9n, yReal: 9n })).to.equal(true);
    expect(await isSame({ xImaginary: 9n })).to.equal(false);
    expect(await isSame({ xReal: 9n })).to.equal(false);
  });
});
