/** Starts a provider's process: a gateway, and provers of its own if it is told to prove. */
import type { ProvingSettings } from "../../src/cli/serve/provider.ts";
import type { GatewaySettings } from "../../src/gateway/settings.ts";
import { forkPart, type ForkedPart, type ForkOptions } from "./fork-part.ts";

export type ProviderTask = { readonly settings: GatewaySettings; readonly proving: ProvingSettings | undefined };

export type ForkedProvider = Omit<ForkedPart, "name"> & { readonly url: string };

const BODY = new URL("./provider-process.ts", import.meta.url);

export async function forkProvider(
  settings: GatewaySettings,
  proving?: ProvingSettings,
  options?: ForkOptions,
): Promise<ForkedProvider> {
  const { name: url, ...part } = await forkPart(BODY, { settings, proving } satisfies ProviderTask, options);
  return { url, ...part };
}
