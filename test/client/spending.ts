import { expect } from "chai";

import { EvidenceNotKeptError, UnansweredError } from "../../src/client/ask.ts";
import { memoryBook, type Book } from "../../src/client/evidence.ts";
import { RefusedError } from "../../src/client/gateway.ts";
import { ClosedError } from "../../src/client/settlements.ts";
import { TabShortError } from "../../src/client/tab.ts";
import { account } from "../../scripts/local/market.ts";
import { stopThreads } from "../../src/model/groth16.ts";
import { NoReplyError } from "../../src/x402/fetch-json.ts";
import { OverLimitError, spendingOf } from "../../src/x402/limits.ts";
import { errorOf } from "../helpers/errors.ts";
import { FUNDS, PRICE, startWorld, type SmallGateway, type World } from "./world.ts";

const QUESTION = { left: 0.3, right: 0.5 };
const NO_TOP_UPS = { topUp: { amount: 0n } };

describe("what an agent spends", () => {
  let world: World;
  let next = 100;

  before(async () => {
    world = await startWorld();
  });
  after(async () => {
    await world.stop();
    await stopThreads();
  });

  /** An account that nobody has used, with money in its wallet. */
  async function newcomer() {
    const who = account(next++);
    await world.token.write.mint([who.address, 10n * FUNDS]);
    return who;
  }
  const noncesOf = ({ requests }: SmallGateway): bigint[] => requests.map(({ request }) => request.nonce);

  describe("in all", () => {
    it("stays within the limit, also of questions that are asked at once", async () => {
      const who = await newcomer();
      await world.fund(who);
      const gateway = await world.gateway();
      const connection = await world.connect(gateway.url, { limits: { ...NO_TOP_UPS, total: 3n * PRICE } }, who);
      const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => connection.ask("sides", QUESTION)));
      expect(outcomes.filter(({ status }) => status === "fulfilled")).to.have.lengthOf(3);
      expect(gateway.requests).to.have.lengthOf(3);
      const error = await errorOf(connection.ask("sides", QUESTION));
      expect(error).to.be.instanceOf(OverLimitError).with.property("limit", "total");
    });

    it("counts what was signed and refused once, since its nonce is used again", async () => {
      const who = await newcomer();
      await world.fund(who);
      const gateway = await world.gateway({ infer: (context) => context.json({ code: "bad-input" }, 422) });
      const connection = await world.connect(gateway.url, { limits: { ...NO_TOP_UPS, total: PRICE } }, who);
      for (let time = 0; time < 3; time++) {
        expect(await errorOf(connection.ask("sides", QUESTION))).to.be.instanceOf(RefusedError);
      }
      delete gateway.lies.infer;
      await connection.ask("sides", QUESTION);
      expect(noncesOf(gateway)).to.deep.equal([0n, 0n, 0n, 0n]);
      expect(await errorOf(connection.ask("sides", QUESTION))).to.be.instanceOf(OverLimitError);
    });

    it("counts what was signed and never answered, for it may be answered yet", async () => {
      const who = await newcomer();
      await world.fund(who);
      const gateway = await world.gateway({ infer: (context) => context.text("?", 503) });
      const limits = { ...NO_TOP_UPS, total: PRICE };
      const connection = await world.connect(gateway.url, { limits, attempts: 1 }, who);
      expect(await errorOf(connection.ask("sides", QUESTION))).to.be.instanceOf(UnansweredError);
      expect(await errorOf(connection.ask("sides", QUESTION))).to.be.instanceOf(OverLimitError);
      expect(gateway.requests).to.have.lengthOf(1);
    });

    it("may be bound for each day, too", () => {
      let now = 0;
      const spending = spendingOf({ total: 100n, daily: 10n }, () => now);
      spending.expose(6n).raiseTo(10n);
      expect(() => spending.expose(1n))
        .to.throw(OverLimitError)
        .with.property("limit", "daily");
      now = 86_400_000;
      spending.expose(10n);
      now *= 20;
      expect(() => {
        for (let day = 0; day < 9; day++, now += 86_400_000) spending.expose(10n);
      })
        .to.throw(OverLimitError)
        .with.property("limit", "total");
    });
  });

  describe("on a nonce that its provider says is used", () => {
    it("is not spent again: the next one is asked for", async () => {
      const who = await newcomer();
      await world.fund(who);
      const gateway = await world.gateway();
      const [one, two] = [await world.connect(gateway.url, {}, who), await world.connect(gateway.url, {}, who)];
      await one.ask("sides", QUESTION);
      await two.ask("sides", QUESTION);
      await two.ask("sides", QUESTION);
      expect(await errorOf(one.ask("sides", QUESTION)))
        .to.be.instanceOf(RefusedError)
        .with.property("code", "nonce-used");
      await one.ask("sides", QUESTION);
      expect(noncesOf(gateway)).to.deep.equal([0n, 1n, 2n, 1n, 3n]);
    });
  });

  describe("when the network fails", () => {
    it("is spent once: the very same request is sent again", async () => {
      const who = await newcomer();
      await world.fund(who);
      const statuses = [503, 429, 500] as const;
      let sent = 0;
      const gateway = await world.gateway({
        infer(context) {
          const status = statuses[sent++];
          return status === undefined ? undefined : context.json({ code: "busy" }, status);
        },
      });
      const connection = await world.connect(gateway.url, {}, who);
      const { id } = await connection.ask("sides", QUESTION);
      expect(gateway.requests).to.have.lengthOf(4);
      expect(new Set(gateway.requests.map(({ signature }) => JSON.stringify(signature))).size).to.equal(1);
      expect((await connection.book.all()).map((each) => each.id)).to.deep.equal([id]);
    });

    it("can be sent again much later, and is answered as it would have been", async () => {
      const who = await newcomer();
      await world.fund(who);
      const gateway = await world.gateway();
      let isDown = true;
      // The request arrives, and the answer is lost.
      const fetch = async (url: string, init?: RequestInit): Promise<Response> => {
        const response = await globalThis.fetch(url, init);
        if (isDown && init?.method === "POST") throw new TypeError("connection reset");
        return response;
      };
      const connection = await world.connect(gateway.url, { fetch, attempts: 2 }, who);
      const error = (await errorOf(connection.ask("sides", QUESTION))) as UnansweredError;
      expect(error).to.be.instanceOf(UnansweredError).with.property("cause").instanceOf(NoReplyError);
      isDown = false;
      const answer = await connection.resume(error.order);
      expect(answer.id).to.equal(error.order.id);
      expect(noncesOf(gateway)).to.deep.equal([0n, 0n, 0n]);
      expect((await connection.tab()).promised).to.equal(PRICE);
    });
  });

  describe("on an answer whose evidence cannot be kept", () => {
    it("is not lost: the same answer can be had again", async () => {
      const who = await newcomer();
      await world.fund(who);
      const gateway = await world.gateway();
      let isFull = true;
      const kept = memoryBook();
      const keep: Book["keep"] = async (evidence) => {
        if (isFull) throw new RangeError("the disk is full");
        await kept.keep(evidence);
      };
      const connection = await world.connect(gateway.url, { book: { ...kept, keep } }, who);
      const error = (await errorOf(connection.ask("sides", QUESTION))) as EvidenceNotKeptError;
      expect(error).to.be.instanceOf(EvidenceNotKeptError);
      isFull = false;
      expect((await connection.resume(error.order)).id).to.equal(error.order.id);
      expect(await kept.all()).to.have.lengthOf(1);
      expect((await connection.tab()).promised).to.equal(PRICE);
    });
  });

  describe("after the end of a connection", () => {
    it("is nothing", async () => {
      const gateway = await world.gateway();
      const connection = await world.connect(gateway.url);
      connection.close();
      expect(await errorOf(connection.ask("sides", QUESTION))).to.be.instanceOf(ClosedError);
      expect(gateway.requests).to.deep.equal([]);
    });
  });

  describe("from the wallet", () => {
    it("goes onto an empty tab with the first question", async () => {
      const who = await newcomer();
      const gateway = await world.gateway();
      const connection = await world.connect(gateway.url, { limits: { topUp: { amount: 50_000n, below: 0n } } }, who);
      expect((await connection.ask("sides", QUESTION)).value).to.equal("second");
      expect(await connection.tab()).to.include({ funds: 50_000n, available: 40_000n });
    });

    it("goes there before the tab is empty, once for questions that are asked at once", async () => {
      const who = await newcomer();
      await world.fund(who, 40_000n);
      const gateway = await world.gateway();
      const limits = { topUp: { amount: 100_000n, below: 35_000n } };
      const connection = await world.connect(gateway.url, { limits }, who);
      await connection.ask("sides", QUESTION);
      await Promise.all([connection.ask("sides", QUESTION), connection.ask("sides", QUESTION)]);
      expect(gateway.requests.filter(({ topUp }) => topUp !== undefined)).to.have.lengthOf(1);
      expect(await connection.tab()).to.include({ funds: 140_000n, available: 110_000n });
    });

    it("is put there as soon as questions that are asked at once need it together", async () => {
      const who = await newcomer();
      await world.fund(who, 25_000n);
      const gateway = await world.gateway();
      const connection = await world.connect(gateway.url, { limits: { topUp: { amount: 50_000n, below: 0n } } }, who);
      await connection.ask("sides", QUESTION);
      const answers = await Promise.allSettled([connection.ask("sides", QUESTION), connection.ask("sides", QUESTION)]);
      expect(answers.map(({ status }) => status)).to.deep.equal(["fulfilled", "fulfilled"]);
      expect(gateway.requests.filter(({ topUp }) => topUp !== undefined)).to.have.lengthOf(1);
      expect(await connection.tab()).to.include({ funds: 75_000n, available: 45_000n });
    });

    it("is seen when somebody else puts it there", async () => {
      const who = await newcomer();
      await world.fund(who, PRICE);
      const gateway = await world.gateway();
      const topUp = { amount: PRICE, below: 0n, total: 0n };
      const connection = await world.connect(gateway.url, { limits: { topUp } }, who);
      await connection.ask("sides", QUESTION);
      expect(await errorOf(connection.ask("sides", QUESTION))).to.be.instanceOf(OverLimitError);
      await world.fund(who, PRICE);
      expect((await connection.ask("sides", QUESTION)).value).to.equal("second");
    });

    it("stays within the limit of all top-ups", async () => {
      const who = await newcomer();
      const gateway = await world.gateway();
      const topUp = { amount: PRICE, below: 0n, total: 2n * PRICE };
      const connection = await world.connect(gateway.url, { limits: { topUp } }, who);
      await connection.ask("sides", QUESTION);
      await connection.ask("sides", QUESTION);
      const error = await errorOf(connection.ask("sides", QUESTION));
      expect(error).to.be.instanceOf(OverLimitError).with.property("limit", "top-ups");
      expect(gateway.requests).to.have.lengthOf(2);
    });

    it("is signed for once, though the provider says that nothing has arrived and refuses each time", async () => {
      const who = await newcomer();
      const gateway = await world.gateway({ infer: (context) => context.json({ code: "bad-input" }, 422) });
      const topUp = { amount: PRICE, below: 0n, total: PRICE };
      const connection = await world.connect(gateway.url, { limits: { topUp } }, who);
      for (let time = 0; time < 3; time++) await errorOf(connection.ask("sides", QUESTION));
      const salts = gateway.requests.map((request) => request.topUp?.salt);
      expect(salts).to.have.lengthOf(3);
      expect(new Set(salts).size).to.equal(1);
    });

    it("is bound by its limit, whatever a provider says that the tab holds", async () => {
      const who = await newcomer();
      const empty = (said: object): object => ({ ...said, available: "0", funds: "0" });
      const gateway = await world.gateway({
        tab: empty,
        infer: (context) => context.json({ code: "underfunded" }, 402),
      });
      const topUp = { amount: PRICE, total: 3n * PRICE };
      const connection = await world.connect(gateway.url, { limits: { topUp } }, who);
      for (let time = 0; time < 6; time++) await errorOf(connection.ask("sides", QUESTION));
      expect(new Set(gateway.requests.map((request) => request.topUp?.salt)).size).to.equal(3);
      expect(gateway.requests).to.have.lengthOf(3);
    });

    it("goes nowhere when that would not be enough", async () => {
      const who = await newcomer();
      const gateway = await world.gateway();
      const topUp = { amount: PRICE - 1n, below: 0n, total: PRICE };
      const connection = await world.connect(gateway.url, { limits: { topUp } }, who);
      for (let time = 0; time < 3; time++) {
        expect(await errorOf(connection.ask("sides", QUESTION))).to.be.instanceOf(TabShortError);
      }
      await world.fund(who, 1n);
      const richer = await world.connect(gateway.url, { limits: { topUp } }, who);
      expect((await richer.ask("sides", QUESTION)).value).to.equal("second");
    });

    it("goes nowhere where top-ups are not allowed", async () => {
      const who = await newcomer();
      const gateway = await world.gateway();
      const connection = await world.connect(gateway.url, { limits: NO_TOP_UPS }, who);
      expect(await errorOf(connection.ask("sides", QUESTION))).to.be.instanceOf(TabShortError);
      expect(gateway.requests).to.deep.equal([]);
      await world.fund(who);
      expect((await connection.ask("sides", QUESTION)).value).to.equal("second");
    });
  });
});
