import { expect } from "chai";
import { isAddressEqual, numberToHex, type Hex } from "viem";

import { checkReceipt } from "../../src/client/answer.ts";
import { verifyReceipt } from "../../src/client/receipt.ts";
import { UnprovenError } from "../../src/client/settlements.ts";
import { stopThreads } from "../../src/model/groth16.ts";
import { errorOf } from "../helpers/errors.ts";
import { evidenceIn, FUNDS, PENALTY, PRICE, startWorld, type World } from "./world.ts";

const QUESTION = { left: 0.3, right: 0.5 };

describe("a connection", () => {
  let world: World;
  let url: string;

  before(async () => {
    world = await startWorld();
    await world.fund(world.cast.agent);
    url = (await world.gateway()).url;
  });
  after(async () => {
    await world.stop();
    await stopThreads();
  });

  it("asks by a name, and gets an answer that its provider signed", async () => {
    const { models, deployment, cast } = world;
    const connection = await world.connect(url);
    const answer = await connection.ask("sides", QUESTION);
    expect(answer.value).to.equal("second");
    expect(BigInt(answer.output)).to.equal(1n);
    expect(answer.request.model).to.equal(models.sides.id);
    expect(isAddressEqual(answer.request.payer, cast.agent.address)).to.equal(true);
    expect(answer.receipt.charge).to.equal(PRICE);
    await checkReceipt(await evidenceIn(connection, answer.id), deployment);
  });

  it("learns from the chain alone that an answer was proven and paid", async () => {
    const { client, deployment, cast } = world;
    const connection = await world.connect(url);
    const answer = await connection.ask("sides", [0.3, 0.5]);
    const evidence = await evidenceIn(connection, answer.id);
    expect(await verifyReceipt(evidence, { client, deployment })).to.include({ state: "promised" });
    const { settled } = answer;
    await world.settle(evidence, answer.salt, QUESTION);
    const settlement = await settled;
    expect(settlement).to.include({ id: answer.id, output: answer.output, charge: PRICE });
    expect(isAddressEqual(settlement.prover, cast.prover.address)).to.equal(true);
    expect(await verifyReceipt(evidence, { client, deployment })).to.include({ state: "settled" });
  });

  it("waits for as many blocks as it was told to", async () => {
    const { test } = world;
    const connection = await world.connect(url, { confirmations: 3 });
    const answer = await connection.ask("sides", QUESTION);
    let isSettled = false;
    const settled = answer.settled.finally(() => {
      isSettled = true;
    });
    await world.settle(await evidenceIn(connection, answer.id), answer.salt, QUESTION);
    await test.mine({ blocks: 1 });
    expect(await verifyReceipt(await evidenceIn(connection, answer.id), { ...world, confirmations: 3 })).to.include({
      state: "promised",
    });
    expect(isSettled).to.equal(false);
    await test.mine({ blocks: 1 });
    await settled;
  });

  it("checks a hidden answer against its commitment", async () => {
    const connection = await world.connect(url);
    const answer = await connection.ask("secret-sums", QUESTION);
    expect(answer.value).to.deep.equal([1.1, 1.3]);
    expect(answer.output).to.equal(world.models.sums.run([3, 5], BigInt(answer.salt)).output);
  });

  it("commits to inputs under a salt of its own, a new one each time", async () => {
    const connection = await world.connect(url);
    const [one, two] = [await connection.ask("sides", QUESTION), await connection.ask("sides", QUESTION)];
    expect(one.salt).not.to.equal(two.salt);
    expect(one.request.input).not.to.equal(two.request.input);
    expect(one.request.input).to.equal(world.models.sides.commit([3, 5], BigInt(one.salt)));
  });

  it("commits under the salt that it is given", async () => {
    const connection = await world.connect(url);
    const salt: Hex = numberToHex(7n, { size: 32 });
    expect((await connection.ask("sides", QUESTION, { salt })).salt).to.equal(salt);
  });

  it("gives questions that are asked at once different nonces, all dense", async () => {
    const gateway = await world.gateway();
    await world.fund(world.cast.stranger);
    const connection = await world.connect(gateway.url, {}, world.cast.stranger);
    await Promise.all(Array.from({ length: 8 }, () => connection.ask("sides", QUESTION)));
    const nonces = gateway.requests.map(({ request }) => Number(request.nonce));
    expect(nonces.sort((a, b) => a - b)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(gateway.calls.filter((path) => path.startsWith("/v1/tabs"))).to.have.lengthOf(2);
  });

  it("says what is on the tab, by the chain and by the provider", async () => {
    const { cast } = world;
    const connection = await world.connect(url, {}, cast.stranger);
    const before = await connection.tab();
    await connection.fund(FUNDS);
    const after = await connection.tab();
    expect(after.funds - before.funds).to.equal(FUNDS);
    expect(after.available - before.available).to.equal(FUNDS);
    expect(after.exitAt).to.equal(0);
  });

  it("is told that an answer was never proven, once that is certain", async () => {
    const connection = await world.connect(url);
    const answer = await connection.ask("sides", QUESTION, { timeout: 100 });
    const { settled } = answer;
    const error = errorOf(settled);
    const evidence = await evidenceIn(connection, answer.id);
    await world.pass(evidence);
    const unproven = (await error) as UnprovenError;
    expect(unproven).to.be.instanceOf(UnprovenError);
    expect(unproven.evidence.id).to.equal(answer.id);
    expect(unproven.evidence.request.penalty).to.equal(PENALTY);
    expect(await verifyReceipt(evidence, world)).to.include({ state: "unproven" });
  });

  it("signs deadlines by the chain's clock where that is ahead of its own", async () => {
    const connection = await world.connect(url);
    const { request } = await connection.ask("sides", QUESTION, { timeout: 100 });
    const { timestamp } = await world.client.getBlock();
    expect(request.deadline).to.be.at.least(Number(timestamp) + 100);
  });
});
