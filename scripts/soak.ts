/** `npm run soak`: the whole loop, for a long time. */
import { parseArgs } from "node:util";

import { runCommand, UsageError, wholeNumber } from "../src/cli/usage.ts";
import { stopThreads } from "../src/model/groth16.ts";
import { startPostgres } from "./local/postgres.ts";
import { MOST_PROVERS } from "./soak/parts.ts";
import { faultsIn, formatSoak, MOST_GROWTH } from "./soak/report.ts";
import { soak } from "./soak/run.ts";

const USAGE = `Usage: npm run soak -- [--requests N] [--provers N] [--store server | folder] [--sample SECONDS] [--json]

Starts a chain, a gateway and its provers, each in a process of its own, and asks for answers, no faster than they are
settled, in batches of 32. Then it holds the provider's books against the chain. It fails when an answer is not settled,
when the books differ by a unit, or when a process grows by more than ${MOST_GROWTH} MB after its warm-up.

  --requests  how many answers (default: 10000)
  --provers   how many provers, of one core each (default: 2, at most ${MOST_PROVERS})
  --store     a PostgreSQL server that is started for this, or a folder with all in one process (default: server)
  --sample    seconds between two looks at the memory (default: 10)
  --json      print only the figures, as one object
  --help      print this`;

const STALL_SECONDS = 300;

await runCommand(USAGE, async () => {
  const { values } = parseArgs({
    options: {
      requests: { type: "string", default: "10000" },
      provers: { type: "string", default: "2" },
      store: { type: "string", default: "server" },
      sample: { type: "string", default: "10" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const provers = wholeNumber("--provers", values.provers);
  if (provers < 1 || provers > MOST_PROVERS) {
    throw new UsageError(`--provers takes 1 to ${MOST_PROVERS}, got ${provers}.`);
  }
  if (values.store !== "folder" && values.store !== "server") {
    throw new UsageError(`--store takes folder or server, got ${JSON.stringify(values.store)}.`);
  }
  const postgres = values.store === "server" ? await startPostgres() : undefined;
  try {
    const report = await soak({
      requests: wholeNumber("--requests", values.requests),
      provers,
      databaseUrl: postgres?.url,
      sampleSeconds: wholeNumber("--sample", values.sample),
      stallSeconds: STALL_SECONDS,
    });
    console.log(values.json ? JSON.stringify(report) : formatSoak(report));
    if (faultsIn(report).length > 0) process.exitCode = 1;
  } finally {
    await postgres?.stop();
    await stopThreads();
  }
});
