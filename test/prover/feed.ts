import { expect } from "chai";
import { zeroHash } from "viem";

import type { Job } from "../../src/protocol/wire.ts";
import { NoFeedAddressError, startFeed, type FeedOptions } from "../../src/prover/feed.ts";
import { startJobCheck, type JobCheck } from "../../src/prover/job-check.ts";
import { LeaseLostError, type JobSource } from "../../src/prover/job-source.ts";
import { FeedAnswerError, FeedUnreachableError } from "../../src/prover/post-json.ts";
import { errorOf } from "../helpers/errors.ts";
import { leasing, startGateway, wireOf, type Gateway } from "./gateway.ts";
import { startWorld, type World } from "./world.ts";

describe("a stranger's job feed", () => {
  let world: World;
  let gateway: Gateway;
  let check: JobCheck;
  let source: JobSource;
  let refusals: { reason: string; id: string | undefined }[];

  const feedOf = (options: Partial<FeedOptions> = {}): JobSource =>
    startFeed({
      url: gateway.url,
      prover: world.prover.address,
      models: [world.id],
      check,
      onRefused: (reason, id) => refusals.push({ reason, id }),
      ...options,
    });

  before(async () => {
    world = await startWorld();
    const { client, deployment, models, verifier } = world;
    check = await startJobCheck({ client, deployment, models, verifiers: [verifier], leastSeconds: 60 });
  });
  beforeEach(async () => {
    gateway = await startGateway();
    refusals = [];
    source = feedOf();
  });
  afterEach(async () => {
    await source.stop();
    await gateway.stop();
  });
  after(() => world.stop());

  it("asks for as many jobs as there is room for, of the models that are held", async () => {
    expect(await source.lease(3)).to.deep.equal([]);
    const body = { prover: world.prover.address, most: 3, models: [world.id] };
    expect(gateway.asked).to.deep.equal([{ path: "/v1/jobs/lease", body }]);
  });

  it("hands an honest job on, keeps its lease, and says when it ends", async () => {
    const job = await world.job();
    gateway.answerWith(leasing([wireOf(job)]));
    const [leased] = await source.lease(1);
    expect(leased?.job).to.deep.equal(job);
    expect(refusals).to.deep.equal([]);
    await leased?.keep();
    await leased?.giveBack("the prover stops");
    expect(gateway.asked.slice(1)).to.deep.equal([
      { path: "/v1/jobs/lease-0/keep", body: {} },
      { path: "/v1/jobs/lease-0/give-back", body: {} },
    ]);
    gateway.answerWith(() => ({ status: 409 }));
    expect(await errorOf(leased?.keep() as Promise<void>)).to.be.instanceOf(LeaseLostError);
    gateway.answerWith(() => ({ status: 500 }));
    expect(await errorOf(leased?.keep() as Promise<void>)).to.be.instanceOf(FeedAnswerError);
  });

  it("takes a job once, however often it is leased", async () => {
    const wire = wireOf(await world.job());
    gateway.answerWith(leasing([wire, wire]));
    expect(await source.lease(2)).to.have.lengthOf(1);
    expect(await source.lease(2)).to.have.lengthOf(0);
    expect(gateway.paths().filter((path) => path.endsWith("give-back"))).to.deep.equal([]);
  });

  it("keeps a job by its newest lease, and takes it anew once the lease was lost", async () => {
    const wire = wireOf(await world.job());
    gateway.answerWith(leasing([wire, wire]));
    const [leased] = await source.lease(2);
    await leased?.keep();
    expect(gateway.paths().at(-1)).to.equal("/v1/jobs/lease-1/keep");
    gateway.answerWith(() => ({ status: 409 }));
    expect(await errorOf(leased?.keep() as Promise<void>)).to.be.instanceOf(LeaseLostError);
    gateway.answerWith(leasing([wire]));
    expect(await source.lease(1)).to.have.lengthOf(1);
  });

  it("gives everything in hand back when it is stopped", async () => {
    const job = await world.job();
    gateway.answerWith(leasing([wireOf(job)]));
    await source.lease(1);
    await source.stop();
    expect(gateway.paths().at(-1)).to.equal("/v1/jobs/lease-0/give-back");
  });

  describe("refuses a job", () => {
    /** Leases one forged job, and says why it was refused. */
    const refusalOf = async (job: Job, changes: Readonly<Record<string, unknown>> = {}): Promise<string> => {
      gateway.answerWith(leasing([wireOf(job, changes)]));
      expect(await source.lease(1)).to.deep.equal([]);
      expect(refusals).to.have.lengthOf(1);
      expect(gateway.paths()).to.deep.equal(["/v1/jobs/lease", "/v1/jobs/lease-0/give-back"]);
      return refusals[0]?.reason ?? "";
    };

    it("under another id", async () => {
      expect(await refusalOf(await world.job(), { id: zeroHash })).to.include("its id");
    });

    it("of another chain", async () => {
      const { client, models, verifier } = world;
      const deployment = { ...world.deployment, chainId: 1 };
      const elsewhere = await startJobCheck({ client, deployment, models, verifiers: [verifier], leastSeconds: 60 });
      expect(await errorOf(elsewhere(await world.job(), []))).to.have.property("because", "other-id");
    });

    it("that the payer did not sign", async () => {
      const [job, other] = [await world.job(), await world.job()];
      expect(await refusalOf({ ...job, signature: other.signature })).to.include("signature");
    });

    it("that the provider did not sign", async () => {
      const [job, other] = [await world.job(), await world.job()];
      expect(await refusalOf({ ...job, receipt: other.receipt })).to.include("signature");
    });

    it("whose receipt is for another charge", async () => {
      const job = await world.job();
      expect(await refusalOf({ ...job, charge: job.charge - 1n })).to.include("signature");
    });

    it("that charges more than its price, or nothing", async () => {
      const job = await world.job();
      expect(await refusalOf({ ...job, charge: job.charge + 1n })).to.include("amounts");
    });

    it("whose fee is more than its charge", async () => {
      expect(await refusalOf(await world.job({ price: 5n, proverFee: 6n }))).to.include("amounts");
    });

    it("whose output is not what the model answers", async () => {
      const [job, other] = [await world.job(), await world.job({ fields: [70, 30, 50, 20] })];
      expect(job.output).to.not.equal(other.output);
      const forged = await world.sign(job, other.output);
      expect(await refusalOf(forged)).to.include("another output");
    });

    it("whose input is not the one that the payer committed to", async () => {
      const job = await world.job();
      expect(await refusalOf({ ...job, fields: [51, 35, 14, 3] })).to.include("commits to");
      refusals = [];
      expect(await refusalOf({ ...(await world.job()), salt: 99n })).to.include("commits to");
    });

    it("with fields that the model does not take", async () => {
      expect(await refusalOf({ ...(await world.job()), fields: [51, 35, 14, 2, 0] })).to.include("commits to");
      refusals = [];
      expect(await refusalOf({ ...(await world.job()), fields: [2 ** 40, 0, 0, 0] })).to.include("commits to");
    });

    it("of a model that is not held", async () => {
      const { client, deployment, verifier } = world;
      const none = await startJobCheck({
        client,
        deployment,
        models: new Map(),
        verifiers: [verifier],
        leastSeconds: 1,
      });
      expect(await errorOf(none(await world.job(), []))).to.have.property("because", "unknown-model");
    });

    it("for a verifier that is not known", async () => {
      expect(await refusalOf(await world.job({ verifier: world.prover.address }))).to.include("a verifier");
    });

    it("for a verifier that its model is not published at", async () => {
      const { client, deployment, models, escrow } = world;
      // Whatever it is asked for, this contract has it not.
      const verifiers = [escrow.address];
      const other = await startJobCheck({ client, deployment, models, verifiers, leastSeconds: 60 });
      const error = await errorOf(other(await world.job({ verifier: escrow.address }), []));
      expect(error).to.have.property("because", "unpublished");
    });

    it("whose deadline is too near", async () => {
      expect(await refusalOf(await world.job({ deadline: (await world.now()) + 50 }))).to.include("too near");
    });

    it("whose nonce is used", async () => {
      const job = await world.job();
      await world.settleElsewhere(job);
      expect(await refusalOf(job)).to.include("settled");
    });

    it("whose lock is not open", async () => {
      expect(await refusalOf(await world.job({ locked: true }))).to.include("settled or reclaimed");
    });

    it("that its tab does not cover", async () => {
      const rich = await world.job({ price: world.funds * 2n });
      expect(await refusalOf(rich)).to.include("does not cover");
    });

    it("that its tab does not cover beside what is in hand, until that is done", async () => {
      const left = await world.fundsLeft();
      const [first, second] = [await world.job({ price: left }), await world.job({ price: 10n, proverFee: 1n })];
      gateway.answerWith(leasing([wireOf(first), wireOf(second)]));
      const [leased] = await source.lease(2);
      expect(leased?.job.id).to.equal(first.id);
      expect(refusals.map(({ id }) => id)).to.deep.equal([second.id]);
      await leased?.done("closed");
      gateway.answerWith(leasing([wireOf(second)]));
      expect(await source.lease(1)).to.have.lengthOf(1);
    });

    it("of a tab that its payer may empty before", async () => {
      const snapshot = await world.test.snapshot();
      const { escrow, agent, provider } = world;
      await escrow.write.startExit([agent.address, provider.address], { account: agent.address });
      await world.test.increaseTime({ seconds: 86_400 - 30 });
      await world.test.mine({ blocks: 1 });
      expect(await refusalOf(await world.job())).to.include("emptied");
      await world.test.revert({ id: snapshot });
    });

    it("that cannot be read, and takes the one beside it", async () => {
      const good = await world.job();
      gateway.answerWith(leasing([{ id: "0x" }, null, { ...wireOf(await world.job()), extra: 1 }, wireOf(good)]));
      const leased = await source.lease(4);
      expect(leased.map(({ job }) => job.id)).to.deep.equal([good.id]);
      expect(refusals.map(({ id }) => id)).to.deep.equal([undefined, undefined, undefined]);
    });

    it("a second time without looking at it", async () => {
      let looks = 0;
      const counting: JobCheck = async (job, before) => {
        looks++;
        await check(job, before);
      };
      source = feedOf({ check: counting });
      const [job, other] = [await world.job(), await world.job()];
      const forged = wireOf({ ...job, receipt: other.receipt });
      gateway.answerWith(leasing([forged]));
      await source.lease(1);
      await source.lease(1);
      expect(looks).to.equal(1);
      expect(gateway.paths().filter((path) => path.endsWith("give-back"))).to.have.lengthOf(2);
    });
  });

  describe("is no reason to stop when its gateway", () => {
    const failureOf = async (options: Partial<FeedOptions> = {}) => errorOf(feedOf(options).lease(1));

    /** A lease that leads to another of the gateway's addresses. */
    const EVIL = `{"jobs":[{"job":1,"lease":"../../admin?","until":1}]}`;

    it("answers with something else than jobs", async () => {
      for (const body of [
        "",
        "{",
        "null",
        "[]",
        `{"jobs":1}`,
        `{"jobs":[{}]}`,
        `{"jobs":[{"job":1,"lease":"a","until":"x"}]}`,
        EVIL,
      ]) {
        gateway.answerWith(() => ({ status: 200, body }));
        expect(await failureOf(), body).to.be.instanceOf(FeedAnswerError);
      }
      gateway.answerWith(() => ({ status: 503, body: `{"jobs":[]}` }));
      expect(await failureOf())
        .to.be.instanceOf(FeedAnswerError)
        .with.property("message")
        .that.includes("503");
    });

    it("answers with more jobs than were asked for", async () => {
      gateway.answerWith(leasing([wireOf(await world.job()), wireOf(await world.job())]));
      expect(await failureOf()).to.be.instanceOf(FeedAnswerError);
    });

    it("answers with more than anyone would read", async () => {
      gateway.answerWith(() => ({ status: 200, body: " ".repeat(2_000) }));
      const error = await failureOf({ mostBytes: 1_000 });
      expect(error).to.be.instanceOf(FeedAnswerError).with.property("message").that.includes("1000 bytes");
    });

    it("answers too late", async () => {
      gateway.answerWith(() => ({ status: 200, body: `{"jobs":[]}`, delayMs: 60_000 }));
      const error = await failureOf({ timeoutMs: 100 });
      expect(error).to.be.instanceOf(FeedAnswerError).with.property("message").that.includes("100 ms");
    });

    it("sends to another place", async () => {
      gateway.answerWith(() => ({ status: 307 }));
      expect(await failureOf()).to.be.instanceOf(FeedUnreachableError);
    });

    it("is not there, which is said without the path of its address", async () => {
      const error = await failureOf({ url: "http://127.0.0.1:1/secret" });
      expect(error).to.be.instanceOf(FeedUnreachableError);
      expect((error as Error).message)
        .to.include("127.0.0.1:1")
        .and.not.include("secret");
    });
  });

  it("has an address on the web", () => {
    for (const url of ["", "gateway", "file:///etc/passwd"]) {
      expect(() => feedOf({ url })).to.throw(NoFeedAddressError);
    }
  });
});
