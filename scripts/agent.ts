/**
 * An agent: buys one answer, and sees to it that it is proven or paid for. `assay ask --watch` does the same in one line.
 *
 *     node scripts/run.mjs scripts/agent.ts    while provider.ts runs, and validator.ts proves
 */
import { createWalletClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { connectChain } from "../src/chain/rpc.ts";
import { connect } from "../src/client/connect.ts";
import { verifyReceipt } from "../src/client/receipt.ts";
import { watch } from "../src/client/watch.ts";
import { takeTestDollars } from "./local/test-dollars.ts";

// The second account of every local chain. Anywhere else make a key of your own: assay keystore new FILE.
const privateKey = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
const account = privateKeyToAccount(privateKey);
const { ASSAY_RPC: rpc = "http://127.0.0.1:8545", ASSAY_GATEWAY: url = "http://127.0.0.1:8402" } = process.env;

// The provider is believed in nothing: its escrow, its models and its price list are held against the chain here. On a
// chain with money you also say whom you trust: { trust: { escrow, verifiers } }. The limits are the most that all of it
// may cost, whatever the provider asks for.
const client = await connectChain({ rpc });
const provider = await connect(url, account, { client, limits: { price: 100_000n, total: 1_000_000n } });
const { chainId, escrow, token } = provider.provider;
const deployment = { chainId, escrow };

// Ask. The tab is filled from the account's dollars when it runs low. What comes back is an answer that the provider signed
// for; nobody has proven it yet.
await takeTestDollars(rpc, token.address, privateKey);
const flower = { "sepal length": "5.1", "sepal width": "3.5", "petal length": "1.4", "petal width": "0.2" };
const started = performance.now();
const answer = await provider.ask("iris", flower);
const milliseconds = Math.round(performance.now() - started);
console.log(`${String(answer.value)}, for ${answer.receipt.charge} units, after ${milliseconds} ms`);

// Watch. If nobody proves it until its deadline, this takes what the provider loses for that. A program that may end before
// keeps its book in a file: see pageBook in src/client/evidence.ts.
const wallet = createWalletClient({ account, transport: http(rpc) });
const [evidence] = await provider.book.all();
const watching = watch({ client, deployment, wallet, book: provider.book, interval: 5_000, onAct: console.log });

// Verify. The money has moved, so the escrow has checked a proof of this very answer: the chain alone says so.
const { transaction } = await answer.settled;
if (evidence !== undefined) {
  const { state } = await verifyReceipt(evidence, { client, deployment });
  console.log(`${state} by ${transaction}`);
}
watching.close();
provider.close();
