import { inspect } from "node:util";

import { expect } from "chai";
import { encodeFunctionData, numberToHex, type PublicClient } from "viem";

import { ForeignLogError } from "../../src/chain/events.ts";
import { nextStep, type ChainStep } from "../../src/chain/follow.ts";
import { ChainRefusedError, ChainUnreachableError } from "../../src/chain/rpc.ts";
import { escrowAbi } from "../../src/protocol/abi/escrow.ts";
import { errorOf } from "../helpers/errors.ts";
import { SECRET, type RpcCall } from "../helpers/faulty-rpc.ts";
import { forkHere } from "../helpers/reorg.ts";
import { PAYER, PROVIDER, startWorld, type World } from "./world.ts";

describe("following the escrow", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(async () => world.stop());

  const step = async (last?: ChainStep, options: { depth?: number; mostBlocks?: number } = {}) =>
    nextStep(world.connected, {
      escrow: world.escrow,
      from: world.from,
      depth: 0,
      cursor: last?.cursor ?? [],
      ...options,
    });
  const firm = (found: ChainStep | undefined): ChainStep => {
    if (found === undefined) expect.fail("there should have been a step");
    return found;
  };
  /** The amounts of all money that came in. */
  const amounts = ({ events }: ChainStep) =>
    events.map((event) => (event.name === "Funded" ? event.args.amount : expect.fail(event.name)));
  const height = async () => Number(await world.client.getBlockNumber({ cacheTime: 0 }));
  const spanOf = ({ params: [filter] }: RpcCall) => {
    const { fromBlock, toBlock } = filter as { fromBlock?: string; toBlock?: string };
    return Number(toBlock) - Number(fromBlock) + 1;
  };

  describe("what happened", () => {
    it("is told once, with its names, its block, its transaction and its place", async () => {
      const transaction = await world.fund(5n);
      const { number, hash, timestamp } = await world.client.getBlock();
      const first = firm(await step());
      const block = { number: Number(number), hash, timestamp: Number(timestamp) };
      expect(first.events).to.have.length(1);
      expect(first.events[0]).to.deep.include({ name: "Funded", block, transaction });
      expect(first.events[0]?.args).to.deep.include({ payer: PAYER, provider: PROVIDER, amount: 5n });
      expect(first.head).to.deep.equal(block);
      expect(first.dropAbove).to.equal(undefined);
      await world.fund(6n);
      expect(amounts(firm(await step(first)))).to.deep.equal([6n]);
    });

    it("is looked for in two questions while nothing does, and in few when it has nothing to do with the escrow", async () => {
      const first = firm(await step());
      const before = world.proxy.calls.length;
      expect(await step(first)).to.equal(undefined);
      expect(world.proxy.calls.length - before).to.equal(2);
      await world.passBlocks(2);
      expect(firm(await step(first)).events).to.deep.equal([]);
      expect(world.proxy.count("eth_getLogs")).to.equal(2);
    });

    it("is told in the chain's order, also within a block", async () => {
      await world.fund(1n);
      await world.client.setAutomine(false);
      await world.fund(2n);
      const data = encodeFunctionData({ abi: escrowAbi, functionName: "startExit", args: [PAYER, PROVIDER] });
      await world.client.impersonateAccount({ address: PROVIDER });
      await world.fund(3n);
      await world.client.mine({ blocks: 1 });
      await world.client.sendTransaction({ account: PROVIDER, to: world.escrow, data, chain: null });
      await world.fund(4n);
      await world.client.mine({ blocks: 1 });
      const { events } = firm(await step());
      expect(events.map(({ name }) => name)).to.have.members(["Funded", "Funded", "Funded", "Funded", "ExitStarted"]);
      const places = events.map(({ block, logIndex }) => [block.number, logIndex]);
      const sorted = places.toSorted(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
      expect(places).to.deep.equal(sorted);
      expect(new Set(places.map(([block]) => block)).size).to.equal(3);
    });

    it("has the times of its blocks, wherever the chain's clock was moved to", async () => {
      await world.fund(1n);
      await world.client.increaseTime({ seconds: 100_000 });
      await world.fund(2n);
      for (let passed = 0; passed < 70; passed++) await world.client.mine({ blocks: 1 });
      await world.client.increaseTime({ seconds: 1_000_000 });
      await world.fund(3n);
      const { events } = firm(await step());
      expect(events).to.have.length(3);
      for (const { block } of events) {
        const { hash, timestamp } = await world.client.getBlock({ blockNumber: BigInt(block.number) });
        expect([block.hash, block.timestamp]).to.deep.equal([hash, Number(timestamp)]);
      }
    });

    it("counts when it is as deep as was asked for", async () => {
      await world.passBlocks(10);
      const head = await height();
      expect(firm(await step()).final.number).to.equal(head);
      const { final } = firm(await step(undefined, { depth: 4 }));
      const { hash, timestamp } = await world.client.getBlock({ blockNumber: BigInt(head - 4) });
      expect(final).to.deep.equal({ number: head - 4, hash, timestamp: Number(timestamp) });
      expect(firm(await step(undefined, { depth: 1000 })).final.number).to.equal(0);
    });

    it("is caught up with in pieces, and nothing above a piece counts before it is taken in", async () => {
      for (let each = 1n; each <= 9n; each++) await world.fund(each);
      const found: bigint[] = [];
      let last: ChainStep | undefined;
      for (let next = await step(last, { depth: 3, mostBlocks: 4 }); next !== undefined;) {
        found.push(...amounts(next));
        expect(next.final.number).to.be.at.most(next.head.number);
        expect(next.behind).to.equal((await height()) - next.head.number);
        last = next;
        next = await step(last, { depth: 3, mostBlocks: 4 });
      }
      expect(found).to.deep.equal([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n]);
      expect(firm(last).head.number).to.equal(await height());
      expect(firm(last).final.number).to.equal((await height()) - 3);
    });
  });

  describe("a reorganisation", () => {
    it("of ten blocks voids what was in them, and tells what is there instead", async () => {
      await world.fund(1n);
      const fork = await forkHere(world.client);
      const start = await height();
      for (let each = 10n; each < 20n; each++) await world.fund(each);
      const before = firm(await step());
      expect(amounts(before)).to.have.length(11);
      await fork.reorganise(9);
      await world.fund(2n);
      await world.fund(3n);
      const after = firm(await step(before));
      expect(after.dropAbove).to.equal(start);
      expect(amounts(after)).to.deep.equal([2n, 3n]);
      expect(await step(after)).to.equal(undefined);
    });

    it("of more blocks than are all remembered is found at an older one that is", async () => {
      await world.fund(1n);
      const early = firm(await step());
      await world.passBlocks(300);
      const fork = await forkHere(world.client);
      const start = await height();
      await world.fund(2n);
      await world.passBlocks(150);
      let last = early;
      for (let next = await step(last, { mostBlocks: 20 }); next !== undefined;) {
        last = next;
        next = await step(last, { mostBlocks: 20 });
      }
      await fork.reorganise(160);
      await world.fund(3n);
      const after = firm(await step(last));
      expect(after.dropAbove)
        .to.be.at.most(start)
        .and.at.least(start - 300);
      expect(amounts(after)).to.deep.equal([3n]);
    });

    it("of all that was ever taken in begins anew", async () => {
      const fork = await forkHere(world.client);
      await world.fund(1n);
      const before = firm(await step());
      const strange = before.cursor.map((block) => ({ ...block, hash: numberToHex(1, { size: 32 }) }));
      await fork.reorganise();
      await world.fund(2n);
      const after = firm(await step({ ...before, cursor: strange }));
      expect(after.dropAbove).to.equal(world.from - 1);
      expect(amounts(after)).to.deep.equal([2n]);
    });

    it("while the logs are read is noticed, and they are read again", async () => {
      const fork = await forkHere(world.client);
      await world.fund(1n);
      let isDone = false;
      world.proxy.rewrite("eth_getLogs", async (_call, ask) => {
        const answer = await ask();
        if (!isDone) await fork.reorganise();
        if (!isDone) await world.fund(2n);
        isDone = true;
        return answer;
      });
      expect(amounts(firm(await step()))).to.deep.equal([2n]);
    });

    it("while the blocks are read is noticed, and they are read again", async () => {
      const fork = await forkHere(world.client);
      await world.fund(1n);
      const before = firm(await step());
      await world.fund(2n);
      let asked = 0;
      world.proxy.rewrite("eth_getBlockByNumber", async (_call, ask) => {
        const answer = await ask();
        asked++;
        // The head, then the last that was taken in: from here on it is gone.
        if (asked === 2) await fork.reorganise();
        return answer;
      });
      const after = firm(await step(before));
      expect(after.dropAbove).to.equal(before.head.number - 1);
      expect(after.events).to.deep.equal([]);
    });
  });

  describe("a node", () => {
    it("that gives logs of blocks that it does not show is not believed", async () => {
      await world.fund(1n);
      const elsewhere = numberToHex(1, { size: 32 });
      world.proxy.rewrite("eth_getLogs", async (_call, ask) => {
        const { result } = (await ask()) as { result: object[] };
        return { result: result.map((log) => Object.assign(log, { blockHash: elsewhere })) };
      });
      expect(await step()).to.equal(undefined);
    });

    it("that lags behind what was seen takes nothing back", async () => {
      await world.fund(1n);
      await world.passBlocks(5);
      const last = firm(await step());
      const lagging = numberToHex(last.head.number - 3);
      const request = world.client.request as PublicClient["request"];
      const shown = await request({ method: "eth_getBlockByNumber", params: [lagging, false] });
      world.proxy.rewrite("eth_getBlockByNumber", async ({ params: [block] }, ask) => {
        if (block === "latest") return { result: shown };
        return Number(block) > Number(lagging) ? { result: null } : ask();
      });
      expect(await step(last)).to.equal(undefined);
      world.proxy.heal();
      expect(await step(last)).to.equal(undefined);
      await world.fund(2n);
      expect(amounts(firm(await step(last)))).to.deep.equal([2n]);
    });

    it("that answers for ten blocks at most is asked for halves", async () => {
      for (let each = 1n; each <= 30n; each++) await world.fund(each);
      world.proxy.rewrite("eth_getLogs", async (call, ask) =>
        spanOf(call) > 10 ? { error: { code: -32_005, message: "query returned more than 10000 results" } } : ask(),
      );
      expect(amounts(firm(await step()))).to.deep.equal(Array.from({ length: 30 }, (_, index) => BigInt(index + 1)));
      expect(world.proxy.count("eth_getLogs")).to.be.greaterThan(3);
    });

    it("that finds an answer too large is asked for halves, whoever says so", async () => {
      for (let each = 1n; each <= 9n; each++) await world.fund(each);
      world.proxy.rewrite("eth_getLogs", async (call, ask) => (spanOf(call) > 4 ? { status: 413 } : ask()));
      expect(amounts(firm(await step()))).to.have.length(9);
    });

    it("that answers for no block is not asked forever", async () => {
      await world.passBlocks(30);
      world.proxy.rewrite("eth_getLogs", () => ({ error: { code: -32_601, message: "no logs here" } }));
      const error = await errorOf(step());
      expect(error).to.be.instanceOf(ChainRefusedError);
      expect((error as Error).message)
        .to.contain("no logs here")
        .and.contain(world.proxy.origin);
      expect(world.proxy.count("eth_getLogs")).to.be.lessThan(10);
    });

    it("that has not got a block yet, and so no logs in it, is not believed", async () => {
      await world.fund(1n);
      world.proxy.rewrite("eth_getLogs", async ({ params: [filter] }, ask) =>
        "blockHash" in (filter as object) ? ask() : { result: [] },
      );
      expect(await step()).to.equal(undefined);
      world.proxy.heal();
      expect(amounts(firm(await step()))).to.deep.equal([1n]);
    });

    it("that gives logs of another contract is refused", async () => {
      await world.fund(1n);
      world.proxy.rewrite("eth_getLogs", async (_call, ask) => {
        const { result } = (await ask()) as { result: object[] };
        return { result: result.map((log) => Object.assign(log, { address: world.token })) };
      });
      expect(await errorOf(step())).to.be.instanceOf(ForeignLogError);
    });

    it("that marks a log as taken back is believed", async () => {
      await world.fund(1n);
      world.proxy.rewrite("eth_getLogs", async ({ params: [filter] }, ask) => {
        const { result } = (await ask()) as { result: object[] };
        return {
          result: "blockHash" in (filter as object) ? [] : result.map((log) => Object.assign(log, { removed: true })),
        };
      });
      expect(firm(await step()).events).to.deep.equal([]);
    });

    it("that is away is named without what may be a key", async () => {
      world.proxy.refuse();
      const error = await errorOf(step());
      expect(error).to.be.instanceOf(ChainUnreachableError);
      expect((error as Error).message).to.contain(world.proxy.origin);
      expect(inspect(error, { depth: 20, showHidden: true })).not.to.contain(SECRET);
    });
  });
});
