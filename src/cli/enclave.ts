/** `assay enclave`: the program that runs inside an enclave. */
import { parseArgs } from "node:util";

import { attestedModelOf } from "../enclave/manifest.ts";
import type { EnclaveEvent } from "../inside/events.ts";
import { DEFAULT_LIMITS } from "../inside/limits.ts";
import { startEnclave } from "../inside/program.ts";
import { ENCLAVE_CONFIG_FILE, policyOf, readEnclaveConfig } from "./enclave/config.ts";
import { enclaveModelCommand } from "./enclave/model.ts";
import { platformOf } from "./enclave/platform.ts";
import { ENCLAVE_USAGE } from "./enclave/usage.ts";
import { processLog, runUntilSignal } from "./serve/run.ts";
import { print, UsageError } from "./usage.ts";

const LEVELS: Partial<Record<EnclaveEvent["kind"], "warning" | "error">> = {
  broken: "warning",
  forgotten: "warning",
  fault: "error",
};

/**
 * Runs `assay enclave` with what follows these words on the command line.
 *
 * @throws UsageError, or an error of `parseArgs`, when it is called in a way that it does not know.
 */
export async function enclaveCommand(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) {
    print(ENCLAVE_USAGE);
    return;
  }
  const [name, ...rest] = args;
  if (name === "model") {
    await enclaveModelCommand(rest);
    return;
  }
  if (name !== undefined && !name.startsWith("-")) {
    throw new UsageError(`enclave takes model or nothing, got ${JSON.stringify(name)}.`);
  }
  await run(args);
}

async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    // What it prints is JSON in any case.
    options: { config: { type: "string", default: ENCLAVE_CONFIG_FILE }, json: { type: "boolean" } },
  });
  const config = await readEnclaveConfig(values.config);
  const policy = policyOf(values.config, config);
  const { gateways, validity, listen } = config;
  const apiKey = process.env["ASSAY_UPSTREAM_API_KEY"] ?? "";
  const { url, key, stop } = await startEnclave(
    {
      policy,
      platform: platformOf(config.platform),
      gateways,
      validity,
      ...(apiKey !== "" && { apiKey }),
      listen,
      limits: DEFAULT_LIMITS,
    },
    ({ kind, ...details }) => processLog(LEVELS[kind] ?? "info", kind, details),
  );
  await runUntilSignal({ url, key, models: policy.models.map(attestedModelOf) }, stop);
}
