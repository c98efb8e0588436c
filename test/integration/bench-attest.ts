import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { expect } from "chai";

import type { AttestFigures } from "../../scripts/bench/attest/measure.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MOST_GAS_PER_CLAIM = 25_000;

describe("npm run bench attest", () => {
  it("prints only its figures with --json, and a claim costs what it may", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["scripts/bench.ts", "attest", "--json"], {
      cwd: ROOT,
    });
    const figures = JSON.parse(stdout) as AttestFigures;
    expect(Object.keys(figures)).to.deep.equal([
      "verifyNitroMs",
      "verifyTdxMs",
      "gasEnrol",
      "gasPerClaim",
      "overheadMsP50",
      "overheadPerTokenMs",
    ]);
    for (const [name, figure] of Object.entries(figures)) expect(figure, name).to.be.above(0);
    expect(figures.gasPerClaim).to.be.at.most(MOST_GAS_PER_CLAIM);
  });
});
