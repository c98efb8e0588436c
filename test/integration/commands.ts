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
