import { expect } from "chai";
import { numberToHex } from "viem";

import {
  memoryBook,
  pageBook,
  DamagedBookError,
  evidenceToWire,
  type Book,
  type Page,
} from "../../src/client/evidence.ts";
import { contradict, exit, reclaim, RevertedError, slash, startExit, withdraw } from "../../src/client/redress.ts";
import { ClosedError, followSettlements, SettledOtherwiseError } from "../../src/client/settlements.ts";
import { verifyReceipt } from "../../src/client/receipt.ts";
import { watch, type Act, type Watch } from "../../src/client/watch.ts";
import { stopThreads } from "../../src/model/groth16.ts";
import * as Receipt from "../../src/protocol/receipt.ts";
import { idOf } from "../../src/protocol/request.ts";
import { NO_SIGNATURE } from "../../src/protocol/signature.ts";
import { ForgedReceiptError, OtherRequestError } from "../../src/client/answer.ts";
import { errorOf } from "../helpers/errors.ts";
import { evidenceIn, FUNDS, PENALTY, PRICE, startWorld, type World } from "./world.ts";

const QUESTION = { left: 0.3, right: 0.5 };
const RARELY = 3_600_000;

describe("a broken promise", () => {
  let world: World;
  let url: string;
  const watches: Watch[] = [];

  before(async () => {
    world = await startWorld();
    await world.fund(world.cast.agent);
    url = (await world.gateway()).url;
  });
  after(async () => {
    for (const each of watches) each.close();
    await world.stop();
    await stopThreads();
  });

  async function answered(book: Book = memoryBook(), timeout = 100) {
    const connection = await world.connect(url, { book });
    const answer = await connection.ask("sides", QUESTION, { timeout });
    return { answer, book, evidence: await evidenceIn(connection, answer.id) };
  }
  /** A watch that looks when it is told to, and what it has done by then. */
  function watching(book: Book, options: Partial<Parameters<typeof watch>[0]> = {}) {
    const { client, deployment, walletOf, cast } = world;
    const errors: unknown[] = [];
    const acts: Act[] = [];
    const own = watch({
      client,
      deployment,
      wallet: walletOf(cast.stranger),
      book,
      interval: RARELY,
      onError: (error) => void errors.push(error),
      onAct: (act) => void acts.push(act),
      ...options,
    });
    watches.push(own);
    const round = async (): Promise<readonly Act[]> => {
      await own.round();
      return acts;
    };
    return { round, errors };
  }
  const stakeAgain = async (): Promise<void> => {
    const { escrow, cast } = world;
    const { stake } = await escrow.read.tabOf([cast.agent.address, cast.provider.address]);
    if (stake < PENALTY) {
      await escrow.write.stake([cast.agent.address, PENALTY - stake], { account: cast.provider.address });
    }
  };
  beforeEach(stakeAgain);
  const kinds = (acts: readonly Act[]): string[] => acts.map(({ kind }) => kind);

  it("is slashed by the watch after the deadline, once", async () => {
    const { escrow, cast } = world;
    const { book, evidence } = await answered();
    const own = watching(book);
    expect(await own.round()).to.deep.equal([]);
    const before = await escrow.read.balanceOf([cast.agent.address]);
    await world.pass(evidence);
    const [acts] = await Promise.all([own.round(), own.round(), own.round()]);
    expect(kinds(acts)).to.deep.equal(["slashed"]);
    expect((await escrow.read.balanceOf([cast.agent.address])) - before).to.equal(PENALTY);
    expect(await book.all()).to.deep.equal([]);
    expect(own.errors).to.deep.equal([]);
  });

  it("is slashed once by two watches: the other one has nothing left to take", async () => {
    const { book, evidence } = await answered();
    const twin = memoryBook();
    await twin.keep(evidence);
    await world.pass(evidence);
    expect(kinds(await watching(book).round())).to.deep.equal(["slashed"]);
    expect(kinds(await watching(twin).round())).to.deep.equal(["let-go"]);
  });

  it("is let go where the penalty is not worth its gas", async () => {
    const { book, evidence } = await answered();
    await world.pass(evidence);
    expect(kinds(await watching(book, { worth: PENALTY + 1n }).round())).to.deep.equal(["let-go"]);
  });

  it("is kept for the next round when the node does not answer", async () => {
    const { client } = world;
    const { book, evidence } = await answered();
    await world.pass(evidence);
    const down = { ...client, getBlockNumber: () => Promise.reject(new TypeError("down")) } as unknown as typeof client;
    const own = watching(book, { client: down });
    expect(await own.round()).to.deep.equal([]);
    expect(own.errors).not.to.deep.equal([]);
    expect(await book.all()).to.have.lengthOf(1);
    expect(kinds(await watching(book).round())).to.deep.equal(["slashed"]);
  });

  it("is none when the answer was settled", async () => {
    const { book, evidence, answer } = await answered();
    await world.settle(evidence, answer.salt, QUESTION);
    await world.pass(evidence);
    expect(kinds(await watching(book).round())).to.deep.equal(["settled"]);
    expect(await book.all()).to.deep.equal([]);
  });

  it("is contradicted by the settlement itself, when another answer was settled than given", async () => {
    const { deployment, cast, escrow } = world;
    const { book, evidence, answer } = await answered();
    // The provider lied to the agent, and proves the truth.
    const output = numberToHex(0n, { size: 32 });
    const receipt = await Receipt.sign({ request: evidence.id, output, charge: PRICE }, deployment, cast.provider);
    const lie = { ...evidence, output, receipt };
    await book.keep(lie);
    const { settled } = answer;
    await world.settle(evidence, answer.salt, QUESTION);
    expect(await settled).to.include({ output: evidence.output });
    expect(await verifyReceipt(lie, world)).to.include({ state: "settled-otherwise" });
    const before = await escrow.read.balanceOf([cast.agent.address]);
    await world.pass(evidence);
    expect(kinds(await watching(book).round())).to.deep.equal(["contradicted"]);
    expect((await escrow.read.balanceOf([cast.agent.address])) - before).to.equal(PENALTY);
  });

  it("shows at once to whoever waits for the settlement", async () => {
    const { deployment, cast } = world;
    const { evidence, answer } = await answered();
    const output = numberToHex(0n, { size: 32 });
    const receipt = await Receipt.sign({ request: evidence.id, output, charge: PRICE }, deployment, cast.provider);
    const settlements = followSettlements({ client: world.client, deployment, confirmations: 1, interval: 5 });
    const waiting = errorOf(settlements.of({ ...evidence, output, receipt }));
    await world.settle(evidence, answer.salt, QUESTION);
    expect(await waiting).to.be.instanceOf(SettledOtherwiseError);
    settlements.close();
    expect(await errorOf(settlements.of(evidence))).to.be.instanceOf(ClosedError);
  });

  it("frees the money of a lock, and costs the penalty", async () => {
    const { deployment, cast, escrow, client } = world;
    const { evidence } = await answered();
    const { timestamp, number: since } = await client.getBlock();
    const request = { ...evidence.request, locked: true, deadline: Number(timestamp) + 100, nonce: 99n };
    await escrow.write.open([request], { account: cast.agent.address });
    const id = idOf(request, deployment);
    const { output, charge } = evidence;
    const receipt = await Receipt.sign({ request: id, output, charge }, deployment, cast.provider);
    const book = memoryBook();
    await book.keep({ id, request, signature: NO_SIGNATURE, output, charge, receipt, since });
    await world.pass({ request });
    const before = await world.token.read.balanceOf([cast.agent.address]);
    expect(kinds(await watching(book).round())).to.deep.equal(["reclaimed", "slashed"]);
    expect((await world.token.read.balanceOf([cast.agent.address])) - before).to.equal(PRICE);
  });

  it("can be acted on by hand, and says why not where it cannot", async () => {
    const { deployment, cast, walletOf, escrow } = world;
    const { evidence } = await answered();
    const wallet = walletOf(cast.stranger);
    expect(await errorOf(slash(wallet, deployment.escrow, evidence)))
      .to.be.instanceOf(RevertedError)
      .with.property("reason")
      .match(/^TooEarly\(/);
    expect(await errorOf(reclaim(wallet, deployment.escrow, evidence)))
      .to.be.instanceOf(RevertedError)
      .with.property("reason")
      .match(/^WrongLockState\(/);
    const output = numberToHex(0n, { size: 32 });
    const receipt = await Receipt.sign({ request: evidence.id, output, charge: 1n }, deployment, cast.provider);
    await contradict(wallet, deployment.escrow, evidence, { output, charge: 1n, receipt });
    expect(await escrow.read.penaltyOf([evidence.id])).to.equal(PENALTY);
  });

  it("is no reason to stay: a payer leaves with its money by itself", async () => {
    const { deployment, cast, walletOf, escrow, test, token } = world;
    await world.fund(cast.stranger, FUNDS);
    const wallet = walletOf(cast.stranger);
    await startExit(wallet, deployment.escrow, cast.provider.address);
    expect(await errorOf(exit(wallet, deployment.escrow, cast.provider.address))).to.be.instanceOf(RevertedError);
    await test.increaseTime({ seconds: 86_402 });
    await exit(wallet, deployment.escrow, cast.provider.address);
    expect(await escrow.read.balanceOf([cast.stranger.address])).to.equal(FUNDS);
    const before = await token.read.balanceOf([cast.stranger.address]);
    await withdraw(wallet, deployment.escrow, cast.stranger.address, FUNDS);
    expect((await token.read.balanceOf([cast.stranger.address])) - before).to.equal(FUNDS);
  });

  describe("a receipt", () => {
    it("that nobody signed, or that is of another request, is refused later too", async () => {
      const { evidence } = await answered();
      expect(await errorOf(verifyReceipt({ ...evidence, charge: 1n }, world))).to.be.instanceOf(ForgedReceiptError);
      const request = { ...evidence.request, price: 1n };
      expect(await errorOf(verifyReceipt({ ...evidence, request }, world))).to.be.instanceOf(OtherRequestError);
    });
  });

  describe("a book", () => {
    const pageOf = (text: string | null): Page & { text: string | null } => {
      const page = {
        text,
        read: async () => page.text,
        async write(content: string) {
          page.text = content;
        },
      };
      return page;
    };

    it("outlives the program in a text, also when it is written to at once", async () => {
      const { evidence } = await answered();
      const page = pageOf(null);
      const book = pageBook(page);
      const other = { ...evidence, id: numberToHex(1n, { size: 32 }) };
      await Promise.all([book.keep(evidence), book.keep(other), book.keep(evidence)]);
      expect(await pageBook(page).all()).to.deep.equal([other, evidence]);
      await pageBook(page).drop(other.id);
      expect(await pageBook(page).all()).to.deep.equal([evidence]);
      expect(JSON.parse(page.text ?? "")).to.deep.equal([evidenceToWire(evidence)]);
    });

    it("keeps evidence of locked requests, which have no signature", async () => {
      const { evidence } = await answered();
      const locked = { ...evidence, request: { ...evidence.request, locked: true }, signature: NO_SIGNATURE };
      const page = pageOf("");
      await pageBook(page).keep(locked);
      expect(await pageBook(page).all()).to.deep.equal([locked]);
    });

    it("is not overwritten when it cannot be read", async () => {
      const { evidence } = await answered();
      for (const text of ["{}", "[{}]", "nonsense"]) {
        const page = pageOf(text);
        expect(await errorOf(pageBook(page).keep(evidence)), text).to.be.instanceOf(DamagedBookError);
        expect(page.text).to.equal(text);
      }
    });
  });
});
