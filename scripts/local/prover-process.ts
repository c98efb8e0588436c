/** A prover in a process of its own, of the parts of `assay prove`: see `forkProver`. */
import { connectChain } from "../../src/chain/rpc.ts";
import { startSender } from "../../src/chain/send.ts";
import { endAll, logProving } from "../../src/cli/serve/provider.ts";
import { processLog } from "../../src/cli/serve/run.ts";
import { errorDetails } from "../../src/gateway/log.ts";
import { JOURNAL_RULES } from "../../src/gateway/settings.ts";
import { startDatabaseSource } from "../../src/prover/database-source.ts";
import { foldersOf, openModels } from "../../src/prover/models.ts";
import { startPool } from "../../src/prover/pool.ts";
import { startProver } from "../../src/prover/prover.ts";
import { openStore } from "../../src/store/store.ts";
import type { ProverTask } from "./fork-prover.ts";
import { runPart } from "./run-part.ts";

runPart<ProverTask>(async (task, tell) => {
  const { rpc, deployment, privateKey, confirmations, workers, limits, tokenDecimals, pollMs } = task;
  const models = await openModels(task.folders);
  const client = await connectChain({ rpc, chainId: deployment.chainId });
  const store = await openStore({
    location: { url: task.databaseUrl },
    deployment,
    rules: JOURNAL_RULES,
    onError: (error) => processLog("warning", "background-failed", errorDetails(error)),
  });
  await store.jobs.open([...models.keys()]);
  const source = startDatabaseSource(store, [...models.keys()]);
  const pool = await startPool({ models: foldersOf(models), deployment, workers });
  const sender = await startSender({ client, rpc, privateKey, confirmations, pollMs });
  const prover = await startProver({
    source,
    pool,
    sender,
    client,
    deployment,
    own: store.provider,
    confirmations,
    prices: { kind: "none" },
    tokenDecimals,
    limits,
    pollMs,
    onEvent(event) {
      logProving(processLog, event);
      tell(event);
    },
  });
  return {
    name: sender.address,
    stop: () =>
      endAll([
        () => store.close(),
        () => sender.stop(),
        () => pool.stop(),
        () => source.stop(),
        async () => prover.stop(),
      ]),
  };
});
