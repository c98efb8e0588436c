import { CHECKS } from "./steps/checks.ts";
import { runSteps } from "./steps/step.ts";

process.exitCode = await runSteps([
  ...CHECKS,
  { name: "tests in Solidity", kind: "tests", command: ["hardhat", "test", "solidity"] },
  { name: "tests in TypeScript", kind: "tests", command: ["hardhat", "test", "mocha"] },
]);
