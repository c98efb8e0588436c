import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";
import type { Hex } from "viem";

import type { Sender } from "../../src/chain/send.ts";
import { connectChain } from "../../src/chain/rpc.ts";
import { startGasGuesses } from "../../src/prover/gas.ts";
import { feeBpsOf } from "../../src/prover/owed.ts";
import type { PriceSource } from "../../src/prover/price-source.ts";
import { startSettling, type Fate, type Proven } from "../../src/prover/settle.ts";
import { startWorth } from "../../src/prover/worth.ts";
import type { Job } from "../../src/protocol/wire.ts";
import { errorOf } from "../helpers/errors.ts";
import { startFaultyRpc, type FaultyRpc } from "../helpers/faulty-rpc.ts";
import { forkHere } from "../helpers/reorg.ts";
import { startWorld, type World } from "./world.ts";

const NO_PRICE: PriceSource = { kind: "none" };
/** The code of a contract that reverts, whatever it is asked. */
const REVERTS: Hex = "0x5f5ffd";

describe("settling a batch", () => {
  let world: World;
  let proxy: FaultyRpc;
  let sender: Sender;
  let spent: { gas: bigint; wei: bigint };

  before(async () => {
    world = await startWorld();
    proxy = await startFaultyRpc(world.url);
    sender = await world.startSender(proxy.rpc);
  });
  beforeEach(() => {
    spent = { gas: 0n, wei: 0n };
  });
  afterEach(() => {
    proxy.heal();
  });
  after(async () => {
    await sender.stop();
    await proxy.stop();
    await world.stop();
  });

  /** Proven by the prover of the sender, as the pool would have it. */
  const prove = async (job: Job): Promise<Proven> => {
    const { fill, proof } = await world.proven(job);
    const { request, id } = job;
    const fromBlock = await world.client.getBlockNumber();
    return { id, request, verifier: request.verifier, deadline: request.deadline, fill, proof, fromBlock };
  };
  const proveAll = async (jobs: readonly Job[]): Promise<Proven[]> => {
    const proven: Proven[] = [];
    for (const job of jobs) proven.push(await prove(job));
    return proven;
  };
  const jobs = async (count: number): Promise<Job[]> => Promise.all(Array.from({ length: count }, () => world.job()));

  type Terms = { readonly prices?: PriceSource; readonly isOwn?: boolean; readonly confirmations?: number };
  const settle = async (
    batch: readonly Proven[],
    { prices = NO_PRICE, isOwn = true, confirmations = 1 }: Terms = {},
  ) => {
    const { deployment } = world;
    const client = await connectChain({ rpc: proxy.rpc });
    const gas = startGasGuesses();
    const settling = startSettling({
      client,
      deployment,
      feeBps: await feeBpsOf({ client, deployment }),
      sender,
      gas,
      worth: startWorth({
        client,
        prices,
        tokenDecimals: 6,
        gas,
        batchSize: 32,
        deadlineMarginSeconds: 300,
        own: isOwn ? world.provider.address : undefined,
      }),
      chainTime: () => chainTime,
      confirmations,
      onGas: (used, wei) => {
        spent = { gas: spent.gas + used, wei: spent.wei + wei };
      },
    });
    const chainTime = await world.now();
    return settling(batch);
  };

  const kindsOf = (batch: readonly Proven[], fates: readonly Fate<Proven>[]): (string | undefined)[] => {
    expect(fates.map(({ item }) => item)).to.have.members([...batch]);
    return batch.map((item) => fates.find((fate) => fate.item === item)?.kind);
  };
  const reasonsIn = (fates: readonly Fate<Proven>[]): string[] =>
    fates.flatMap((fate) => ("reason" in fate ? [fate.reason] : []));
  const transactionsIn = (fates: readonly Fate<Proven>[]): Set<Hex> =>
    new Set(fates.flatMap((fate) => (fate.kind === "settled" ? [fate.transaction] : [])));
  const sentSoFar = () => world.client.getTransactionCount({ address: sender.address });
  const balance = () => world.escrow.read.balanceOf([sender.address]);

  it("pays every fill in one transaction, and counts what that burnt", async () => {
    const batch = await proveAll(await jobs(3));
    const before = await balance();
    const fates = await settle(batch);
    expect(kindsOf(batch, fates)).to.deep.equal(["settled", "settled", "settled"]);
    const [hash] = transactionsIn(fates);
    expect(transactionsIn(fates).size).to.equal(1);
    const { gasUsed, effectiveGasPrice } = await world.client.getTransactionReceipt({ hash: hash as Hex });
    expect(spent).to.deep.equal({ gas: gasUsed, wei: gasUsed * effectiveGasPrice });
    const fees = batch.reduce((sum, { request }) => sum + request.proverFee, 0n);
    expect((await balance()) - before).to.equal(fees);
  });

  it("sets bad proofs aside, and settles the good ones among which they were in one transaction", async () => {
    const batch = await proveAll(await jobs(5));
    const [one, other] = [batch[1] as Proven, batch[4] as Proven];
    batch[1] = { ...one, proof: other.proof };
    batch[4] = { ...other, proof: `0x${"00".repeat(256)}` };
    const fates = await settle(batch);
    expect(kindsOf(batch, fates)).to.deep.equal(["settled", "set-aside", "settled", "settled", "set-aside"]);
    expect(transactionsIn(fates).size).to.equal(1);
    expect(reasonsIn(fates)).to.have.lengthOf(2);
    for (const reason of reasonsIn(fates)) expect(reason).to.include("ProofRejected");
  });

  it("sends nothing where nothing would be paid", async () => {
    const [closed, expired, poor] = await proveAll([
      await world.job(),
      await world.job({ deadline: (await world.now()) + 30 }),
      await world.job({ price: world.funds * 2n }),
    ]);
    await world.settleElsewhere(jobIn(closed as Proven));
    await world.test.increaseTime({ seconds: 60 });
    await world.test.mine({ blocks: 1 });
    const before = await sentSoFar();
    const batch = [closed, expired, poor] as Proven[];
    const fates = await settle(batch);
    expect(kindsOf(batch, fates)).to.deep.equal(["closed", "set-aside", "set-aside"]);
    expect(reasonsIn(fates)).to.have.members(["its deadline has passed", "its tab does not cover it"]);
    expect(await sentSoFar()).to.equal(before);
  });

  it("sets aside what the two sides did not agree to", async () => {
    const [good, unsigned, greedy] = (await jobs(3)) as [Job, Job, Job];
    const batch = await proveAll([
      good,
      { ...unsigned, signature: good.signature },
      { ...greedy, charge: greedy.charge + 1n },
    ]);
    const fates = await settle(batch);
    expect(kindsOf(batch, fates)).to.deep.equal(["settled", "set-aside", "set-aside"]);
    expect(reasonsIn(fates)).to.have.members([
      "a signature is not the payer's, or not the provider's",
      "its amounts are such that the escrow pays nothing",
    ]);
  });

  it("pays the first of two fills that a tab covers but one of", async () => {
    const snapshot = await world.test.snapshot();
    const left = await world.fundsLeft();
    const batch = await proveAll([
      await world.job({ price: left - 5n }),
      await world.job({ price: 10n, proverFee: 1n }),
    ]);
    const fates = await settle(batch);
    expect(kindsOf(batch, fates)).to.deep.equal(["settled", "set-aside"]);
    await world.test.revert({ id: snapshot });
  });

  it("pays one of two fills with the same nonce", async () => {
    const first = await world.job();
    const second = await world.job({ nonce: first.request.nonce, fields: [70, 30, 50, 20] });
    const batch = await proveAll([first, second]);
    expect(kindsOf(batch, await settle(batch))).to.deep.equal(["settled", "later"]);
    expect(kindsOf(batch.slice(1), await settle(batch.slice(1)))).to.deep.equal(["closed"]);
  });

  it("notices that a stranger sent its proof, and that it was paid all the same", async () => {
    const batch = await proveAll([await world.job()]);
    const [{ fill, proof }] = batch as [Proven];
    const hash = await world.escrow.write.settle([[fill], proof], { account: world.agent.address });
    const [fate] = await settle(batch);
    expect(fate).to.deep.include({ kind: "settled", transaction: hash });
    expect(spent.gas).to.equal(0n);
  });

  it("keeps a proof for as long as another's settlement may be reorganised away", async () => {
    const job = await world.job();
    const batch = await proveAll([job]);
    const fork = await forkHere(world.node);
    await world.settleElsewhere(job);
    await world.test.mine({ blocks: 1 });
    expect(kindsOf(batch, await settle(batch, { confirmations: 3 }))).to.deep.equal(["later"]);
    await fork.reorganise();
    expect(kindsOf(batch, await settle(batch, { confirmations: 3 }))).to.deep.equal(["settled"]);

    const other = await world.job();
    const late = await proveAll([other]);
    await world.settleElsewhere(other);
    await world.test.mine({ blocks: 2 });
    expect(kindsOf(late, await settle(late, { confirmations: 3 }))).to.deep.equal(["closed"]);
  });

  it("notices that another closed a fill between the simulation and the block", async () => {
    const batch = await proveAll(await jobs(2));
    const { fill, proof } = await world.proven(jobIn(batch[0] as Proven), world.provider.address);
    const before = await sentSoFar();
    await world.test.setAutomine(false);
    try {
      const settling = settle(batch);
      await pendingAbove(before);
      await world.escrow.write.settle([[fill], proof], {
        account: world.provider.address,
        maxPriorityFeePerGas: 10n ** 11n,
        maxFeePerGas: 10n ** 12n,
        // The node would estimate it for a place behind the other.
        gas: 1_000_000n,
      });
      await world.test.mine({ blocks: 1 });
      const fates = await settling;
      expect(kindsOf(batch, fates)).to.deep.equal(["closed", "settled"]);
      expect(await sentSoFar()).to.equal(before + 1);
    } finally {
      await world.test.setAutomine(true);
    }
  });

  it("goes on after its transaction reverted on chain", async () => {
    const batch = await proveAll(await jobs(2));
    const before = await sentSoFar();
    const { verifier } = world;
    const code = await world.client.getCode({ address: verifier });
    await world.test.setAutomine(false);
    const settling = settle(batch);
    await pendingAbove(before);
    // Nothing of this is seen before it is over.
    proxy.refuse();
    await world.test.setCode({ address: verifier, bytecode: REVERTS });
    await world.test.mine({ blocks: 1 });
    await world.test.setCode({ address: verifier, bytecode: code as Hex });
    await world.test.setAutomine(true);
    proxy.heal();
    const fates = await settling;
    expect(kindsOf(batch, fates)).to.deep.equal(["settled", "settled"]);
    expect(await sentSoFar()).to.equal(before + 2);
    // Both were paid for.
    const [hash] = transactionsIn(fates);
    const { gasUsed } = await world.client.getTransactionReceipt({ hash: hash as Hex });
    expect(spent.gas > gasUsed).to.equal(true);
  });

  it("halves a batch that is too much for a block", async () => {
    const batch = await proveAll(await jobs(4));
    const { gasLimit } = await world.client.getBlock();
    await world.test.setBlockGasLimit({ gasLimit: 480_000n });
    await world.test.mine({ blocks: 1 });
    try {
      const fates = await settle(batch);
      expect(kindsOf(batch, fates)).to.deep.equal(["settled", "settled", "settled", "settled"]);
      expect(transactionsIn(fates).size).to.equal(2);
    } finally {
      await world.test.setBlockGasLimit({ gasLimit });
      await world.test.mine({ blocks: 1 });
    }
  });

  it("knows nothing of any fill when the node answers with trouble of its own", async () => {
    const batch = await proveAll(await jobs(2));
    proxy.rewrite("eth_call", () => ({ error: { code: -32_603, message: "header not found" } }));
    expect(await errorOf(settle(batch))).to.be.instanceOf(Error);
    proxy.heal();
    expect(kindsOf(batch, await settle(batch))).to.deep.equal(["settled", "settled"]);
  });

  describe("whose fees do not pay for gas", () => {
    /** So dear that no fee pays for it. */
    const DEAR: PriceSource = { kind: "fixed", usdPerEther: 1e9 };
    const near = async () => world.job({ deadline: (await world.now()) + 200 });

    it("waits", async () => {
      const batch = await proveAll([await world.job()]);
      const before = await sentSoFar();
      const fates = await settle(batch, { prices: DEAR });
      expect(kindsOf(batch, fates)).to.deep.equal(["later"]);
      expect(reasonsIn(fates)[0]).to.match(/fees of 10000 do not pay for gas, which costs \d+/);
      expect(await sentSoFar()).to.equal(before);
    });

    it("is settled at a loss near the deadline, as far as it is the provider's own", async () => {
      const batch = await proveAll([await near(), await world.job()]);
      expect(kindsOf(batch, await settle(batch, { prices: DEAR }))).to.deep.equal(["settled", "later"]);
    });

    it("is set aside near the deadline, where it is a stranger's", async () => {
      const batch = await proveAll([await near()]);
      const fates = await settle(batch, { prices: DEAR, isOwn: false });
      expect(kindsOf(batch, fates)).to.deep.equal(["set-aside"]);
    });

    it("is settled once they do", async () => {
      const batch = await proveAll([await world.job()]);
      const prices = { kind: "fixed", usdPerEther: 0.001 } as const;
      expect(kindsOf(batch, await settle(batch, { prices, isOwn: false }))).to.deep.equal(["settled"]);
    });

    it("waits where the price is not known, but not beyond the deadline of the provider's own", async () => {
      const prices = { kind: "feed", address: world.agent.address } as const;
      const batch = await proveAll([await near(), await world.job()]);
      const fates = await settle(batch, { prices });
      expect(kindsOf(batch, fates)).to.deep.equal(["settled", "later"]);
      expect(reasonsIn(fates)[0]).to.include("no price feed answers");
    });
  });

  /** Waits until the node has a further transaction of the sender. */
  async function pendingAbove(count: number): Promise<void> {
    while ((await world.client.getTransactionCount({ address: sender.address, blockTag: "pending" })) <= count) {
      await sleep(10);
    }
  }

  /** What was proven, to be proven by another. */
  function jobIn({ id, fill }: Proven): Job {
    const { prover: _, ...answered } = fill;
    return { ...answered, id, fields: [51, 35, 14, 2], salt: fill.request.nonce + 1n };
  }
});
