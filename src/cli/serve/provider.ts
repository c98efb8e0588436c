/** A provider in one process: a gateway, and provers that settle what it sold. */
import type { Hex, PublicClient } from "viem";

import { connectChain } from "../../chain/rpc.ts";
import { startSender, type Sender } from "../../chain/send.ts";
import { startGateway, type Gateway } from "../../gateway/gateway.ts";
import type { Log } from "../../gateway/log.ts";
import type { GatewaySettings } from "../../gateway/settings.ts";
import { startDatabaseSource } from "../../prover/database-source.ts";
import type { BatchLimits } from "../../prover/batch.ts";
import type { JobSource } from "../../prover/job-source.ts";
import { startPool, type Pool } from "../../prover/pool.ts";
import type { PriceSource } from "../../prover/price-source.ts";
import { startProver, type Prover } from "../../prover/prover.ts";
import type { ProverEvent } from "../../prover/prover-events.ts";
import type { ProvingProgram } from "../../prover/proving-program.ts";

/** What a prover needs beside its jobs. */
export type ProvingSettings = {
  readonly program: ProvingProgram;
  /** One a core by default. */
  readonly workers?: number;
  readonly limits: Partial<BatchLimits>;
  readonly prices: PriceSource;
  /** The key that settles; the provider's own by default. */
  readonly privateKey?: Hex;
  readonly pollMs?: number;
};

export type Provider = {
  readonly gateway: Gateway;
  /** Not there where the gateway only answers, and other processes prove. */
  readonly prover: Prover | undefined;
  readonly pool: Pool | undefined;
  readonly stop: () => Promise<void>;
};

/** Starts selling, and, with `proving`, settling. */
export async function startProvider(
  settings: GatewaySettings,
  proving: ProvingSettings | undefined,
  log: Log,
  onEvent: (event: ProverEvent) => void = () => {},
): Promise<Provider> {
  const gateway = await startGateway(settings, log);
  if (proving === undefined) return { gateway, prover: undefined, pool: undefined, stop: () => gateway.stop() };
  const closing: (() => Promise<void>)[] = [() => gateway.stop()];
  try {
    const { deployment, rpc, confirmations, sales, token } = settings;
    const client = await connectChain({ rpc, chainId: deployment.chainId });
    const folders = new Map([...gateway.shop.keys()].map((model, index) => [model, sales[index]?.folder ?? ""]));
    const pool = await startPool({
      models: folders,
      deployment,
      program: proving.program,
      ...(proving.workers !== undefined && { workers: proving.workers }),
    });
    closing.push(() => pool.stop());
    const sender = await senderOf(proving, gateway, client, { rpc, confirmations });
    if (sender !== gateway.sender) closing.push(() => sender.stop());
    const source: JobSource = startDatabaseSource(gateway.store, [
      ...gateway.shop.keys(),
      ...gateway.enclaves.wares.keys(),
    ]);
    const prover = await startProver({
      source,
      pool,
      sender,
      client,
      deployment,
      own: gateway.store.provider,
      prices: proving.prices,
      confirmations,
      tokenDecimals: token.decimals,
      limits: proving.limits,
      ...(proving.pollMs !== undefined && { pollMs: proving.pollMs }),
      onEvent(event) {
        countProving(gateway, event);
        logProving(log, event);
        onEvent(event);
      },
    });
    closing.push(
      () => source.stop(),
      () => prover.stop(),
    );
    return { gateway, prover, pool, stop: () => endAll(closing) };
  } catch (error) {
    await endAll(closing);
    throw error;
  }
}

async function senderOf(
  { privateKey, pollMs }: ProvingSettings,
  gateway: Gateway,
  client: PublicClient,
  { rpc, confirmations }: { readonly rpc: string; readonly confirmations: number },
): Promise<Sender> {
  // One key has one sender, or two would take each other's nonces.
  if (privateKey === undefined) return gateway.sender;
  return startSender({ client, rpc, privateKey, confirmations, ...(pollMs !== undefined && { pollMs }) });
}

function countProving({ metrics }: Gateway, event: ProverEvent): void {
  if (event.kind !== "proven") return;
  metrics.proofs.inc();
  metrics.proofSeconds.observe(event.milliseconds / 1000);
}

/** Writes down what a prover tells; each job's progress is no news. */
export function logProving(log: Log, event: ProverEvent): void {
  const { kind, ...details } = event;
  if (kind === "proving" || kind === "proven") return;
  const level = { "set-aside": "error", trouble: "warning" } as const;
  log(kind in level ? level[kind as keyof typeof level] : "info", kind, details);
}

/** In the reverse order of their start, each whatever became of the others. */
export async function endAll(closing: readonly (() => Promise<void>)[]): Promise<void> {
  for (const close of closing.toReversed()) await close().catch(() => {});
}
