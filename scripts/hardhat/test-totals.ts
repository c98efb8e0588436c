import type { Context, RootHookObject, Suite } from "mocha";

import { overrideTask } from "hardhat/config";
import type { Result } from "hardhat/types/utils";

import { addTotals, reportTotals, type Totals } from "../totals.ts";

/** What the task resolves to; the summary in it is empty unless the runners of all tests run together. */
type SolidityRun = {
  readonly suiteResults: readonly {
    readonly testResults: readonly { readonly status: "Success" | "Failure" | "Skipped" }[];
  }[];
};

/** Reports the totals of the Solidity tests. */
export const solidityTotals = overrideTask(["test", "solidity"])
  .setInlineAction(async (taskArguments, _hre, runSuper) => {
    const result = (await runSuper(taskArguments)) as Result<SolidityRun, SolidityRun>;
    const { suiteResults } = result.success ? result.value : result.error;
    const statuses = suiteResults.flatMap(({ testResults }) => testResults.map(({ status }) => status));
    reportTotals({
      passed: statuses.filter((status) => status === "Success").length,
      failed: statuses.filter((status) => status === "Failure").length,
      skipped: statuses.filter((status) => status === "Skipped").length,
    });
    return result;
  })
  .build();

/** Reports the totals of the mocha tests, whose runner counts skipped ones, and those a failed hook left out, as passed. */
export const mochaTotals: RootHookObject = {
  afterAll(this: Context) {
    const root = this.test?.parent;
    if (root !== undefined) reportTotals(totalsOf(root));
  },
};

function totalsOf(suite: Suite): Totals {
  const own = suite.tests.map((test) => ({
    passed: test.isPassed() ? 1 : 0,
    failed: test.isPassed() || test.isPending() ? 0 : 1,
    skipped: test.isPending() ? 1 : 0,
  }));
  return addTotals([...own, ...suite.suites.map(totalsOf)]);
}
