import { readdirSync } from "node:fs";
import { basename } from "node:path";

import hardhatIgnitionViem from "@nomicfoundation/hardhat-ignition-viem";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatViem from "@nomicfoundation/hardhat-viem";
import { defineConfig } from "hardhat/config";

import { EXACT, GAS_TESTS, QUICK } from "./scripts/hardhat/compilers.ts";
import { strictWarnings } from "./scripts/hardhat/strict-warnings.ts";
import { mochaTotals, solidityTotals } from "./scripts/hardhat/test-totals.ts";
import { INVARIANT_RUNS_VARIABLE, TOTALS_FILE } from "./scripts/totals.ts";

/** Fixed, so that a run can be repeated; set ASSAY_FUZZ_SEED to 32 bytes of hex to look elsewhere. */
const FUZZ_SEED = process.env["ASSAY_FUZZ_SEED"] ?? `0x${"a5".repeat(32)}`;

/** How many lives of an escrow each campaign plays; scripts/test.ts plays fewer where time matters. */
const INVARIANT_RUNS = Number(process.env[INVARIANT_RUNS_VARIABLE] ?? 256);

const TESTS = "test/contracts";
/** Built in seconds instead of minutes. What is deployed is the subject of the gas tests, and of all tests in TypeScript. */
const OTHER_TESTS = readdirSync(new URL(TESTS, import.meta.url), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".sol") && !GAS_TESTS.has(basename(file)))
  .map((file) => `${TESTS}/${file}`);

export default defineConfig({
  plugins: [hardhatViem, hardhatMocha, hardhatIgnitionViem, strictWarnings],
  tasks: [solidityTotals],
  solidity: {
    splitTestsCompilation: true,
    compilers: [EXACT],
    overrides: Object.fromEntries(OTHER_TESTS.map((file) => [file, QUICK])),
  },
  test: {
    solidity: {
      fuzz: { runs: 256, seed: FUZZ_SEED },
      invariant: { runs: INVARIANT_RUNS, depth: 128, failOnRevert: true },
    },
    mocha: {
      // Whoever needs a proof of a new circuit first makes its keys.
      timeout: 300_000,
      forbidOnly: process.env[TOTALS_FILE] !== undefined,
      rootHooks: mochaTotals,
    },
  },
  coverage: { skipFiles: ["contracts/mocks/**"] },
});
