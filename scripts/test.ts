import { CHECKS } from "./steps/checks.ts";
import { runSteps } from "./steps/step.ts";

process.exitCode = await runSteps([
  ...CHECKS,
  // Beforehand, since the two runners work side by side: neither may find something to build.
  { name: "build of the tests", kind: "check", command: ["hardhat", "build"] },
  { name: "tests in Solidity", kind: "tests", command: ["hardhat", "test", "solidity"] },
  { name: "tests in TypeScript", kind: "tests", command: ["hardhat", "test", "mocha", "--no-compile"] },
]);
