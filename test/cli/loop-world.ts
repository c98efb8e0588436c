/** A provider that sells and proves on a chain of its own, an agent with money, and the config of both. */
import { rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { findVerifier, publishModel } from "../../src/chain/publish.ts";
import { readConfig } from "../../src/cli/config.ts";
import { startProvider, type Provider } from "../../src/cli/serve/provider.ts";
import { gatewaySettings, provingSettings } from "../../src/cli/serve/settings.ts";
import { DEFAULT_PROVER } from "../../src/cli/config/schema.ts";
import type { GatewaySettings } from "../../src/gateway/settings.ts";
import { readRecord } from "../../src/deploy/record.ts";
import { buildModel } from "../../src/model/bundle/build.ts";
import { openModel } from "../../src/model/bundle/open.ts";
import { stopThreads } from "../../src/model/groth16.ts";
import { manifestHashOf } from "../../src/model/manifest/manifest.ts";
import { DEVELOPMENT_PHASE1 } from "../../src/model/phase1.ts";
import { keyFromSnarkjs } from "../../src/protocol/snarkjs.ts";
import { keyOf, LOCAL, startTabWorld } from "../helpers/tab-world.ts";
import { jsonOf } from "../integration/model-command/world.ts";

const IRIS = fileURLToPath(new URL("../../models/iris", import.meta.url));

export const FLOWER = ["sepal length=5.1", "sepal width=3.5", "petal length=1.4", "petal width=0.2"];

export type LoopOptions = {
  /** Changes to what is sold. */
  readonly sale?: Readonly<Record<string, unknown>>;
  readonly provider?: Readonly<Record<string, unknown>>;
  readonly agent?: Readonly<Record<string, unknown>>;
};

/** Starts all but the gateway. The agent's tab holds twenty dollars. */
export async function startLoop({ sale = {}, provider = {}, agent = {} }: LoopOptions = {}) {
  const world = await startTabWorld(LOCAL);
  const { rpc } = world.node;
  const built = world.path("iris");
  await buildModel(IRIS, built, { setup: { phase1: DEVELOPMENT_PHASE1.path } });
  const model = await openModel(built);
  const record = await readRecord(world.folder, LOCAL);
  const verifier = record?.contracts.Groth16Verifier?.address ?? "0x";
  const key = keyFromSnarkjs(model.key);
  const destination = await findVerifier({ rpc, verifier, privateKey: keyOf(0), key, isDevelopment: true });
  await publishModel(destination, { id: model.id, key, manifestHash: manifestHashOf(model.manifest), uri: "" });

  /** Writes the config, with the gateway where it is. */
  const configure = async (gateway: string): Promise<void> => {
    const config = {
      chain: { rpc, id: LOCAL, deployment: `${LOCAL}.json` },
      store: { folder: "store" },
      provider: {
        models: [{ folder: "iris", price: "0.05", proverFee: "0.02", penalty: "1", ...sale }],
        listen: { port: 0 },
        stake: { perTab: "1", total: "50", leastFunds: "1" },
        ...provider,
      },
      prover: { maxWaitSeconds: 1 },
      agent: { gateway, limits: { topUp: { amount: "0" } }, ...agent },
    };
    await writeFile(world.config, JSON.stringify(config));
  };
  await configure("http://127.0.0.1:1");
  await jsonOf(["fund", "--config", world.config, "--provider", world.provider, "--amount", "20"], world.asAgent);

  const running: Provider[] = [];
  return {
    ...world,
    model,
    built,
    verifier,
    with: { secrets: { ASSAY_AGENT_PRIVATE_KEY: keyOf(1), ASSAY_PROVIDER_PRIVATE_KEY: keyOf(2) } },
    gateway: () => running.at(-1)?.gateway.url ?? "",
    /** Starts to sell, and to prove unless nobody should. */
    async serve(proving: "proven" | "unproven" = "proven", changes: Partial<GatewaySettings> = {}): Promise<Provider> {
      const config = await readConfig(world.config, {});
      if (config.provider === undefined) throw new TypeError("the config sells nothing");
      const settings = { ...(await gatewaySettings(config, config.provider, keyOf(2))), ...changes };
      const prover = { ...DEFAULT_PROVER, maxWaitSeconds: 1, workers: 1 };
      const own = proving === "proven" ? provingSettings(prover, LOCAL, keyOf(3)) : undefined;
      const started = await startProvider(settings, own, () => {});
      running.push(started);
      await configure(started.gateway.url);
      return started;
    },
    async stopServing(): Promise<void> {
      for (const each of running.splice(0)) await each.stop();
    },
    /** How many requests the gateway that runs has in its journal. */
    requests: async (): Promise<number> => {
      const rows = await running.at(-1)?.gateway.store.database.query("SELECT FROM assay.requests");
      return rows?.length ?? 0;
    },
    /** Asks by the command line. */
    ask: async (...options: string[]): Promise<Record<string, unknown>> => {
      const fields = FLOWER.flatMap((field) => ["--field", field]);
      return jsonOf(["ask", "iris", ...fields, "--config", world.config, ...options], world.asAgent);
    },
    /** The request's deadline, and a second more. */
    async pass(deadline: unknown): Promise<void> {
      await world.node.client.setNextBlockTimestamp({ timestamp: BigInt(Number(deadline)) + 1n });
      await world.node.client.mine({ blocks: 1 });
    },
    async end(): Promise<void> {
      for (const each of running) await each.stop();
      await stopThreads();
      await world.close();
      await rm(world.folder, { recursive: true, force: true });
    },
  };
}

export type Loop = Awaited<ReturnType<typeof startLoop>>;
