import { expect } from "chai";

import { compileText } from "../../../src/model/compile.ts";
import { isSound, lintCircuit, type LintReport } from "../../../src/model/lint/lint.ts";
import type { CircuitInputs } from "../../../src/model/witness.ts";
import { compileStranger } from "./circuits.ts";

/** Circuits of circomlib. */
type Stranger = { file: string; component: string; open: string; inputs: CircuitInputs[] };

const SOUND: readonly Stranger[] = [
  { file: "comparators", component: "LessThan(8)", open: "in", inputs: [{ in: [3n, 4n] }] },
  { file: "bitify", component: "Num2Bits(253)", open: "in", inputs: [{ in: 5n }] },
  { file: "bitify", component: "Num2Bits_strict()", open: "in", inputs: [{ in: 5n }] },
  {
    file: "bitify",
    component: "Bits2Num_strict()",
    open: "in",
    inputs: [{ in: Array.from({ length: 254 }, () => 0n) }],
  },
  {
    file: "mux3",
    component: "Mux3()",
    open: "c,s",
    inputs: [{ c: [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n], s: [1n, 0n, 1n] }],
  },
  { file: "binsum", component: "BinSum(4,2)", open: "in", inputs: [{ in: [1n, 1n, 0n, 1n, 0n, 1n, 1n, 0n] }] },
  { file: "multiplexer", component: "Multiplexer(1,4)", open: "inp,sel", inputs: [{ inp: [5n, 6n, 7n, 8n], sel: 2n }] },
  { file: "poseidon", component: "Poseidon(2)", open: "", inputs: [{ inputs: [1n, 2n] }] },
  { file: "mimc", component: "MultiMiMC7(2,91)", open: "k", inputs: [{ in: [1n, 2n], k: 0n }] },
];

describe("lintCircuit on circuits of others", () => {
  const lint = async ({ file, component, open, inputs }: Stranger): Promise<LintReport> =>
    lintCircuit({ ...(await compileStranger(file, component, open)), inputs });

  for (const stranger of SOUND) {
    it(`passes ${stranger.component}`, async () => {
      const report = await lint(stranger);
      expect(report.unknown).to.deep.equal([]);
      expect(report.findings).to.deep.equal([]);
      expect(isSound(report)).to.equal(true);
    });
  }

  it("shows that IsZero's output is determined, and that its inverse is not where the input is zero", async () => {
    const iszero = { file: "comparators", component: "IsZero()", open: "in" };
    const report = await lint({ ...iszero, inputs: [{ in: 0n }] });
    expect(report.outputsDetermined).to.equal(true);
    expect(report.findings.map(({ kind, wire }) => [kind, wire])).to.deep.equal([["not determined", 3]]);
    expect(report.unknown).to.deep.equal([]);
    // Elsewhere the inverse has one value, and the report claims no more than it saw.
    const elsewhere = await lint({ ...iszero, inputs: [{ in: 7n }] });
    expect(elsewhere.findings).to.deep.equal([]);
    expect(elsewhere.unknown).to.deep.equal([3]);
    expect(isSound(elsewhere)).to.equal(false);
  });

  it("shows two outputs of Decoder, which may say that nothing was selected", async () => {
    const inputs = [0n, 1n, 2n].map((inp) => ({ inp }));
    const report = await lint({ file: "multiplexer", component: "Decoder(3)", open: "inp", inputs });
    expect(report.outputsDetermined).to.equal(false);
    expect(report.findings.map(({ kind, wire }) => `${kind} ${wire}`)).to.have.members(
      [1, 2, 3, 4].map((wire) => `not determined ${wire}`),
    );
    expect(report.unknown).to.deep.equal([]);
  });

  it("does not take 254 bits for strict because something is compared", async () => {
    const source = (compared: string, claim: string): string => `pragma circom 2.0.0;
include "circomlib/circuits/bitify.circom";
template Main() {
    signal input value;
    component bits = Num2Bits(254);
    bits.in <== value;
    component compare = CompConstant(-1);
    for (var i = 0; i < 254; i++) {
        compare.in[i] <== ${compared};
    }
    signal output low <== bits.out[0];
    ${claim}
}
component main {public [value]} = Main();
`;
    const CLAIM = "compare.out === 0;";
    const isStrict = async (compared: string, claim: string): Promise<boolean> =>
      isSound(await lintCircuit({ ...(await compileText(source(compared, claim))), inputs: [{ value: 6n }] }));
    expect(await isStrict("bits.out[i]", CLAIM)).to.equal(true);
    expect(await isStrict("bits.out[i]", "")).to.equal(false);
    expect(await isStrict("i == 253 ? 0 : bits.out[i]", CLAIM)).to.equal(false);
    // All pairs of bits, but in other places; and the bits of each pair in the other order.
    expect(await isStrict("bits.out[(i + 2) % 254]", CLAIM)).to.equal(false);
    expect(await isStrict("bits.out[i % 2 == 0 ? i + 1 : i - 1]", CLAIM)).to.equal(false);
  });

  it("claims nothing of a quotient whose divisor may be zero", async () => {
    const point = { x1: 0n, y1: 1n, x2: 0n, y2: 1n };
    const report = await lint({ file: "babyjub", component: "BabyAdd()", open: "x1,y1,x2,y2", inputs: [point] });
    expect(report.findings).to.deep.equal([]);
    expect(report.unknown).to.deep.equal([1, 2]);
  });
});
