import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

import { expect } from "chai";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

type Outcome = { readonly code: number; readonly out: string; readonly err: string };

/** Runs one of the project's scripts as people do, and waits for its end. */
function run(script: string, ...options: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...options], { cwd: ROOT }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : Number(error !== null), out, err });
    });
  });
}

describe("the demo", () => {
  it("plays from end to end, and prints nothing but its figures with --json", async () => {
    const { code, out, err } = await run("scripts/demo.ts", "--json");
    expect(code, err).to.equal(0);
    const figures = JSON.parse(out) as Record<string, Record<string, number>>;
    expect(figures["settle"]).to.include({ inferences: 8 });
    expect(figures["slash"]).to.include({ penalty: 1_000_000 });
    expect(figures["reclaim"]).to.include({ refund: 100_000 });
    expect(figures["stock"]).to.have.all.keys("openGas", "settleGas");
  });

  it("says how it is used, and refuses what it does not know", async () => {
    expect((await run("scripts/demo.ts", "--help")).out).to.include("Usage: npm run demo");
    const { code, err } = await run("scripts/demo.ts", "--fast");
    expect(code).to.equal(2);
    expect(err).to.include("--fast").and.to.include("Usage: npm run demo");
  });
});

describe("the benchmark", () => {
  it("says how it is used, and refuses what it cannot measure", async () => {
    expect((await run("scripts/bench.ts", "--help")).out).to.include("Usage: npm run bench gas");
    for (const options of [
      [],
      ["time"],
      ["gas", "--sizes", "0"],
      ["gas", "--sizes", "65"],
      ["gas", "--models", "2"],
      ["gas", "--fast"],
    ]) {
      const { code, out, err } = await run("scripts/bench.ts", ...options);
      expect(code, options.join(" ")).to.equal(2);
      expect(err).to.include("Usage: npm run bench gas");
      expect(out).to.equal("");
    }
  });
});
