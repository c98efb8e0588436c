/** The enclaves of the config: whether what they show holds, and the chain would pay for their answers. */
import type { Address } from "viem";

import { attestedModelOf } from "../../enclave/manifest.ts";
import { linkEnclave } from "../../gateway/attested/enclave-link.ts";
import { inspectEnclave } from "../../gateway/attested/inspect.ts";
import { look, type Check } from "../checks.ts";
import type { Config } from "../config/schema.ts";
import { enclaveVerifierOf } from "../serve/settings.ts";
import type { Surroundings } from "./chain.ts";

export async function checkEnclaves(
  { provider: selling, chain }: Config,
  found: Surroundings | undefined,
  provider: Address | undefined,
): Promise<Check[]> {
  if (found === undefined || provider === undefined) return [];
  const { client, record } = found;
  const deployment = { chainId: chain.id, escrow: record.contracts.Escrow.address };
  const checks: Check[] = [];
  for (const { url } of selling?.enclaves ?? []) {
    const inspect = async (): Promise<Awaited<ReturnType<Parameters<typeof look>[1]>>> => {
      const verifier = enclaveVerifierOf(record, chain.deployment);
      const { timestamp } = await client.getBlock();
      const { evidence, checked, payable } = await inspectEnclave({ url, verifier }, linkEnclave(url), {
        client,
        deployment,
        provider,
        confirmations: chain.confirmations,
        now: Number(timestamp),
      });
      const { models } = evidence.policy;
      const mark = checked.isSimulated ? "SIMULATED " : "";
      const says = [`${mark}${checked.platform}, ${checked.measurement}`]
        .concat(models.map((model) => `${model.name} ${attestedModelOf(model)}`))
        .join("\n");
      if (typeof payable === "string") return { state: "warning", says: `${says}\n${payable}` };
      return says;
    };
    checks.push(await look(`enclave at ${url}`, inspect));
  }
  return checks;
}
