import { expect } from "chai";
import { parseGwei } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { broadcast, signVersion, type Reception, type Version } from "../../src/chain/broadcast.ts";
import { raised } from "../../src/chain/fees.ts";
import { SENDER_KEY, startWorld, type World } from "./world.ts";

/** What nodes say to a transaction that they do not take: Geth and its kin, Nethermind, Besu, Erigon, Reth, Hardhat. */
const WORDS: readonly (readonly [Reception["kind"], number, string])[] = [
  ["accepted", -32_000, "already known"],
  ["accepted", -32_010, "AlreadyKnown"],
  ["accepted", -32_000, "Known transaction"],
  ["accepted", -32_000, "transaction already imported"],
  ["stale", -32_000, "nonce too low: next nonce 5, tx nonce 3"],
  ["stale", -32_010, "OldNonce, Current nonce: 5, nonce of rejected tx: 3."],
  ["stale", -32_001, "Nonce too low"],
  ["early", -32_000, "Nonce too high. Expected nonce to be 1 but got 4."],
  ["early", -32_000, "Transaction nonce is too distant from current sender nonce"],
  ["early", -32_000, "An invalid transaction with a lower nonce exists"],
  ["early", -32_010, "NonceGap, Future nonce. Expected nonce: 4"],
  ["early", -32_000, "txpool is full"],
  ["early", -32_000, "account limit exceeded: pooled 64 txs"],
  ["underpriced", -32_000, "replacement transaction underpriced"],
  ["underpriced", -32_000, "transaction underpriced: tip needed 1, tip permitted 0"],
  ["underpriced", -32_000, "max fee per gas less than block base fee: address 0x00, maxFeePerGas: 1, baseFee: 2"],
  ["underpriced", -32_010, "FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 1, BaseFee: 2"],
  ["underpriced", -32_010, "ReplacementNotAllowed"],
  ["underpriced", -32_009, "Gas price below current base fee"],
  ["underpriced", -32_000, "Transaction maxFeePerGas (1) is too low for the next block"],
  ["refused", -32_000, "insufficient funds for gas * price + value: balance 1, tx cost 2, overshot 1"],
  ["refused", -32_004, "Upfront cost exceeds account balance"],
  ["refused", -32_000, "tx fee (2.00 ether) exceeds the configured cap (1.00 ether)"],
  ["refused", -32_000, "unknown transaction type"],
  ["refused", -32_602, "invalid argument 0"],
  ["unknown", -32_005, "limit exceeded"],
  ["unknown", 429, "too many requests"],
];

describe("what a node says to a transaction", () => {
  let world: World;
  let version: Version;
  before(async () => {
    world = await startWorld();
    const purse = { client: world.connected, account: privateKeyToAccount(SENDER_KEY), chainId: 31_337, most: 1n };
    const fees = { maxFeePerGas: parseGwei("5"), maxPriorityFeePerGas: 1n };
    version = await signVersion(purse, world.fundCall(1n), { nonce: 1, gas: 100_000n, fees });
  });
  after(async () => world.stop());
  afterEach(() => world.proxy.heal());

  const kindOf = async (code: number, message: string) => {
    world.proxy.rewrite("eth_sendRawTransaction", () => ({ error: { code, message } }));
    return (await broadcast(world.connected, version)).kind;
  };

  for (const [kind, code, message] of WORDS) {
    it(`"${message}" means ${kind}`, async () => expect(await kindOf(code, message)).to.equal(kind));
  }

  it("is asked of it once, and without an answer nothing is known", async () => {
    const asked = world.proxy.count("eth_sendRawTransaction");
    world.proxy.rewrite("eth_sendRawTransaction", () => ({ status: 503 }));
    expect((await broadcast(world.connected, version)).kind).to.equal("unknown");
    expect(world.proxy.count("eth_sendRawTransaction")).to.equal(asked + 1);
    world.proxy.refuse();
    expect((await broadcast(world.connected, version)).kind).to.equal("unknown");
  });

  it("counts for nothing if it has the transaction all the same", async () => {
    world.proxy.rewrite("eth_sendRawTransaction", async (_call, ask) => {
      await ask();
      return { error: { code: -32_000, message: "Transaction ran out of gas" } };
    });
    expect((await broadcast(world.connected, version)).kind).to.equal("accepted");
  });
});

describe("fees that replace others", () => {
  it("are an eighth more, and more than nothing", () => {
    expect(
      raised({ maxFeePerGas: 80n, maxPriorityFeePerGas: 0n }, { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n }, 91n),
    ).to.deep.equal({ maxFeePerGas: 91n, maxPriorityFeePerGas: 1n });
  });

  it("are at least what gas costs by now, as far as that is allowed", () => {
    const [old, current] = [
      { maxFeePerGas: 80n, maxPriorityFeePerGas: 8n },
      { maxFeePerGas: 500n, maxPriorityFeePerGas: 300n },
    ];
    expect(raised(old, current, 1000n)).to.deep.equal(current);
    expect(raised(old, current, 200n)).to.deep.equal({ maxFeePerGas: 200n, maxPriorityFeePerGas: 200n });
  });

  it("are none if an eighth more is not allowed", () => {
    const old = { maxFeePerGas: 80n, maxPriorityFeePerGas: 8n };
    expect(raised(old, old, 90n)).to.equal(undefined);
  });
});
