/** A whole market on this machine: a node with Assay on it, published models, and accounts with money. */
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { toHex, type Address, type Hex } from "viem";
import type { HDAccount } from "viem/accounts";

import { buildModel } from "../../src/model/bundle/build.ts";
import { openModel } from "../../src/model/bundle/open.ts";
import { manifestHashOf } from "../../src/model/manifest/manifest.ts";
import { DEVELOPMENT_PHASE1 } from "../../src/model/phase1.ts";
import type { Token } from "../../src/protocol/tokens.ts";
import { keyFromSnarkjs } from "../../src/protocol/snarkjs.ts";
import type { GatewaySettings } from "../../src/gateway/settings.ts";
import { buildContracts } from "./build-contracts.ts";
import { account } from "./market.ts";
import { startNode } from "./node.ts";

export const DOLLAR = 1_000_000n;

/** Everyone has a key of the phrase that development chains know, and so ether. */
export const CAST = { agent: 1, provider: 2, prover: 3, client: 4, stranger: 5, prover2: 6 } as const;

export type LocalModel = { readonly name: string; readonly folder: string; readonly id: Hex };

export type MarketplaceOptions = {
  /** Names of folders below `models/`. */
  readonly models?: readonly string[];
  readonly onStep?: (step: string) => void;
};

export async function startMarketplace({ models: names = ["iris"], onStep = () => {} }: MarketplaceOptions = {}) {
  onStep("compiling the contracts");
  await buildContracts();
  const scratch = await mkdtemp(join(tmpdir(), "assay-market-"));
  // However the process ends.
  const forget = (): void => rmSync(scratch, { recursive: true, force: true });
  process.once("exit", forget);
  const models: LocalModel[] = [];
  for (const name of names) {
    onStep(`building ${name}`);
    const source = fileURLToPath(new URL(`../../models/${name}`, import.meta.url));
    const folder = join(scratch, name);
    const { id } = await buildModel(source, folder, { setup: { phase1: DEVELOPMENT_PHASE1.path } });
    models.push({ name, folder, id });
  }
  onStep("starting a local node and deploying");
  const node = await startNode();
  const { escrow, verifier, token: usdc, deployment } = node;
  for (const { folder } of models) {
    const { key, manifest } = await openModel(folder);
    const { delta, ic } = keyFromSnarkjs(key);
    await verifier.write.publish([delta, ic, manifestHashOf(manifest), ""]);
  }
  for (const index of Object.values(CAST)) {
    const { address } = account(index);
    await usdc.write.mint([address, 1000n * DOLLAR]);
    await usdc.write.approve([escrow.address, 1000n * DOLLAR], { account: address });
  }
  const token: Token = {
    chainId: deployment.chainId,
    address: usdc.address,
    decimals: 6,
    name: "USD Coin",
    version: "2",
  };
  return {
    ...node,
    models,
    tokenOf: token,
    account: (who: keyof typeof CAST): HDAccount => account(CAST[who]),
    privateKey: (who: keyof typeof CAST): Hex => privateKeyOf(account(CAST[who])),
    /** Money on a payer's tab, and the provider's stake beside it. */
    async fundTab(payer: Address, funds: bigint, stake: bigint): Promise<void> {
      const provider = account(CAST.provider).address;
      await escrow.write.fund([payer, provider, funds], { account: account(CAST.stranger).address });
      if (stake > 0n) await escrow.write.stake([payer, stake], { account: provider });
    },
    /** A gateway of the provider that sells all models, with its store in a folder of its own. */
    settings(changes: Partial<GatewaySettings> = {}): GatewaySettings {
      return {
        rpc: node.url,
        deployment,
        commitmentLog: node.commitmentLog,
        token,
        fromBlock: 0,
        confirmations: 0,
        privateKey: privateKeyOf(account(CAST.provider)),
        store: { folder: join(scratch, "store") },
        sales: models.map(({ folder }) => ({
          folder,
          verifier: verifier.address,
          price: DOLLAR / 10n,
          proverFee: DOLLAR / 100n,
          penalty: DOLLAR,
          timeout: 3600,
          openJobs: false,
        })),
        listen: { host: "127.0.0.1", port: 0 },
        leastTopUp: DOLLAR,
        limits: { bodyBytes: 262_144, requestsPerSecond: 10_000, concurrency: 256 },
        commitEverySeconds: 0,
        pollMs: 100,
        ...changes,
      };
    },
    scratch,
    async stop() {
      await node.stop();
      process.off("exit", forget);
      forget();
    },
  };
}

export type Marketplace = Awaited<ReturnType<typeof startMarketplace>>;

export function privateKeyOf(holder: HDAccount): Hex {
  const { privateKey } = holder.getHdKey();
  if (privateKey === null) throw new NoPrivateKeyError(holder.address);
  return toHex(privateKey);
}

/** An account that was watched only cannot sign. */
export class NoPrivateKeyError extends Error {
  override readonly name = "NoPrivateKeyError";

  constructor(address: Address) {
    super(`The account ${address} has no private key here. Take one of a phrase.`);
  }
}
