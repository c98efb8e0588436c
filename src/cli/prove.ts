/** `assay prove`: a prover of its own, for the provider's queue or for strangers' gateways. */
import { parseArgs } from "node:util";

import type { Address, PublicClient } from "viem";
import { privateKeyToAddress } from "viem/accounts";

import { LOCAL_CHAIN_ID } from "../chain/local-chain.ts";
import { connectChain } from "../chain/rpc.ts";
import { startSender } from "../chain/send.ts";
import { readToken } from "../chain/token.ts";
import { attestedModels } from "../gateway/attested/enclaves.ts";
import { errorDetails } from "../gateway/log.ts";
import { JOURNAL_RULES } from "../gateway/settings.ts";
import { startDatabaseSource } from "../prover/database-source.ts";
import { startFeed } from "../prover/feed.ts";
import { startJobCheck } from "../prover/job-check.ts";
import { joinSources, type JobSource } from "../prover/job-source.ts";
import { foldersOf, openModels, type ProvableModels } from "../prover/models.ts";
import { startPool } from "../prover/pool.ts";
import { parseProvingProgram } from "../prover/proving-program.ts";
import { startProver } from "../prover/prover.ts";
import { openStore } from "../store/store.ts";
import { CONFIG_FILE, readConfig } from "./config.ts";
import type { Config } from "./config/schema.ts";
import { privateKeyOf } from "./secrets.ts";
import { endAll, logProving } from "./serve/provider.ts";
import { processLog, runUntilSignal } from "./serve/run.ts";
import { MissingSectionError } from "./serve/sections.ts";
import { provingSettings, recordOf, verifierOf } from "./serve/settings.ts";
import { PROVE_USAGE } from "./serve/usage.ts";
import { print } from "./usage.ts";

export async function proveCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: "string", default: CONFIG_FILE },
      prover: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(PROVE_USAGE);
    return;
  }
  const config = await readConfig(values.config, process.env);
  const { chain, prover } = config;
  if (prover === undefined) throw new MissingSectionError(values.config, "prover", "how proofs are settled");
  if (prover.gateways.length > 0 && prover.price.kind === "none" && chain.id !== LOCAL_CHAIN_ID) {
    throw new UnpricedGasError(values.config);
  }
  const models = await openModels(foldersIn(config, values.config));
  const privateKey = await privateKeyOf("prover", prover.keystore, process.env);
  const settings = provingSettings(prover, chain.id, privateKey);
  const program = values.prover === undefined ? settings.program : parseProvingProgram(values.prover);

  const record = await recordOf(chain);
  const deployment = { chainId: chain.id, escrow: record.contracts.Escrow.address };
  const client = await connectChain({ rpc: chain.rpc, chainId: chain.id });
  const closing: (() => Promise<void>)[] = [];
  try {
    const jobs = await openSource(config, { client, models, prover: privateKeyToAddress(privateKey) });
    closing.push(() => jobs.close());
    const pool = await startPool({
      models: foldersOf(models),
      deployment,
      program,
      ...(settings.workers !== undefined && { workers: settings.workers }),
    });
    closing.push(() => pool.stop());
    const { pollMs = 1000 } = settings;
    const sender = await startSender({
      client,
      rpc: chain.rpc,
      privateKey,
      confirmations: chain.confirmations,
      pollMs,
    });
    closing.push(() => sender.stop());
    const running = await startProver({
      source: jobs.source,
      pool,
      sender,
      client,
      deployment,
      ...(jobs.own !== undefined && { own: jobs.own }),
      prices: settings.prices,
      confirmations: chain.confirmations,
      tokenDecimals: (await readToken(client, record.token)).decimals,
      limits: settings.limits,
      pollMs,
      onEvent: (event) => logProving(processLog, event),
    });
    closing.push(
      () => jobs.source.stop(),
      () => running.stop(),
    );
    await runUntilSignal({ prover: sender.address, models: [...models.keys()] }, () => endAll(closing));
    print(JSON.stringify(running.report(), (_key, value: unknown) => (typeof value === "bigint" ? `${value}` : value)));
  } catch (error) {
    await endAll(closing);
    throw error;
  }
}

type Jobs = {
  readonly source: JobSource;
  /** Whose queue it is; none for strangers' gateways. */
  readonly own: Address | undefined;
  readonly close: () => Promise<void>;
};

type Jobless = { readonly client: PublicClient; readonly models: ProvableModels; readonly prover: Address };

/** The queue of the config's store, or the feeds of its gateways. */
async function openSource(
  { chain, store, prover, provider }: Config,
  { client, models, prover: account }: Jobless,
): Promise<Jobs> {
  const record = await recordOf(chain);
  const deployment = { chainId: chain.id, escrow: record.contracts.Escrow.address };
  const ids = [...models.keys()];
  const urls = prover?.gateways ?? [];
  if (urls.length === 0) {
    const opened = await openStore({ location: store, deployment, rules: JOURNAL_RULES, onError: warn });
    // An enclave's answers come with their proof, and have to be settled all the same.
    const attested = await attestedModels(provider?.enclaves ?? [], client);
    const all = [...ids, ...attested];
    await opened.jobs.open(all);
    return { source: startDatabaseSource(opened, all), own: opened.provider, close: () => opened.close() };
  }
  const check = await startJobCheck({
    client,
    deployment,
    models,
    verifiers: [verifierOf(record, chain.deployment)],
    leastSeconds: LEAST_SECONDS,
  });
  const feeds = urls.map((url) =>
    startFeed({
      url,
      prover: account,
      models: ids,
      check,
      onRefused: (reason, id) => processLog("warning", "job-refused", { reason, id }),
    }),
  );
  return { source: joinSources(feeds), own: undefined, close: async () => {} };
}

function warn(error: Error): void {
  processLog("warning", "background-failed", errorDetails(error));
}

/** Time to prove and settle a stranger's job. */
const LEAST_SECONDS = 600;

/** The prover's own list of models, or what the provider of the same config sells. */
function foldersIn({ prover, provider }: Config, file: string): readonly string[] {
  const own = prover?.models ?? [];
  const folders = own.length > 0 ? own : (provider?.models ?? []).map(({ folder }) => folder);
  if (folders.length === 0) throw new MissingSectionError(file, "prover.models", "what can be proven");
  return folders;
}

/** Strangers' jobs were to be proven at any fee. */
export class UnpricedGasError extends Error {
  override readonly name = "UnpricedGasError";

  constructor(file: string) {
    super(
      `The config ${file} takes jobs of others' gateways, and does not say what gas costs: their fees may be below it. Set ` +
        'prover.price to "fixed:DOLLARS" or "feed:ADDRESS".',
    );
  }
}
