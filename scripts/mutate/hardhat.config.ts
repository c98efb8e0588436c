import hardhatIgnitionViem from "@nomicfoundation/hardhat-ignition-viem";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatViem from "@nomicfoundation/hardhat-viem";
import { defineConfig } from "hardhat/config";

import { DEEP, EXACT, QUICK } from "../hardhat/compilers.ts";
import { EXACT_BUILD } from "./suites.ts";

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
      default: { compilers: [QUICK], overrides: Object.fromEntries(VERIFIERS.map((file) => [file, DEEP])) },
      [EXACT_BUILD]: { compilers: [EXACT] },
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
