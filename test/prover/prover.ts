import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { connectChain } from "../../src/chain/rpc.ts";
import type { Sender } from "../../src/chain/send.ts";
import { startFeed } from "../../src/prover/feed.ts";
import { startJobCheck } from "../../src/prover/job-check.ts";
import { startPool, type Pool } from "../../src/prover/pool.ts";
import { PriceRefusedError } from "../../src/prover/price-source.ts";
import type { ProverEvent } from "../../src/prover/prover-events.ts";
import { startProver, type Prover, type ProverOptions } from "../../src/prover/prover.ts";
import type { Job } from "../../src/protocol/wire.ts";
import { errorOf } from "../helpers/errors.ts";
import { startFaultyRpc, type FaultyRpc } from "../helpers/faulty-rpc.ts";
import { leaseOf, startGateway, wireOf } from "./gateway.ts";
import { startQueue } from "./queue.ts";
import { startWorld, type World } from "./world.ts";

describe("a prover", () => {
  let world: World;
  let proxy: FaultyRpc;
  let sender: Sender;
  let pool: Pool;
  let running: Prover[];
  let events: ProverEvent[];

  before(async () => {
    world = await startWorld();
    proxy = await startFaultyRpc(world.url);
    sender = await world.startSender(proxy.rpc);
    pool = await startPool({ models: world.folders, deployment: world.deployment, workers: 2 });
  });
  beforeEach(() => {
    [running, events] = [[], []];
  });
  afterEach(async () => {
    proxy.heal();
    await Promise.all(running.map((prover) => prover.stop(0)));
  });
  after(async () => {
    await pool.stop();
    await sender.stop();
    await proxy.stop();
    await world.stop();
  });

  const start = async (options: Partial<ProverOptions> & Pick<ProverOptions, "source">): Promise<Prover> => {
    const prover = await startProver({
      pool,
      sender,
      client: await connectChain({ rpc: proxy.rpc }),
      deployment: world.deployment,
      own: world.provider.address,
      prices: { kind: "none" },
      tokenDecimals: 6,
      limits: { batchSize: 4, maxWaitSeconds: 0.2 },
      pollMs: 20,
      keepMs: 20,
      onEvent: (event) => events.push(event),
      ...options,
    });
    running.push(prover);
    return prover;
  };
  const jobs = async (count: number): Promise<Job[]> => Promise.all(Array.from({ length: count }, () => world.job()));
  /** A test that waits in vain runs into the limit of its runner. */
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await sleep(10);
  };
  const kindsOf = ({ id }: Job): string[] =>
    events.flatMap((event) => ("id" in event && event.id === id ? [event.kind] : []));
  const troubles = (): string[] => events.flatMap((event) => (event.kind === "trouble" ? [event.reason] : []));

  it("proves and settles every job, and reports what it earned and spent", async () => {
    const all = await jobs(6);
    const queue = startQueue(all);
    const prover = await start(queue);
    await until(() => prover.report().settled === 6);
    expect(queue.endings(...all)).to.deep.equal(all.map(() => ["settled"]));
    for (const job of all) expect(kindsOf(job)).to.deep.equal(["proving", "proven", "settled"]);
    const { gasSpent, weiSpent, ...report } = prover.report();
    const earned = all.reduce((sum, { request }) => sum + request.proverFee, 0n);
    expect(report).to.deep.equal({ proven: 6, settled: 6, setAside: 0, earned, queued: 0 });
    const hashes = new Set(events.flatMap((event) => (event.kind === "settled" ? [event.transaction] : [])));
    const receipts = await Promise.all([...hashes].map((hash) => world.client.getTransactionReceipt({ hash })));
    expect(gasSpent).to.equal(receipts.reduce((sum, { gasUsed }) => sum + gasUsed, 0n));
    expect(weiSpent).to.equal(receipts.reduce((sum, each) => sum + each.gasUsed * each.effectiveGasPrice, 0n));
    expect(queue.keeps()).to.be.greaterThan(0);
  });

  it("sets a job aside that has no proof, and settles those beside it", async () => {
    const [good, bad, alsoGood] = (await jobs(3)) as [Job, Job, Job];
    const forged = await world.sign(bad, `0x${"00".repeat(31)}02`);
    const queue = startQueue([good, forged, alsoGood]);
    const prover = await start(queue);
    await until(() => prover.report().settled === 2 && prover.report().setAside === 1);
    expect(queue.endings(good, bad, alsoGood)).to.deep.equal([["settled"], ["set-aside"], ["settled"]]);
    expect(queue.reasons(bad)[0]).to.include("none of this answer");
  });

  it("spends no proof on a job that is closed, or too late", async () => {
    const [closed, late] = [await world.job(), await world.job({ deadline: (await world.now()) - 1 })];
    await world.settleElsewhere(closed);
    const queue = startQueue([closed, late]);
    await start(queue);
    await until(() => queue.endings(closed, late).every(({ length }) => length > 0));
    expect(queue.endings(closed, late)).to.deep.equal([["closed"], ["set-aside"]]);
    expect([kindsOf(closed), kindsOf(late)]).to.deep.equal([["closed"], ["set-aside"]]);
  });

  it("goes on when a process is killed in the middle of a proof", async () => {
    const all = await jobs(3);
    const queue = startQueue(all);
    let isKilled = false;
    const prover = await start({
      ...queue,
      onEvent: ({ kind }) => {
        if (kind !== "proving" || isKilled) return;
        isKilled = true;
        for (const pid of pool.pids()) process.kill(pid, "SIGKILL");
      },
    });
    await until(() => prover.report().settled === 3);
    expect(queue.endings(...all)).to.deep.equal(all.map(() => ["settled"]));
  });

  it("goes on when its source comes back, and tells it then what became of the jobs", async () => {
    const all = await jobs(2);
    const queue = startQueue(all);
    let isBroken = false;
    const prover = await start({
      ...queue,
      onEvent: (event) => {
        events.push(event);
        if (event.kind !== "proven" || isBroken) return;
        isBroken = true;
        queue.breakDown();
      },
    });
    await until(() => prover.report().settled === 2);
    expect(queue.leased()).to.be.greaterThan(0);
    queue.repair();
    const later = await world.job();
    queue.add(later);
    await until(() => prover.report().settled === 3 && queue.leased() === 0);
    expect(queue.endings(...all, later)).to.deep.equal([["settled"], ["settled"], ["settled"]]);
    expect(troubles()).to.include("The queue is down.");
  });

  it("goes on when the chain comes back", async () => {
    const all = await jobs(2);
    const queue = startQueue([]);
    const prover = await start(queue);
    proxy.refuse();
    queue.add(...all);
    await until(() => prover.report().proven === 2 && troubles().length > 0);
    proxy.heal();
    await until(() => prover.report().settled === 2);
    expect(queue.endings(...all)).to.deep.equal([["settled"], ["settled"]]);
  });

  it("does not settle what another has leased by now and it has not proven yet", async () => {
    const [first, ...others] = await jobs(4);
    const queue = startQueue([first as Job, ...others]);
    const last = others.at(-1) as Job;
    queue.lose(last.id);
    const slow = await startPool({ models: world.folders, deployment: world.deployment, workers: 1 });
    try {
      const prover = await start({ ...queue, pool: { ...slow, workers: 4 } });
      await until(() => kindsOf(last).includes("lost") && prover.report().settled === 3);
      expect(kindsOf(last)).to.deep.equal(["lost"]);
      expect(queue.endings(last)).to.deep.equal([[]]);
    } finally {
      await Promise.all(running.map((each) => each.stop(0)));
      await slow.stop();
    }
  });

  it("settles what it has proven, whoever has the lease by now", async () => {
    const job = await world.job();
    const queue = startQueue([job]);
    const prover = await start({ ...queue, limits: { batchSize: 32, maxWaitSeconds: 1 } });
    await until(() => prover.report().proven === 1);
    queue.lose(job.id);
    await until(() => prover.report().settled === 1);
    expect(kindsOf(job)).to.deep.equal(["proving", "proven", "settled"]);
  });

  it("gives a stranger's job back whose fee does not pay for gas, and proves one whose does", async () => {
    const dear = { kind: "fixed", usdPerEther: 2_000 } as const;
    const [poor, rich] = [
      await world.job({ proverFee: 1n }),
      await world.job({ price: 10n ** 7n, proverFee: 9n * 10n ** 6n }),
    ];
    const queue = startQueue([poor, rich]);
    const prover = await start({ ...queue, own: undefined, prices: dear });
    await until(() => prover.report().settled === 1 && queue.reasons(poor).length > 0);
    expect(queue.reasons(poor)[0]).to.match(/its fee of 1 is below \d+/);
    expect(kindsOf(poor)).to.not.include("proving");
  });

  it("settles a batch that is not full when a deadline is near", async () => {
    const near = await world.job({ deadline: (await world.now()) + 250 });
    const far = await world.job();
    const queue = startQueue([near]);
    const prover = await start({
      ...queue,
      limits: { batchSize: 32, maxWaitSeconds: 1e6, deadlineMarginSeconds: 300 },
    });
    await until(() => prover.report().settled === 1);
    queue.add(far);
    await until(() => prover.report().proven === 2);
    await sleep(100);
    expect(prover.report()).to.include({ settled: 1, queued: 1 });
  });

  it("settles what is proven when it is stopped, and gives back what is not", async () => {
    const all = await jobs(8);
    const queue = startQueue(all);
    const prover = await start({ ...queue, limits: { batchSize: 32, maxWaitSeconds: 1e6 } });
    await until(() => prover.report().proven >= 1);
    await prover.stop(120);
    const { proven, settled, queued } = prover.report();
    expect(settled).to.equal(proven);
    expect(queued).to.equal(0);
    expect(queue.leased()).to.equal(0);
    expect(queue.waiting()).to.equal(8 - settled);
    const leases = queue.leases();
    await sleep(100);
    expect(queue.leases()).to.equal(leases);
  });

  it("gives back what has not come to an end in time", async () => {
    const all = await jobs(2);
    const queue = startQueue(all);
    const prover = await start(queue);
    await until(() => prover.report().proven === 2);
    proxy.refuse();
    await prover.stop(0.3);
    expect(prover.report().queued).to.equal(0);
    expect(queue.leased()).to.equal(0);
  });

  it("does not start with a price that is none", async () => {
    const prices = { kind: "fixed", usdPerEther: -1 } as const;
    expect(await errorOf(start({ ...startQueue(), prices }))).to.be.instanceOf(PriceRefusedError);
  });

  it("works for a stranger's gateway over HTTP", async () => {
    const { client, deployment, models, verifier } = world;
    const [gateway, job] = [await startGateway(), await world.job({ locked: true })];
    await world.token.write.approve([world.escrow.address, job.request.price], { account: world.agent.address });
    await world.escrow.write.open([job.request], { account: world.agent.address });
    const all = [wireOf(job)];
    gateway.answerWith(({ path }) =>
      path === "/v1/jobs/lease"
        ? { status: 200, body: JSON.stringify({ jobs: all.splice(0, 1).map(leaseOf) }) }
        : { status: 204 },
    );
    const check = await startJobCheck({ client, deployment, models, verifiers: [verifier], leastSeconds: 60 });
    const source = startFeed({ url: gateway.url, prover: sender.address, models: [world.id], check });
    try {
      const prover = await start({ source });
      await until(() => prover.report().settled === 1);
      expect(prover.report().earned).to.equal(job.request.proverFee);
      expect((await world.escrow.read.lockOf([job.id])).state).to.equal(2);
      await prover.stop();
    } finally {
      await source.stop();
      await gateway.stop();
    }
  });
});
