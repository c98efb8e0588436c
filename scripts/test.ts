import { readdirSync } from "node:fs";
import { join } from "node:path";

import { CHECKS } from "./steps/checks.ts";
import { runSteps } from "./steps/step.ts";

/** Tests that start processes wait for them half of the time, so all other tests run beside them. */
const PROCESSES = [join("test", "integration"), join("test", "model", "ceremony"), join("test", "cli")];
const startsProcesses = (file: string): boolean => PROCESSES.some((folder) => file.startsWith(folder));
const files = readdirSync("test", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => join("test", file));

// The contracts were built by the first check. The tests in Solidity build themselves; nobody else may at the same time.
const mocha = ["hardhat", "test", "mocha", "--no-compile"] as const;

process.exitCode = await runSteps([
  ...CHECKS,
  { name: "tests in Solidity", kind: "tests", command: ["hardhat", "test", "solidity"] },
  {
    name: "tests in TypeScript",
    kind: "tests",
    command: [...mocha, ...files.filter((file) => !startsProcesses(file))],
  },
  {
    name: "tests of processes",
    kind: "tests",
    command: [...mocha, ...files.filter(startsProcesses)],
  },
]);
