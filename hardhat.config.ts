import { fileURLToPath } from "node:url";

import hardhatIgnitionViem from "@nomicfoundation/hardhat-ignition-viem";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatViem from "@nomicfoundation/hardhat-viem";
import { defineConfig } from "hardhat/config";

import { strictWarnings } from "./scripts/hardhat/strict-warnings.ts";
import { mochaTotals, solidityTotals } from "./scripts/hardhat/test-totals.ts";
import { TOTALS_FILE } from "./scripts/totals.ts";

/** Fixed, so that a run can be repeated; set ASSAY_FUZZ_SEED to 32 bytes of hex to look elsewhere. */
const FUZZ_SEED = process.env["ASSAY_FUZZ_SEED"] ?? `0x${"a5".repeat(32)}`;

export default defineConfig({
  plugins: [hardhatViem, hardhatMocha, hardhatIgnitionViem, strictWarnings],
  tasks: [solidityTotals],
  solidity: {
    splitTestsCompilation: true,
    compilers: [
      {
        version: "0.8.37",
        path: fileURLToPath(import.meta.resolve("solc/soljson.js")),
        settings: {
          evmVersion: "cancun",
          viaIR: true,
          optimizer: { enabled: true, runs: 1_000_000 },
          metadata: { bytecodeHash: "none" },
        },
      },
    ],
  },
  test: {
    solidity: {
      fuzz: { runs: 256, seed: FUZZ_SEED },
      invariant: { runs: 256, depth: 128, failOnRevert: true },
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
