/** `assay serve`: a provider's gateway, with provers of its own. */
import { parseArgs } from "node:util";

import type { Hex } from "viem";

import { CONFIG_FILE, readConfig } from "./config.ts";
import { DEFAULT_PROVER, type Config } from "./config/schema.ts";
import { privateKeyOf } from "./secrets.ts";
import { checkPublished } from "./serve/published.ts";
import { startProvider, type ProvingSettings } from "./serve/provider.ts";
import { processLog, runUntilSignal } from "./serve/run.ts";
import { gatewaySettings, provingSettings } from "./serve/settings.ts";
import { SERVE_USAGE } from "./serve/usage.ts";
import { MissingSectionError } from "./serve/sections.ts";
import { verifySales } from "./serve/verified.ts";
import { print } from "./usage.ts";

export async function serveCommand(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      config: { type: "string", default: CONFIG_FILE },
      "without-prover": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(SERVE_USAGE);
    return;
  }
  const config = await readConfig(values.config, process.env);
  const { provider } = config;
  if (provider === undefined) throw new MissingSectionError(values.config, "provider", "what is sold");
  const privateKey = await privateKeyOf("provider", provider.keystore, process.env);
  const settings = await gatewaySettings(config, provider, privateKey);
  await checkPublished(settings);
  await verifySales(settings, provider.phase1);
  const proving = values["without-prover"] ? undefined : await ownProving(config, privateKey);
  const { gateway, stop } = await startProvider(settings, proving, processLog);
  const { url, store, shop, enclaves } = gateway;
  const attested = [...enclaves.wares.values()].map(({ id, isSimulated }) => ({ id, simulated: isSimulated }));
  await runUntilSignal({ url, provider: store.provider, models: [...shop.keys()], attested }, stop);
}

/** Provers of the gateway's own: by the config's `prover`, or as that is by default. */
async function ownProving({ chain, prover = DEFAULT_PROVER }: Config, providerKey: Hex): Promise<ProvingSettings> {
  const { keystore } = prover;
  const hasOwn = keystore !== undefined || (process.env["ASSAY_PROVER_PRIVATE_KEY"] ?? "") !== "";
  const key = hasOwn ? await privateKeyOf("prover", keystore, process.env) : undefined;
  // One key has one sender: under the provider's own, the gateway's sends for both.
  return provingSettings(prover, chain.id, key === providerKey ? undefined : key);
}
