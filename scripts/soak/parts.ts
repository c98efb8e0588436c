/** The processes that a soak runs: a gateway, and provers beside it or inside. */
import type { ProverEvent } from "../../src/prover/prover-events.ts";
import type { GatewaySettings } from "../../src/gateway/settings.ts";
import { forkProvider } from "../local/fork-provider.ts";
import { forkProver } from "../local/fork-prover.ts";
import { account } from "../local/market.ts";
import { CAST, privateKeyOf, type Marketplace } from "../local/marketplace.ts";

export type Parts = {
  readonly url: string;
  readonly names: readonly string[];
  readonly pids: readonly number[];
  readonly stop: () => Promise<void>;
};

/** Long enough for a prover to fill its batches on a busy machine. */
const LIMITS = { batchSize: 32, maxWaitSeconds: 30 };
const POLL_MS = 200;
/** After those that already have a part in the market. */
const FIRST_PROVER = Math.max(...Object.values(CAST)) + 1;
/** As many as a local chain gives ether to. */
export const MOST_PROVERS = 20 - FIRST_PROVER;

/** @param databaseUrl Of a PostgreSQL server; without one all is in one process, which has its store in a folder. */
export async function startParts(
  market: Marketplace,
  settings: GatewaySettings,
  { databaseUrl, provers, onEvent }: ProverOptions,
): Promise<Parts> {
  if (databaseUrl === undefined) {
    const privateKey = privateKeyOf(account(FIRST_PROVER));
    const proving = {
      program: { kind: "snarkjs" },
      limits: LIMITS,
      prices: { kind: "none" },
      pollMs: POLL_MS,
    } as const;
    const { url, child, stop } = await forkProvider(
      settings,
      { ...proving, workers: provers, privateKey },
      { onEvent },
    );
    return { url, names: ["gateway and provers"], pids: [child.pid ?? 0], stop };
  }
  const gateway = await forkProvider(settings);
  const stops = [gateway.stop];
  const stop = async (): Promise<void> => {
    for (const each of stops.toReversed()) await each();
  };
  const pids = [gateway.child.pid ?? 0];
  try {
    for (let index = 0; index < provers; index++) {
      const prover = await forkProver(
        {
          rpc: settings.rpc,
          deployment: settings.deployment,
          databaseUrl,
          folders: market.models.map(({ folder }) => folder),
          privateKey: privateKeyOf(account(FIRST_PROVER + index)),
          limits: LIMITS,
          workers: 1,
          confirmations: 1,
          tokenDecimals: settings.token.decimals,
          pollMs: POLL_MS,
        },
        { onEvent },
      );
      stops.push(prover.stop);
      pids.push(prover.child.pid ?? 0);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: gateway.url,
    names: ["gateway", ...Array.from({ length: provers }, (_, index) => `prover ${index + 1}`)],
    pids,
    stop,
  };
}

export type ProverOptions = {
  readonly databaseUrl: string | undefined;
  readonly provers: number;
  readonly onEvent: (event: ProverEvent) => void;
};
