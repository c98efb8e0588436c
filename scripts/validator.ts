/**
 * A validator: proves the answers of a provider it does not know, for the fees. `assay prove` does the same by a config.
 *
 *     node scripts/run.mjs scripts/validator.ts    while provider.ts runs, until Ctrl-C
 */
import { connectChain } from "../src/chain/rpc.ts";
import { startSender } from "../src/chain/send.ts";
import { recordOf, verifierOf } from "../src/cli/serve/settings.ts";
import { startFeed } from "../src/prover/feed.ts";
import { startJobCheck } from "../src/prover/job-check.ts";
import { foldersOf, openModels } from "../src/prover/models.ts";
import type { ProverEvent } from "../src/prover/prover-events.ts";
import { startPool } from "../src/prover/pool.ts";
import { startProver } from "../src/prover/prover.ts";
import { builtIris } from "./local/iris.ts";

// The fourth account of every local chain. It pays for gas and earns the fees, and has nothing else to lose.
const privateKey = "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6";
const { ASSAY_RPC: rpc = "http://127.0.0.1:8545", ASSAY_GATEWAY: url = "http://127.0.0.1:8402" } = process.env;
const file = process.env["ASSAY_DEPLOYMENT"] ?? "deployments/31337.json";
const record = await recordOf({ rpc, id: 31_337, confirmations: 0, deployment: file });
const deployment = { chainId: 31_337, escrow: record.contracts.Escrow.address };
const client = await connectChain({ rpc, chainId: 31_337 });

// The models that can be proven here. You verified them before: assay model verify FOLDER.
const models = await openModels([await builtIris()]);

// Jobs come from the provider's gateway. Each is checked as if a thief had made it: both signatures, the answer, the money
// behind it, and whether there is time to prove it.
const verifiers = [verifierOf(record, file)];
const check = await startJobCheck({ client, deployment, models, verifiers, leastSeconds: 600 });
const sender = await startSender({ client, rpc, privateKey, confirmations: 1, pollMs: 200 });
const ids = [...models.keys()];
const source = startFeed({ url, prover: sender.address, models: ids, check, onRefused: console.warn });

// Proofs are made in processes that keep the keys in memory. They are settled in batches, when one is full or its first
// proof has waited for a second. { kind: "fixed", usdPerEther: 3000 } would refuse fees that do not cover their gas.
const pool = await startPool({ models: foldersOf(models), deployment, program: { kind: "snarkjs" }, workers: 1 });
const prices = { kind: "none" } as const;
const limits = { batchSize: 32, maxWaitSeconds: 1 };
const onEvent = ({ kind }: ProverEvent): void => console.log(kind);
const parts = { source, pool, sender, client, deployment };
const proving = await startProver({ ...parts, prices, tokenDecimals: 6, limits, pollMs: 200, onEvent });
console.log(`Proving for ${url} as ${sender.address}`);

async function stop(): Promise<void> {
  await proving.stop();
  await source.stop();
  await sender.stop();
  await pool.stop();
  console.log(proving.report());
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop());
