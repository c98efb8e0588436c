/** A provider in a process of its own, as in life: see `forkProvider`. */
import { startProvider } from "../../src/cli/serve/provider.ts";
import { processLog } from "../../src/cli/serve/run.ts";
import type { ProviderTask } from "./fork-provider.ts";
import { runPart } from "./run-part.ts";

runPart<ProviderTask>(async ({ settings, proving }, tell) => {
  const { gateway, stop } = await startProvider(settings, proving, processLog, tell);
  return { name: gateway.url, stop };
});
