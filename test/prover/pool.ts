import { spawn } from "node:child_process";
import { once } from "node:events";
import { getPriority } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

import { expect } from "chai";

import { account } from "../../scripts/local/market.ts";
import { contextOf } from "../../src/protocol/context.ts";
import { publicInputsOf } from "../../src/protocol/claim.ts";
import { isProof } from "../../src/model/groth16.ts";
import {
  JobTakenOutError,
  ModelNotReadyError,
  PoolStoppedError,
  ProvingFailedError,
  startPool,
  type Pool,
} from "../../src/prover/pool.ts";
import type { ProvableModel } from "../../src/prover/models.ts";
import { WorkerNotReadyError } from "../../src/prover/worker.ts";
import { errorOf } from "../helpers/errors.ts";
import { snarkjsProofOf } from "./proofs.ts";
import { paperJob, PAPER_DEPLOYMENT, startModels } from "./world.ts";

const PROVER = account(3).address;

describe("a pool of provers", () => {
  let models: Awaited<ReturnType<typeof startModels>>;
  let pool: Pool;

  before(async () => {
    models = await startModels();
    pool = await startPool({ models: models.folders, deployment: PAPER_DEPLOYMENT, workers: 2 });
  });
  after(async () => {
    await pool.stop();
    await models.stop();
  });

  /** Resolves when a job is begun, which is when there is a process to harm. */
  const begun = async (job: Awaited<ReturnType<typeof paperJob>>, by = pool) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const proven = by.prove(job, PROVER, { onStart: resolve });
    // It is waited for later, and may fail before that.
    proven.catch(() => {});
    await promise;
    return { proven };
  };

  it("proves a job in the context of its prover", async () => {
    const job = await paperJob(models);
    const { proof } = await pool.prove(job, PROVER);
    const context = contextOf(job.id, PROVER, PAPER_DEPLOYMENT);
    const signals = publicInputsOf({ input: job.request.input, output: job.output, context }).map(String);
    const { key } = (models.models.get(models.id) as ProvableModel).model;
    expect(await isProof(key, { proof: snarkjsProofOf(proof), publicSignals: signals })).to.equal(true);
    const others = signals.with(2, String(BigInt(contextOf(job.id, account(4).address, PAPER_DEPLOYMENT))));
    expect(await isProof(key, { proof: snarkjsProofOf(proof), publicSignals: others })).to.equal(false);
  });

  it("proves as many jobs at once as it has processes, and begins with the nearest deadline", async () => {
    const order: number[] = [];
    const deadlines = [2_000_000_005, 2_000_000_004, 2_000_000_003, 2_000_000_002, 2_000_000_001];
    const jobs = await Promise.all(deadlines.map((deadline) => paperJob(models, { deadline })));
    await Promise.all(
      jobs.map((job) => pool.prove(job, PROVER, { onStart: () => order.push(job.request.deadline - 2_000_000_000) })),
    );
    // The first two found idle processes.
    expect(order).to.deep.equal([5, 4, 1, 2, 3]);
  });

  it("leaves the machine to whoever else needs it", () => {
    for (const pid of pool.pids()) expect(getPriority(pid)).to.equal(10);
  });

  it("replaces a process that is killed in the middle of a proof, and proves its job by another", async () => {
    const before = pool.pids();
    const { proven } = await begun(await paperJob(models, { nonce: 7n }));
    for (const pid of before) process.kill(pid, "SIGKILL");
    expect((await proven).proof).to.match(/^0x[0-9a-f]{512}$/);
    expect(pool.pids().some((pid) => before.includes(pid))).to.equal(false);
    await pool.prove(await paperJob(models, { nonce: 8n }), PROVER);
  });

  it("ends a process that hangs, and proves its job by another", async () => {
    const single = await startPool({
      models: models.folders,
      deployment: PAPER_DEPLOYMENT,
      workers: 1,
      timeLimitSeconds: 15,
    });
    try {
      const [hung] = single.pids();
      const { proven } = await begun(await paperJob(models), single);
      process.kill(hung as number, "SIGSTOP");
      expect((await proven).proof).to.match(/^0x/);
      expect(single.pids()).to.have.lengthOf(1).and.not.include(hung);
    } finally {
      await single.stop();
    }
  });

  it("gives a job up for good after three processes died on it", async () => {
    const single = await startPool({ models: models.folders, deployment: PAPER_DEPLOYMENT, workers: 1 });
    let starts = 0;
    const onStart = (): void => {
      starts++;
      for (const pid of single.pids()) process.kill(pid, "SIGKILL");
    };
    try {
      const error = await errorOf(single.prove(await paperJob(models), PROVER, { onStart }));
      expect(error).to.be.instanceOf(ProvingFailedError).with.property("isForGood", true);
      expect((error as Error).message).to.include("SIGKILL");
      expect(starts).to.equal(3);
      expect((await single.prove(await paperJob(models), PROVER)).proof).to.match(/^0x/);
    } finally {
      await single.stop();
    }
  });

  it("tells at once of a job that has no proof", async () => {
    const job = await paperJob(models);
    let starts = 0;
    const wrong = { ...job, output: `0x${"00".repeat(31)}02` as const };
    const error = await errorOf(pool.prove(wrong, PROVER, { onStart: () => starts++ }));
    expect(error).to.be.instanceOf(ProvingFailedError).with.property("isForGood", true);
    const unwitnessed = await errorOf(pool.prove({ ...job, fields: [1_000, 0, 0, 0] }, PROVER));
    expect(unwitnessed).to.be.instanceOf(ProvingFailedError).with.property("isForGood", true);
    expect(starts).to.equal(1);
  });

  it("takes a job out that waits, and finishes one that is begun", async () => {
    const single = await startPool({ models: models.folders, deployment: PAPER_DEPLOYMENT, workers: 1 });
    try {
      const out = new AbortController();
      const { signal } = out;
      const first = single.prove(await paperJob(models), PROVER, { signal });
      const second = single.prove(await paperJob(models, { nonce: 1n }), PROVER, { signal });
      const taken = errorOf(second);
      out.abort();
      expect(await taken).to.be.instanceOf(JobTakenOutError);
      expect((await first).proof).to.match(/^0x/);
    } finally {
      await single.stop();
    }
  });

  it("refuses a model that it does not hold", async () => {
    const job = await paperJob(models);
    const other = { ...job, request: { ...job.request, model: job.id } };
    expect(await errorOf(pool.prove(other, PROVER))).to.be.instanceOf(ModelNotReadyError);
  });

  it("does not start with a folder that holds another model", async () => {
    const folders = new Map([[PAPER_DEPLOYMENT.escrow, models.folder]] as const);
    const error = await errorOf(startPool({ models: folders, deployment: PAPER_DEPLOYMENT, workers: 1 }));
    expect(error).to.be.instanceOf(WorkerNotReadyError);
    expect((error as Error).message).to.include(models.folder);
  });

  it("leaves no process behind when the one that started it is killed", async () => {
    const source = JSON.stringify(new URL("../../src/prover/pool.ts", import.meta.url).href);
    const program = `
      import { startPool } from ${source};
      const models = new Map(${JSON.stringify([...models.folders])});
      const { pids } = await startPool({ models, deployment: ${JSON.stringify(PAPER_DEPLOYMENT)}, workers: 2 });
      console.log(JSON.stringify(pids()));`;
    const owner = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(owner.stdout, "data")) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    expect(pids.filter(isAlive)).to.have.lengthOf(2);
    owner.kill("SIGKILL");
    while (pids.some(isAlive)) await sleep(50);
  });

  it("ends its processes when it is stopped, and what they were at", async () => {
    const single = await startPool({ models: models.folders, deployment: PAPER_DEPLOYMENT, workers: 1 });
    const [pid] = single.pids();
    const { proven } = await begun(await paperJob(models), single);
    const waiting = errorOf(single.prove(await paperJob(models, { nonce: 1n }), PROVER));
    const interrupted = errorOf(proven);
    await single.stop();
    expect(await waiting).to.be.instanceOf(PoolStoppedError);
    expect(await interrupted)
      .to.be.instanceOf(ProvingFailedError)
      .with.property("isForGood", false);
    expect(isAlive(pid as number)).to.equal(false);
    expect(await errorOf(single.prove(await paperJob(models), PROVER))).to.be.instanceOf(PoolStoppedError);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
