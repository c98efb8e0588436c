/** A provider in a process of its own, as in life: see `forkProvider`. It ends with whoever started it. */
import { startProvider, type Provider, type ProvingSettings } from "../../src/cli/serve/provider.ts";
import { processLog } from "../../src/cli/serve/run.ts";
import type { GatewaySettings } from "../../src/gateway/settings.ts";
import type { ProviderMessage, ProviderOrder } from "./fork-provider.ts";

let running: Provider | undefined;

async function start({ settings, proving }: { settings: GatewaySettings; proving: ProvingSettings | undefined }) {
  running = await startProvider(settings, proving, processLog, (event) => tell({ event }));
  tell({ url: running.gateway.url });
}

async function stop(): Promise<void> {
  await running?.stop();
  process.disconnect();
}

function tell(message: ProviderMessage): void {
  if (process.connected) process.send?.(message);
}

process.on("message", (order: ProviderOrder) => {
  const work = order === "stop" ? stop() : start(order);
  work.catch((error: unknown) => {
    tell({ failure: (error as Error).message });
    process.exit(1);
  });
});
process.on("disconnect", () => {
  // What is in hand is in the journal too.
  process.exit();
});
