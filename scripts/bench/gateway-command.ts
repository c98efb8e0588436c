/** `npm run bench gateway`. */
import { parseArgs } from "node:util";

import { wholeNumber } from "../../src/cli/usage.ts";
import { stopThreads } from "../../src/model/groth16.ts";
import { startPostgres } from "../local/postgres.ts";
import { CONNECTIONS, measureGateway, type GatewayMeasurement } from "./gateway/measure.ts";

const REQUESTS = { 1: 200, 8: 300, 64: 900 } as const;
const STOCK_REQUESTS = 20;
const STEADY_REQUESTS = 15;
const SETTLE_SECONDS = 1800;

export const GATEWAY_USAGE = `Usage: npm run bench gateway -- [--json] [--model NAME] [--store folder | server] [--settle SECONDS]

Starts a chain and a provider with its provers, each in a process of its own, and asks for answers over ${CONNECTIONS.join(", ")}
connections, with provers at work all the time; then waits until every answer is settled. Overhead is what a client waits
beyond the bare model call, over one connection. All requests are signed before the clock starts.

  --json     print only the figures, as one object
  --model    a folder in models/ (default: iris)
  --store    an embedded database in a folder, or a PostgreSQL server that is started for this (default: folder)
  --settle   how long to wait for settlements, in seconds (default: ${SETTLE_SECONDS})
  --help     print this`;

const OPTIONS = {
  json: { type: "boolean", default: false },
  model: { type: "string", default: "iris" },
  store: { type: "string", default: "folder" },
  settle: { type: "string", default: String(SETTLE_SECONDS) },
} as const;

export async function gatewayCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const settleSeconds = wholeNumber("--settle", values.settle);
  if (values.store !== "folder" && values.store !== "server") throw new UnknownStoreError(values.store);
  const postgres = values.store === "server" ? await startPostgres() : undefined;
  try {
    const measured = await measureGateway({
      model: values.model,
      ...(postgres !== undefined && { databaseUrl: postgres.url }),
      requests: REQUESTS,
      stockRequests: STOCK_REQUESTS,
      steadyRequests: STEADY_REQUESTS,
      settleSeconds,
    });
    console.log(values.json ? JSON.stringify(measured.figures) : formatGateway(measured));
  } finally {
    await postgres?.stop();
    await stopThreads();
  }
}

function formatGateway({ figures, stages, totals }: GatewayMeasurement): string {
  const { answersPerSecond, unsettled } = figures;
  const rows: readonly (readonly [string, string])[] = [
    ["the bare model call", `${figures.baselineMsP50} ms`],
    ["beyond it, of 100 answers 50 take at most", `${figures.overheadMsP50} ms`],
    ["and 99 at most", `${figures.overheadMsP99} ms`],
    ...CONNECTIONS.map((count) => [`answers a second, ${count} at once`, String(answersPerSecond[count])] as const),
    ["a stock client's answer, paid on chain first", `${figures.stockExactMsP50} ms`],
    ["from an answer to its settlement", `${figures.settleSecondsP50} s`],
    ["gas of a settled answer", String(figures.gasPerInference)],
    ["proofs a minute", String(figures.proofsPerMinute)],
    ["answers, settled, transactions", `${totals.answered}, ${totals.settled}, ${totals.transactions}`],
    ["not settled", String(unsettled)],
  ];
  const parts = Object.entries(stages).map(([stage, milliseconds]) => `${stage} ${milliseconds} ms`);
  const width = Math.max(...rows.map(([what]) => what.length));
  return [
    `${figures.model}, store: ${figures.store}`,
    ...rows.map(([what, figure]) => `  ${what.padEnd(width)}  ${figure}`),
    `  where an answer's time goes: ${parts.join(", ")}; the rest is HTTP, JSON and waiting for a core`,
  ].join("\n");
}

/** Neither a folder nor a server. */
export class UnknownStoreError extends Error {
  override readonly name = "UnknownStoreError";

  constructor(given: string) {
    super(`--store takes folder or server, got ${JSON.stringify(given)}.`);
  }
}
