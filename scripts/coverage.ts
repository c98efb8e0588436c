/** Measures which lines of the contracts the tests reach, and exits with 1 if that is too few. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { runChild } from "./child.mjs";

const LEAST_PERCENT = 98;
const REPORT = "coverage/lcov.info";

// The invariants are left out: they reach nothing that the others do not, and take an hour when instrumented.
const tests = [
  ...globSync("test/contracts/{*,escrow/*,attacks/*}.t.sol"),
  ...globSync("test/contracts/groth16/*.ts"),
].sort();

// Instrumented code writes to the free memory in which the challenge is hashed, and so draws another one.
const EXCLUDED = "draws its challenge from every word";

const hardhat = join("node_modules", ".bin", "hardhat");
const task = ["test", "--coverage", "--grep-exclude", EXCLUDED, "--", ...tests];
const code = await runChild(process.execPath, [hardhat, ...task], { stdio: "inherit" });

const lines = readFileSync(REPORT, "utf8").split("\n");
const count = (key: string): number =>
  lines.filter((line) => line.startsWith(`${key}:`)).reduce((sum, line) => sum + Number(line.slice(3)), 0);
const percent = (100 * count("LH")) / count("LF");
console.log(`${percent.toFixed(2)}% of ${count("LF")} lines; at least ${LEAST_PERCENT}% are asked for.`);
process.exitCode = code === 0 && percent >= LEAST_PERCENT ? 0 : 1;
