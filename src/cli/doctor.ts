/** `assay doctor`: looks over all that a config names. */
import { parseArgs } from "node:util";

import { gatewayAt } from "../client/gateway.ts";
import { phase1Path } from "../model/phase1.ts";
import { stopThreads } from "../model/groth16.ts";
import { NoReplyError } from "../x402/fetch-json.ts";
import { look, report, type Check } from "./checks.ts";
import { CONFIG_FILE, readConfig } from "./config.ts";
import type { Config } from "./config/schema.ts";
import { checkChain, type Surroundings } from "./doctor/chain.ts";
import { checkEnclaves } from "./doctor/enclaves.ts";
import { checkKeys } from "./doctor/keys.ts";
import { checkMachine } from "./doctor/machine.ts";
import { checkModels } from "./doctor/models.ts";
import { checkStore } from "./doctor/store.ts";
import { DOCTOR_USAGE } from "./doctor/usage.ts";
import { startProgress } from "./progress.ts";
import { print } from "./usage.ts";

/**
 * Runs `assay doctor` with what follows this word on the command line.
 *
 * @throws UsageError, or an error of `parseArgs`, when it is called in a way that it does not know.
 */
export async function doctorCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: "string", default: CONFIG_FILE },
      quick: { type: "boolean", default: false },
      phase1: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(DOCTOR_USAGE);
    return;
  }
  let config: Config | undefined;
  const reading = await look("config", async () => {
    config = await readConfig(values.config, process.env);
    return values.config;
  });
  const progress = startProgress("Checking", 1);
  try {
    const note = (words: string): void => progress.note(words);
    const options = { isQuick: values.quick, phase1: phase1Path(values.phase1) };
    const checks = config === undefined ? [] : await checkAll(config, options, note);
    progress.end();
    report([reading, ...checks], { json: values.json, config: values.config });
  } finally {
    progress.end();
    await stopThreads();
  }
}

async function checkAll(
  config: Config,
  options: { readonly isQuick: boolean; readonly phase1: string | undefined },
  note: (words: string) => void,
): Promise<Check[]> {
  const checks = await checkMachine(config);
  note("asking the chain");
  const { checks: ofChain, found } = await checkChain(config);
  const ofModels = await checkModels(config, found, { ...options, onModel: (folder) => note(`verifying ${folder}`) });
  const { checks: ofKeys, provider } = await checkKeys(config, found, process.env);
  checks.push(...ofChain, ...ofModels, ...ofKeys, ...(await checkEnclaves(config, found, provider)));
  if (config.provider !== undefined) {
    note("opening the store");
    const escrow = found?.record.contracts.Escrow.address;
    checks.push(...(await checkStore(config.store, { chainId: config.chain.id, escrow, provider })));
  }
  if (config.agent !== undefined) checks.push(await gatewayOf(config.agent.gateway, found));
  return checks;
}

const TIMEOUT_MS = 10_000;

/** Whom the agent asks. */
async function gatewayOf(url: string, found: Surroundings | undefined): Promise<Check> {
  return look("agent's gateway", async () => {
    const { signal } = new AbortController();
    const gateway = gatewayAt(url, { fetch, timeout: TIMEOUT_MS, attempts: 1, pause: 0, signal });
    const asked = await gateway.provider().catch((error: unknown) => {
      if (error instanceof NoReplyError) return error;
      throw error;
    });
    // It may be the one that this config is about to start.
    if (asked instanceof NoReplyError) return { state: "warning", says: asked.message };
    const { provider, escrow } = asked;
    const models = await gateway.models();
    const ours = found?.record.contracts.Escrow.address;
    if (ours !== undefined && ours !== escrow) throw new OtherEscrowError(url, escrow, ours);
    return `provider ${provider} sells ${models.map(({ name }) => name).join(", ")}`;
  });
}

/** A gateway is on another escrow than the config's. */
export class OtherEscrowError extends Error {
  override readonly name = "OtherEscrowError";

  constructor(url: string, named: string, ours: string) {
    super(`${url} is paid through the escrow ${named}, and the one that is recorded here is ${ours}. Do not fund it.`);
  }
}
