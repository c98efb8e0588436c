import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { runCommand } from "../src/cli/usage.ts";
import { CHECKS } from "./steps/checks.ts";
import { runSteps } from "./steps/step.ts";
import { INVARIANT_RUNS_VARIABLE } from "./totals.ts";

const USAGE = `Usage: npm test [-- --all]

Checks the sources, then runs the tests.

  --all    also those that take minutes: the whole loop under faults, demo, benchmarks, long commands; and ten times as
           long campaigns of random lives of the escrow
  --help   print this`;

/** Tests that start processes wait for them half of the time: with those of gateways, they take as long as all others. */
const PROCESSES = ["test/integration/", "test/model/ceremony/", "test/cli/", "test/gateway/", "test/client/"];

const FEW_RUNS = "24";

/** Each of these takes minutes or half of one, of what is tested in small as well. */
const LONG = [
  "test/integration/loop/",
  "test/integration/faults/",
  "test/integration/loop-commands.ts",
  "test/integration/model-command/",
  "test/integration/bench-attest.ts",
  "test/integration/bench-models.ts",
  "test/integration/demo.ts",
  "test/integration/exactness.ts",
  "test/model/ceremony/",
  "test/model/shipped.ts",
  "test/model/soundness/random-programs.ts",
  "test/prover/pool.ts",
  "test/prover/prover.ts",
  "test/prover/rapidsnark.ts",
  "test/enclave/dcap-bits.ts",
  "test/enclave/dcap-browser.ts",
  "test/enclave/dcap-fuzz.ts",
  "test/enclave/fuzz-documents.ts",
  "test/inside/command.ts",
  "test/cli/ask.ts",
  "test/cli/attest.ts",
  "test/cli/attest-quorum.ts",
  "test/cli/attest-run.ts",
  "test/cli/audit.ts",
  "test/cli/doctor.ts",
  "test/cli/fund.ts",
  "test/cli/keystore.ts",
  "test/cli/receipt.ts",
  "test/cli/tab.ts",
];

const isIn = (places: readonly string[]) => (file: string) => places.some((place) => file.startsWith(join(place)));
const [startsProcesses, isLong] = [isIn(PROCESSES), isIn(LONG)];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { all: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const files = readdirSync("test", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join("test", file))
    .filter((file) => values.all || !isLong(file));

  // Whole campaigns take half of the time that all the rest does.
  if (!values.all) process.env[INVARIANT_RUNS_VARIABLE] ??= FEW_RUNS;
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
      name: "tests of processes and gateways",
      kind: "tests",
      command: [...mocha, ...files.filter(startsProcesses)],
    },
  ]);
}

await runCommand(USAGE, main);
