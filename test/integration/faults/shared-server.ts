import { expect } from "chai";

import type { Postgres } from "../../../scripts/local/postgres.ts";
import type { GatewayProcess } from "../../helpers/gateway-process.ts";
import { postgresOrSkip } from "../../helpers/postgres.ts";
import { until } from "../../helpers/until.ts";
import {
  checkBooks,
  codeOf,
  lapse,
  PRICE,
  startWorld,
  tabOf,
  withDatabase,
  type Question,
  type Reply,
  type World,
} from "./world.ts";

describe("two gateways on one PostgreSQL", () => {
  let world: World;
  let postgres: Postgres;
  let first: GatewayProcess;
  let second: GatewayProcess;
  const all: Reply[] = [];
  before(async function () {
    postgres = await postgresOrSkip(this);
    world = await startWorld();
    const store = { url: postgres.url };
    [first, second] = await Promise.all([world.gateway({ store }), world.gateway({ store })]);
  });
  after(async () => {
    await world?.stop();
    await postgres?.stop();
  });

  const ask = async (gateway: GatewayProcess, question: Question): Promise<Reply> => {
    const reply = await world.ask(gateway, question);
    all.push(reply);
    return reply;
  };
  const check = async (): Promise<void> =>
    withDatabase({ url: postgres.url }, async (database) => checkBooks(database, all));
  const count = (replies: readonly Reply[], code: string): number =>
    replies.filter((reply) => codeOf(reply) === code).length;
  const payerWith = async (funds: bigint) => {
    const payer = await world.payer(funds);
    await world.untilFunded(second, payer.address, funds);
    return payer;
  };

  it("promise no more than a tab holds to 400 questions at once, half of them asked at both", async () => {
    const payer = await payerWith(250n * PRICE);
    const questions = await world.questions(payer, 300);
    const asked = [...questions, ...questions.slice(0, 100)];
    const send = async (question: Question, index: number): Promise<Reply> =>
      ask(index % 2 === 0 ? first : second, question);
    const replies = await Promise.all(asked.map(send));
    const codes = new Set(replies.map(codeOf));
    for (const known of ["answered", "busy", "underfunded", "nonce-too-high"]) codes.delete(known);
    expect([...codes]).to.deep.equal([]);
    // What came before those below its nonce, or was being answered, is asked once more.
    const again = await Promise.all(questions.map(send));
    expect(count(again, "answered")).to.equal(250);
    expect(count(again, "underfunded")).to.equal(50);
    expect((await tabOf(first.url, payer.address)).promised).to.equal((250n * PRICE).toString());
    await check();
  });

  it("lose no question when one of them is killed: the other answers all", async () => {
    const payer = await payerWith(200n * PRICE);
    const questions = await world.questions(payer, 120);
    let answers = 0;
    const replies = await Promise.all(
      questions.map(async (question, index) => {
        const reply = await ask(index % 2 === 0 ? first : second, question);
        answers += 1;
        if (answers === 20) await first.kill();
        return reply;
      }),
    );
    expect(count(replies, "broken") + count(replies, "answered")).to.equal(120);
    expect(first.isRunning()).to.equal(false);
    await check();
    await withDatabase({ url: postgres.url }, lapse);
    const again = await Promise.all(questions.map(async (question) => ask(second, question)));
    expect(count(again, "answered")).to.equal(120);
    await check();
  });

  it("outlive the server's death in mid-load, answer or say so, and go on by themselves", async () => {
    const payer = await payerWith(200n * PRICE);
    const questions = await world.questions(payer, 150);
    let replies = 0;
    const asking = Promise.all(
      questions.map(async (question, index) => {
        // A few at a time, so that the server dies under some and is away for others.
        await until(() => replies >= index - 16);
        const reply = await ask(second, question);
        replies += 1;
        return reply;
      }),
    );
    await until(() => replies >= 40);
    await postgres.kill();
    const answered = await asking;
    expect(new Set(answered.map(codeOf))).to.deep.equal(new Set(["answered", "store-down"]));
    expect(second.isRunning()).to.equal(true);
    expect((await fetch(`${second.url}/healthz`)).status).to.equal(503);

    await postgres.restart();
    await check();
    await withDatabase({ url: postgres.url }, lapse);
    const again = await Promise.all(questions.map(async (question) => ask(second, question)));
    expect(count(again, "answered")).to.equal(150);
    // It follows the chain again, too.
    await payerWith(PRICE);
    await check();
  });
});
