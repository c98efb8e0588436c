import type { Step } from "./step.ts";

/** What holds of the sources before any test runs. The build comes first: the types of contracts are its output. */
export const CHECKS: readonly Step[] = [
  { name: "build", kind: "check", command: ["hardhat", "build", "--no-tests"] },
  { name: "format", kind: "check", command: ["prettier", "--check", "--log-level", "warn", "."] },
  { name: "lint", kind: "check", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  {
    name: "lint of Solidity",
    kind: "check",
    command: ["solhint", "--noPoster", "--max-warnings", "0", "{contracts,test}/**/*.sol"],
  },
  { name: "types", kind: "check", command: ["tsc", "--noEmit"] },
];
