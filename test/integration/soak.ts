import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

import { faultsIn, formatSoak, MOST_GROWTH } from "../../scripts/soak/report.ts";
import type { SoakReport } from "../../scripts/soak/run.ts";
import { usesIn } from "../../scripts/soak/memory.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const REQUESTS = 320;

type Outcome = { readonly code: number; readonly out: string; readonly err: string };

function soak(...options: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, ["scripts/soak.ts", ...options], { cwd: ROOT }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : Number(error !== null), out, err });
    });
  });
}

describe("the soak", function () {
  this.timeout(900_000);
  let report: SoakReport;

  it(`settles ${REQUESTS} answers of one gateway by two provers, and its books are exact`, async () => {
    const { code, out, err } = await soak("--requests", String(REQUESTS), "--sample", "2", "--json");
    expect(code, err + out).to.equal(0);
    report = JSON.parse(out) as SoakReport;
    expect(report).to.deep.include({
      store: "server",
      requests: REQUESTS,
      answered: REQUESTS,
      refused: 0,
      settled: REQUESTS,
      differences: [],
    });
    expect(report.transactions)
      .to.be.at.least(REQUESTS / 32)
      .and.to.be.below(REQUESTS / 2);
    expect(report.gasPerInference).to.be.within(50_000, 200_000);
    expect(report.memory.map(({ name }) => name)).to.deep.equal(["gateway", "prover 1", "prover 2"]);
    for (const { first, last, most } of report.memory) {
      expect(Math.min(first, last)).to.be.above(0);
      expect(most).to.be.at.least(Math.max(first, last));
    }
  });

  it("fails for an answer that is not settled, a book that differs, or memory that grows", () => {
    expect(faultsIn(report)).to.deep.equal([]);
    expect(formatSoak(report)).to.match(/books +exact/);
    const grown = report.memory.map(({ name, ...use }) => ({ ...use, name, growth: MOST_GROWTH + 1 })).slice(0, 1);
    const bad: SoakReport = { ...report, settled: REQUESTS - 1, differences: ["a unit is missing"], memory: grown };
    const faults = faultsIn(bad);
    expect(faults).to.have.lengthOf(3);
    expect(faults.join()).to.match(/^1 answers were not settled,a unit is missing,gateway grew by/);
    expect(faultsIn({ ...report, refused: 1, answered: REQUESTS - 2, settled: REQUESTS - 2 })).to.have.lengthOf(2);
  });

  it("takes memory for growing only when it grows after the warm-up", () => {
    const samplesOf = (megabytes: (settled: number) => number) =>
      Array.from({ length: 101 }, (_, index) => ({ settled: 10 * index, megabytes: [megabytes(10 * index)] }));
    const [flat] = usesIn(
      samplesOf((settled) => (settled < 200 ? settled : 300)),
      ["gateway"],
      200,
    );
    expect(flat).to.deep.equal({ name: "gateway", first: 0, last: 300, most: 300, slope: 0, growth: 0 });
    const [leak] = usesIn(
      samplesOf((settled) => 100 + settled),
      ["gateway"],
      200,
    );
    expect(leak).to.include({ first: 100, last: 1100, slope: 1000 });
    expect(leak?.growth).to.be.within(500, 600);
    const [short] = usesIn(
      samplesOf((settled) => 100 + settled),
      ["gateway"],
      2000,
    );
    expect(short).to.include({ most: 1100, slope: 0, growth: 0 });
  });

  it("says what it takes", async () => {
    expect((await soak("--help")).out).to.match(/^Usage: npm run soak/);
    for (const wrong of [
      ["--requests", "none"],
      ["--provers", "0"],
      ["--provers", "99"],
      ["--store", "tape"],
      ["--what"],
    ]) {
      expect(await soak(...wrong), wrong.join(" ")).to.include({ code: 2, out: "" });
    }
  });
});
