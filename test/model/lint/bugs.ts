import { expect } from "chai";

import { compile } from "../../../src/model/compile.ts";
import { isSound, lintCircuit, type LintReport } from "../../../src/model/lint/lint.ts";
import { renderReport } from "../../../src/model/lint/render.ts";
import type { CircuitInputs } from "../../../src/model/witness.ts";
import { fixturePath } from "./circuits.ts";

const report = async (name: string, inputs: readonly CircuitInputs[]): Promise<LintReport> => {
  const { r1cs, wasm } = await compile(fixturePath(name));
  return lintCircuit({ r1cs, wasm, inputs });
};
/** The wires of which a report finds something. */
const wiresOf = ({ findings }: LintReport, kind: string): number[] =>
  findings.filter((finding) => finding.kind === kind).map(({ wire }) => wire);

/** The first wires are the constant, the outputs and the public inputs, in this order. */
const OUTPUT = 1;

const UNDETERMINED: readonly { bug: string; fixed: string; inputs: CircuitInputs }[] = [
  { bug: "free-remainder", fixed: "free-remainder-fixed", inputs: { value: 37n } },
  { bug: "assert-only", fixed: "assert-only-fixed", inputs: { square: 49n } },
  { bug: "non-strict-bits", fixed: "non-strict-bits-fixed", inputs: { value: 6n } },
  { bug: "unranged-argmax", fixed: "argmax-fixed", inputs: { values: [3n, 9n, 5n, 2n] } },
  { bug: "free-ties", fixed: "argmax-fixed", inputs: { values: [3n, 9n, 9n, 2n] } },
];

describe("lintCircuit on known bugs", () => {
  for (const { bug, fixed, inputs } of UNDETERMINED) {
    it(`shows a second output for the same inputs: ${bug}`, async () => {
      const found = await report(bug, [inputs]);
      expect(isSound(found)).to.equal(false);
      expect(found.outputsDetermined).to.equal(false);
      expect(wiresOf(found, "not determined")).to.include(OUTPUT);
      expect(renderReport(found)).to.match(/not determined: two witnesses[^]*wire 1 \(1: \d+ -> \d+.*\)[^]*FAILED/);
    });

    it(`passes the same circuit without the bug: ${fixed}`, async () => {
      const found = await report(fixed, [inputs]);
      expect(found.findings).to.deep.equal([]);
      expect(found.unknown).to.deep.equal([]);
      expect(isSound(found)).to.equal(true);
      expect(renderReport(found)).to.match(/PASSED/);
    });
  }

  it("finds no second output where no values are equal, but claims none either: free-ties", async () => {
    const found = await report("free-ties", [{ values: [3n, 9n, 5n, 2n] }]);
    expect(isSound(found)).to.equal(false);
    expect(found.unknown).to.include(OUTPUT);
    expect(renderReport(found)).to.match(/unknown: no rule[^]*FAILED\. The inputs are not shown/);
  });

  it("finds a public signal that no constraint is about", async () => {
    const inputs = { value: 3n, recipient: 4n };
    const found = await report("unconstrained-signal", [inputs]);
    expect(wiresOf(found, "unconstrained public signal")).to.deep.equal([3]);
    expect(isSound(found)).to.equal(false);
    expect(isSound(await report("unconstrained-signal-fixed", [inputs]))).to.equal(true);
  });

  it("finds private weights that nothing public fixes, and knows those that a hash fixes", async () => {
    const inputs = { fields: [3n, 4n], salt: 5n, weights: [6n, 7n] };
    const found = await report("unbound-weights", [inputs]);
    // Two outputs, two fields and the salt come before the weights.
    expect(wiresOf(found, "unbound input")).to.deep.equal([6, 7]);
    expect(found.unknown).to.deep.equal([]);
    expect(isSound(found)).to.equal(false);
    expect(isSound(await report("unbound-weights-fixed", [inputs]))).to.equal(true);
  });
});
