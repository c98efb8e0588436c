import { expect } from "chai";
import { network } from "hardhat";
import { getAddress, isAddressEqual, numberToHex, zeroAddress, type Address, type Hex, type PublicClient } from "viem";

import { account } from "../../../scripts/local/market.ts";
import { chainTime } from "../../../src/gateway/chain-time.ts";
import { JOURNAL_RULES } from "../../../src/gateway/settings.ts";
import { startSync, type Sync } from "../../../src/gateway/sync.ts";
import { EXIT_DELAY } from "../../../src/protocol/limits.ts";
import * as Receipt from "../../../src/protocol/receipt.ts";
import * as Request from "../../../src/protocol/request.ts";
import { findOutcomes, readTab } from "../../../src/store/chain-state.ts";
import type { Order } from "../../../src/store/journal.ts";
import type { Store } from "../../../src/store/store.ts";
import { fuzz, type Random } from "../../helpers/random.ts";
import { forkHere } from "../../helpers/reorg.ts";
import { answerTo, MODEL, placeOf } from "../../store/world.ts";

const PRICE = 1000n;
const FUNDS = 100_000n;
const DEPTHS = [0, 2, 5] as const;
const ROUNDS = 12;
const PAYERS = [account(1), account(2)] as const;
const PROVIDER = account(3);
const PROVER = account(4).address;

async function startEscrow() {
  const { viem } = await network.create();
  const token = await viem.deployContract("TestUSDC");
  const escrow = await viem.deployContract("Escrow", [token.address, 0n, zeroAddress]);
  // The escrow is what is followed here: the verifier says yes to all.
  const verifier = await viem.deployContract("ScriptedVerifier", [false, numberToHex(1, { size: 32 })]);
  const client = await viem.getPublicClient();
  const test = await viem.getTestClient();
  for (const { address } of [...PAYERS, PROVIDER]) {
    await token.write.mint([address, 10n * FUNDS]);
    await token.write.approve([escrow.address, 10n * FUNDS], { account: address });
  }
  const deployment = { chainId: await client.getChainId(), escrow: escrow.address };
  const miner = {
    snapshot: test.snapshot,
    revert: test.revert,
    mine: test.mine,
    increaseTime: test.increaseTime,
    getBlockNumber: client.getBlockNumber,
  };
  return { escrow, verifier, client: client as PublicClient, miner, deployment };
}

/** What has become of an answer in a final block, if it was settled in another one. */
function endOf(deadline: number, settled: bigint | undefined, final: { number: bigint; timestamp: bigint }) {
  if (settled !== undefined) return settled <= final.number ? "settled" : undefined;
  return deadline < Number(final.timestamp) ? "expired" : undefined;
}

type View = { readonly depth: number; readonly store: Store; readonly sync: Sync };

describe("a store's view of the chain", () => {
  const place = placeOf("server");
  let chain: Awaited<ReturnType<typeof startEscrow>>;
  const views: View[] = [];
  const orders: Order[] = [];

  before(async () => {
    chain = await startEscrow();
    const { client, deployment } = chain;
    for (const depth of DEPTHS) {
      const store = await place.open(undefined, { deployment, provider: PROVIDER.address });
      const sync = await startSync({
        client,
        database: store.database,
        time: chainTime(Number.MAX_SAFE_INTEGER),
        escrow: deployment.escrow,
        provider: PROVIDER.address,
        fromBlock: 0,
        confirmations: depth,
        pollMs: 20,
        onStep() {},
        onError() {},
      });
      views.push({ depth, store, sync });
    }
  });
  after(async () => {
    for (const { sync } of views) await sync.stop();
  });

  const mine = async (count: number): Promise<void> => {
    for (let mined = 0; mined < count; mined++) await chain.miner.mine({ blocks: 1 });
  };
  const refresh = async (): Promise<void> => {
    await Promise.all(views.map(async ({ sync }) => sync.refreshed(60_000)));
  };
  const fund = async (payer: Address, amount: bigint): Promise<void> => {
    await chain.escrow.write.fund([payer, PROVIDER.address, amount], { account: payer });
  };

  /** A request that all stores, or some of them, promised and answered. */
  async function answer(payer: (typeof PAYERS)[number], seconds: number, by: readonly View[] = views): Promise<Order> {
    const { deployment, client, verifier } = chain;
    const { timestamp } = await client.getBlock();
    const nonce = BigInt(orders.filter(({ request }) => isAddressEqual(request.payer, payer.address)).length);
    const request: Request.Request = {
      payer: payer.address,
      provider: PROVIDER.address,
      verifier: verifier.address,
      consumer: zeroAddress,
      model: MODEL,
      input: numberToHex(5, { size: 32 }),
      price: PRICE,
      proverFee: 10n,
      penalty: 0n,
      deadline: Number(timestamp) + seconds,
      locked: false,
      nonce,
    };
    const id = Request.idOf(request, deployment);
    const signature = await Request.sign(request, deployment, payer);
    const order = { id, request, signature, fields: [1], salt: 1n };
    orders.push(order);
    for (const { store } of by) {
      expect(await store.journal.reserve(order)).to.equal("reserved");
      expect(await store.journal.answer(answerTo(order))).to.equal(true);
    }
    return order;
  }

  async function settle(order: Order): Promise<void> {
    const { id, output, charge } = answerTo(order);
    const receipt = await Receipt.sign({ request: id, output, charge }, chain.deployment, PROVIDER);
    const { request, signature } = order;
    const fill = { request, signature, output, charge, receipt, prover: PROVER };
    await chain.escrow.write.settle([[fill], "0x"]);
  }

  /** Holds all that a store says against what its final block says. */
  async function check({ depth, store }: View): Promise<void> {
    const { escrow, client } = chain;
    const head = await client.getBlockNumber({ cacheTime: 0 });
    const final = await client.getBlock({ blockNumber: head - BigInt(depth) });
    const settled = await escrow.getEvents.Settled({}, { fromBlock: 0n });
    const known = await store.journal.find(orders.map(({ id }) => id));
    const ids = new Set(known.map(({ id }) => id));
    const outcomes = await findOutcomes(store.database, [...ids]);
    expect(outcomes.map(({ id, block, transaction }) => ({ id, block, transaction }))).to.deep.equal(
      settled
        .filter(({ args }) => ids.has(args.id as Hex))
        .map(({ args, blockNumber, transactionHash }) => ({
          id: args.id,
          block: Number(blockNumber),
          transaction: transactionHash,
        })),
    );
    const promised = new Map<Address, bigint>();
    for (const { id, request, closed } of known) {
      const block = settled.find(({ args }) => args.id === id)?.blockNumber;
      expect(closed, `at depth ${depth}`).to.equal(endOf(request.deadline, block, final));
      const payer = getAddress(request.payer);
      if (closed === undefined) promised.set(payer, (promised.get(payer) ?? 0n) + request.price);
    }
    for (const { address } of PAYERS) {
      const parties = [address, PROVIDER.address] as const;
      const old = await escrow.read.tabOf(parties, { blockNumber: final.number });
      const latest = await escrow.read.tabOf(parties);
      const tab = await readTab(store.database, address);
      expect(tab, `at depth ${depth}`).to.include({
        funds: old.funds,
        stake: old.stake < latest.stake ? old.stake : latest.stake,
        exitAt: latest.exitAt === 0 ? old.exitAt : latest.exitAt,
        promised: promised.get(getAddress(address)) ?? 0n,
      });
    }
  }
  const checkAll = async (): Promise<void> => {
    await refresh();
    for (const view of views) await check(view);
  };

  it("is that of its final block after any reorganisation of ten blocks around a settlement", async () => {
    for (const { address } of PAYERS) await fund(address, FUNDS);
    await mine(6);
    await checkAll();
    await fuzz(async (random: Random) => {
      for (let round = 0; round < ROUNDS; round++) {
        const isShort = round % 3 === 0;
        const order = await answer(PAYERS[round % 2] as (typeof PAYERS)[number], isShort ? 11 : 3600);
        const fork = await forkHere(chain.miner);
        const before = random.below(9);
        await mine(before);
        if (random.below(2) === 0) await checkAll();
        await settle(order);
        if (random.below(3) === 0) await fund(PAYERS[0].address, 7n);
        await mine(9 - before);
        await checkAll();
        await fork.reorganise(11);
        await checkAll();
        // Whoever proved it sends it again, unless its time is over by now.
        if (!isShort && random.below(2) === 0) await settle(order);
        await mine(random.below(8));
        await checkAll();
      }
    });
    const closed = await views[0]?.store.journal.find(orders.map(({ id }) => id));
    expect(new Set(closed?.map((row) => row.closed))).to.include.members(["settled", "expired"]);
  });

  it("has the nonces that another store of the provider answered", async () => {
    const [payer] = PAYERS;
    const order = await answer(payer, 3600, views.slice(0, 1));
    await settle(order);
    await mine(6);
    await checkAll();
    for (const { store } of views.slice(1)) {
      const { nonce } = order.request;
      expect((await readTab(store.database, payer.address)).nextNonce).to.equal(nonce + 1n);
      const other = { ...order, id: numberToHex(99, { size: 32 }) };
      expect(await store.journal.reserve(other)).to.equal("nonce-used");
    }
  });

  it("has a payer's exit as soon as it begins, and the end of it", async () => {
    const [payer] = PAYERS;
    await chain.escrow.write.startExit([payer.address, PROVIDER.address], { account: payer.address });
    await checkAll();
    const { timestamp } = await chain.client.getBlock();
    for (const { store } of views) {
      const deadline = Number(timestamp) + EXIT_DELAY - JOURNAL_RULES.exitMargin + 1;
      const [late] = orders.slice(-1) as [Order];
      const nonce = BigInt(orders.length + 1);
      const order = { ...late, id: numberToHex(100, { size: 32 }), request: { ...late.request, deadline, nonce } };
      expect(await store.journal.reserve(order)).to.equal("exiting");
    }
    await chain.miner.increaseTime({ seconds: EXIT_DELAY + 1 });
    await mine(1);
    await chain.escrow.write.exit([payer.address, PROVIDER.address], { account: payer.address });
    await checkAll();
    await mine(6);
    await checkAll();
    for (const { store } of views) expect((await readTab(store.database, payer.address)).funds).to.equal(0n);
  });
});
