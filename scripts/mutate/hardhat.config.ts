import { fileURLToPath } from "node:url";

import hardhatIgnitionViem from "@nomicfoundation/hardhat-ignition-viem";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatViem from "@nomicfoundation/hardhat-viem";
import { defineConfig } from "hardhat/config";

import { EXACT_BUILD } from "./suites.ts";

const solc = { version: "0.8.37", path: fileURLToPath(import.meta.resolve("solc/soljson.js")) };
const common = { evmVersion: "cancun", metadata: { bytecodeHash: "none" } };

/** Five times as fast to compile as what is deployed: only what keeps the escrow below the size limit. */
const quick = {
  ...solc,
  settings: {
    ...common,
    viaIR: false,
    optimizer: { enabled: true, details: { yul: false, cse: false, constantOptimizer: false } },
  },
};

/** For what runs out of stack that way: the pipeline of what is deployed, which is told to optimize nothing. */
const deep = {
  ...solc,
  settings: {
    ...common,
    viaIR: true,
    optimizer: { enabled: true, details: { yul: true, yulDetails: { optimizerSteps: ":" } } },
  },
};

/** What is deployed. */
const exact = {
  ...solc,
  settings: { ...common, viaIR: true, optimizer: { enabled: true, runs: 1_000_000 } },
};

const VERIFIERS = [
  "contracts/verifiers/Groth16Verifier.sol",
  "contracts/mocks/BatchHarness.sol",
  "contracts/mocks/WeakBatchVerifier.sol",
];

/** How mutants are built and tested: quickly, and without regard to warnings, which many of them cause. */
export default defineConfig({
  plugins: [hardhatViem, hardhatMocha, hardhatIgnitionViem],
  solidity: {
    splitTestsCompilation: true,
    profiles: {
      default: { compilers: [quick], overrides: Object.fromEntries(VERIFIERS.map((file) => [file, deep])) },
      [EXACT_BUILD]: { compilers: [exact] },
    },
  },
  test: {
    solidity: {
      fuzz: { runs: 16, seed: `0x${"a5".repeat(32)}` },
      invariant: { runs: 16, depth: 128, failOnRevert: true },
    },
    mocha: { timeout: 300_000 },
  },
});
