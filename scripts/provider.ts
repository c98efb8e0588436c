/**
 * A provider: sells the answers of a model over HTTP. `assay serve` does the same by a config, and proves as well.
 *
 *     npm run node                                a local chain, in a terminal of its own
 *     npm run deploy                              the contracts on it
 *     node scripts/run.mjs scripts/provider.ts    this, until Ctrl-C
 */
import { connectChain } from "../src/chain/rpc.ts";
import { readToken } from "../src/chain/token.ts";
import { recordOf, verifierOf } from "../src/cli/serve/settings.ts";
import { startGateway } from "../src/gateway/gateway.ts";
import { logTo } from "../src/gateway/log.ts";
import { publishedIris } from "./local/iris.ts";
import { takeTestDollars } from "./local/test-dollars.ts";

// The third account of every local chain. Anywhere else make a key of your own: assay keystore new FILE.
const privateKey = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";
const { ASSAY_RPC: rpc = "http://127.0.0.1:8545", ASSAY_PORT = "8402" } = process.env;
const file = process.env["ASSAY_DEPLOYMENT"] ?? "deployments/31337.json";

// Where the contracts are, as "npm run deploy" wrote it down. The model's key goes to the verifier; the dollars will be at
// stake for what is promised.
const record = await recordOf({ rpc, id: 31_337, confirmations: 0, deployment: file });
const { Escrow, CommitmentLog } = record.contracts;
const verifier = verifierOf(record, file);
const folder = await publishedIris(rpc, verifier, privateKey);
await takeTestDollars(rpc, record.token, privateKey);

// Amounts are millionths of a dollar. A fifth of each price goes to whoever proves the answer: openJobs lets anybody do
// that, who then sees the input. The store is the journal of all promises: keep it.
const terms = { price: 50_000n, proverFee: 10_000n, penalty: 1_000_000n, timeout: 3600, openJobs: true };
const gateway = await startGateway(
  {
    rpc,
    deployment: { chainId: 31_337, escrow: Escrow.address },
    fromBlock: Escrow.block,
    confirmations: 0,
    pollMs: 200,
    commitmentLog: CommitmentLog.address,
    commitEverySeconds: 60,
    token: await readToken(await connectChain({ rpc }), record.token),
    privateKey,
    store: { folder: process.env["ASSAY_STORE"] ?? `${folder}-store-${Escrow.address}` },
    sales: [{ folder, verifier, ...terms }],
    stake: { perTab: 1_000_000n, total: 50_000_000n, leastFunds: 1_000_000n },
    leastTopUp: 1_000_000n,
    listen: { host: "127.0.0.1", port: Number(ASSAY_PORT) },
    limits: { bodyBytes: 262_144, requestsPerSecond: 50, concurrency: 64 },
  },
  logTo(console.error),
);
console.log(`Selling iris at ${gateway.url}`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void gateway.stop());
