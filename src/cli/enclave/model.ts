/** `assay enclave model`: what a provider has to know of its models, and of the code that answers for them. */
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { attestedModelOf, hashAttestedManifest } from "../../enclave/manifest.ts";
import { hashMeasurement } from "../../enclave/measurement.ts";
import { isRealRoot } from "../../enclave/roots.ts";
import { print, UsageError } from "../usage.ts";
import { ENCLAVE_CONFIG_FILE, policyOf, readEnclaveConfig, type EnclaveConfig } from "./config.ts";
import { measure } from "./platform.ts";

export async function enclaveModelCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: "string", default: ENCLAVE_CONFIG_FILE },
      attest: { type: "boolean", default: false },
      out: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const { config: file, out } = values;
  if (out !== undefined && !values.attest) throw new UsageError("--out takes what --attest finds: give both.");
  const given = await readEnclaveConfig(file);
  const config = values.attest ? await measured(given) : given;
  const models = policyOf(file, config).models.map((manifest) => ({
    name: manifest.name,
    model: attestedModelOf(manifest),
    measurement: hashMeasurement(manifest.enclave),
    manifestHash: hashAttestedManifest(manifest),
    simulated: !isRealRoot(manifest.enclave),
  }));
  if (out !== undefined) await writeMeasured(file, out, config);
  if (values.json) {
    print(JSON.stringify({ models, ...(out !== undefined && { out }) }));
    return;
  }
  for (const { name, model, measurement, simulated } of models) {
    print(
      `${name}${simulated ? " (SIMULATED: it proves nothing)" : ""}\n  model        ${model}\n  measurement  ${measurement}`,
    );
  }
  if (out !== undefined) print(`The config with this measurement is ${out}.`);
}

/** The config of the code that runs here, whatever code it named before. */
async function measured(config: EnclaveConfig): Promise<EnclaveConfig> {
  const { measurement } = await measure(config.platform);
  return { ...config, models: config.models.map((model) => ({ ...model, enclave: measurement })) };
}

/** As it was written, but for the models' measurement. */
async function writeMeasured(file: string, out: string, { models }: EnclaveConfig): Promise<void> {
  const written = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  await writeFile(out, `${JSON.stringify({ ...written, models }, null, 2)}\n`);
}
